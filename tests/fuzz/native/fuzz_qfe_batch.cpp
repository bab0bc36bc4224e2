#include "pools.hpp"
#include "pyfe/qfe/objects.hpp"

namespace pyfe::fuzz {

Bytes decode(View data) { return qfe::CiphertextBatch::from_bytes(data).to_bytes(); }

void repair(Bytes& data) {
    Fields f(data);
    f.skip(32);
    const std::size_t count = f.at();
    f.skip(8);
    std::uint8_t* k = f.skip(1);
    *k = *k % 2 == 0 ? 1 : 3;
    const std::size_t l = *k + std::size_t{1};
    const std::uint32_t n = f.small(3), m = f.small(3);
    const std::uint64_t rows = f.items(144 + l * (48 * n + 96 * m), 0, 2);
    for (std::uint64_t r = 0; r < rows; ++r) {
        f.points(1, pool<1>(), 48);
        f.points(1, pool<2>(), 96);
        f.points(l * n, pool<1>(), 48);
        f.points(l * m, pool<2>(), 96);
    }
    std::memcpy(data.data() + count, &rows, 8);
    f.finish();
}

}  // namespace pyfe::fuzz
