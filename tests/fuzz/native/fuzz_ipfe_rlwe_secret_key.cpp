#include "lattices.hpp"
#include "pyfe/ipfe_rlwe/keys.hpp"

namespace pyfe::fuzz {

Bytes decode(View data) { return ipfe_rlwe::MasterSecretKey::from_bytes(data).to_bytes(); }

void repair(Bytes& data) {
    Fields f(data);
    lattice_parameters(f, 12);
    f.skip(32 + ipfe_rlwe::MasterSecretKey::kSeedSize);
    f.finish();
}

}  // namespace pyfe::fuzz
