// The decision on the slots of a tile, on words. No file with extra CPU flags includes this.
#pragma once
#include <type_traits>

#include "pyfe/base/ct.hpp"
#include "pyfe/ipfe_rlwe/kernels.hpp"

namespace pyfe::ipfe_rlwe {

// -1 where a < b, else 0. Of two words a comparison would become a branch on the key
template <class Int>
Int below(Int a, Int b) {
    if constexpr (sizeof(Int) == sizeof(int64_t)) {
        return -Int{a < b};
    } else {
        const auto borrow = static_cast<uint64_t>((a - b) >> 64) >> 63;
        return -static_cast<Int>(value_barrier(borrow));
    }
}

// Of each slot the result, and whether anything is wrong: in a time that does not depend on either
template <class Int, class Word>
bool decide(const Decision<Int>& d, const Word* sums, const Word* z, size_t occupied, int64_t* results) {
    using Signed = std::conditional_t<sizeof(Word) == 8, int64_t, Int>;
    const int spare = static_cast<int>(8 * sizeof(Word) - d.b);
    const Int half = Int{1} << (d.b - 1), lo = d.lo, hi = d.hi;
    Int wrong = 0;
    for (size_t j = 0; j < kTileWords; ++j) {
        const Int w = static_cast<Int>(static_cast<Signed>((sums[j] - z[j]) << spare) >> spare);
        const Int v = (d.K * w + half) >> d.b, rest = d.K * w - (v << d.b);
        wrong |= below(d.limit, rest) | below(rest, -d.limit);
        Int result = v + d.turns;
        result += d.K & below(result, lo);
        const auto low = static_cast<uint64_t>(result);
        const auto multiple = static_cast<int64_t>(low * d.inverse);
        const Int outside = below(hi, result) | Int{multiple < d.multiples_lo} |
                            Int{multiple > d.multiples_hi} | static_cast<Int>(low & d.twos);
        wrong |= j < occupied ? outside : v;
        results[j] = static_cast<int64_t>(result);
    }
    return wrong != 0;
}

}  // namespace pyfe::ipfe_rlwe
