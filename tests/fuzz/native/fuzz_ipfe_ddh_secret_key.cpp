#include "fuzz.hpp"
#include "pyfe/ipfe_ddh/objects.hpp"

namespace pyfe::fuzz {

Bytes decode(View data) { return ipfe_ddh::MasterSecretKey::from_bytes(data).to_bytes(); }

void repair(Bytes& data) {
    Fields f(data);
    const std::size_t n = f.items(80, 76);
    f.put(static_cast<std::uint32_t>(n));
    f.box(n);
    f.skip(8 + 32 + 32);
    f.scalars(2 * n);
    f.finish();
}

}  // namespace pyfe::fuzz
