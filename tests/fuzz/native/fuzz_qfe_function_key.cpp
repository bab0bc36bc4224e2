#include "pools.hpp"
#include "pyfe/qfe/objects.hpp"

namespace pyfe::fuzz {
namespace {

// u64 entries | (u32 i | u32 j | i64 F_ij)
void entries(Fields& f, std::uint32_t n, std::uint32_t m) {
    const std::size_t size = f.items(16, 8, 6);
    f.put<std::uint64_t>(size);
    for (std::size_t e = 0; e < size; ++e) {
        f.put<std::uint32_t>(static_cast<std::uint32_t>(e) / m % n);
        f.put<std::uint32_t>(static_cast<std::uint32_t>(e) % m);
        f.skip(8);
    }
}

// u32 units | u8 same | u | v | q
void factors(Fields& f, std::uint32_t n, std::uint32_t m, std::uint32_t count) {
    const std::uint32_t units = f.small(4);
    std::uint8_t* same = f.skip(1);
    *same = n == m ? *same & 1 : 0;
    const bool one = *same == 1;
    f.skip(8 * std::size_t{units} * (n + (one ? 0 : m) + count));
}

}  // namespace

Bytes decode(View data) { return qfe::FunctionKey::from_bytes(data).to_bytes(); }

void repair(Bytes& data) {
    Fields f(data);
    const bool has_readout = f.skip(32)[0] % 2 == 1;
    if (has_readout) {
        f.put<std::uint8_t>(0);
        f.put<std::uint8_t>(2);
    }
    std::uint8_t* k = f.skip(1);
    *k = *k % 2 == 0 ? 1 : 3;
    const std::uint32_t n = f.small(4), m = f.small(4), count = f.small(4);
    std::uint8_t* kind = f.skip(1);
    *kind &= 1;
    if (*kind == 1)
        factors(f, n, m, count);
    else
        for (std::uint32_t j = 0; j < count; ++j) entries(f, n, m);
    f.intervals(count);
    if (has_readout) f.readout(count);
    for (std::uint32_t j = 0; j < count; ++j) {
        f.points(1, pool<1>(), 48);
        f.points(1, pool<2>(), 96);
    }
    f.finish();
}

}  // namespace pyfe::fuzz
