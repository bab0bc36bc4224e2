#include "fuzz.hpp"
#include "pyfe/ipfe_ddh/proof.hpp"

namespace pyfe::fuzz {

Bytes decode(View data) { return ipfe_ddh::ScoreProof::from_bytes(data).to_bytes(); }

void repair(Bytes& data) {
    Fields f(data);
    f.skip(32 + 8);
    f.small(8);
    f.scalars(3);
    f.finish();
}

}  // namespace pyfe::fuzz
