#include "fuzz.hpp"
#include "pyfe/ipfe_ddh/objects.hpp"

namespace pyfe::fuzz {

using ipfe_ddh::MasterPublicKey;

Bytes decode(View data) { return MasterPublicKey::from_bytes(data).to_bytes(); }

void repair(Bytes& data) {
    Fields f(data);
    const std::size_t n = f.items(48, 44);
    f.put(static_cast<std::uint32_t>(n));
    f.box(n);
    f.skip(8 + 32);
    f.points(n, MasterPublicKey::generator_bytes(), 32);
    f.finish();
}

}  // namespace pyfe::fuzz
