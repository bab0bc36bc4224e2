#include "fuzz.hpp"
#include "pyfe/ipfe_ddh/objects.hpp"

namespace pyfe::fuzz {

Bytes decode(View data) { return ipfe_ddh::FunctionKey::from_bytes(data).to_bytes(); }

void repair(Bytes& data) {
    Fields f(data);
    const bool has_readout = f.skip(32)[0] % 2 == 1;
    if (has_readout) {
        f.put<std::uint32_t>(0);
        f.put<std::uint8_t>(2);
    }
    const std::uint32_t k = f.small(8);
    const std::size_t n = f.items(8 * k, 4 + 104 * k);
    f.put(static_cast<std::uint32_t>(n));
    f.skip(8 * k * n);
    f.intervals(k);
    if (has_readout) f.readout(k);
    f.scalars(2 * k);
    f.finish();
}

}  // namespace pyfe::fuzz
