#include "fuzz.hpp"
#include "pyfe/ipfe_ddh/objects.hpp"

namespace pyfe::fuzz {

Bytes decode(View data) { return ipfe_ddh::FunctionKey::from_bytes(data).to_bytes(); }

void repair(Bytes& data) {
    Fields f(data);
    f.skip(32);
    const std::uint32_t k = f.small(8);
    const std::size_t n = f.items(8 * k, 4 + 80 * k);
    f.put(static_cast<std::uint32_t>(n));
    f.skip(8 * k * n);
    f.intervals(k);
    f.scalars(2 * k);
    f.finish();
}

}  // namespace pyfe::fuzz
