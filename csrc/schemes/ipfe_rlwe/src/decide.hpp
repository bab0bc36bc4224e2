// The decision on the slots of a tile, on words. No file with extra CPU flags includes this.
#pragma once
#include <type_traits>

#include "pyfe/ipfe_rlwe/kernels.hpp"

namespace pyfe::ipfe_rlwe {

// Of each slot the result, and whether anything is wrong
template <class Int, class Word>
bool decide(const Decision<Int>& d, const Word* sums, const Word* z, size_t occupied, int64_t* results) {
    using Signed = std::conditional_t<sizeof(Word) == 8, int64_t, Int>;
    const int spare = static_cast<int>(8 * sizeof(Word) - d.b);
    const Int half = Int{1} << (d.b - 1);
    Int wrong = 0;
    for (size_t j = 0; j < kTileWords; ++j) {
        const Int w = static_cast<Int>(static_cast<Signed>((sums[j] - z[j]) << spare) >> spare);
        const Int v = (d.K * w + half) >> d.b, rest = d.K * w - (v << d.b);
        wrong |= Int{rest > d.limit} | Int{rest < -d.limit};
        Int result = v + d.turns;
        result += result < d.lo ? d.K : 0;
        const auto low = static_cast<uint64_t>(result);
        const auto multiple = static_cast<int64_t>(low * d.inverse);
        const bool outside = (result > d.hi) | (multiple < d.multiples_lo) | (multiple > d.multiples_hi) |
                             ((low & d.twos) != 0);
        wrong |= j < occupied ? Int{outside} : Int{v != 0};
        results[j] = static_cast<int64_t>(result);
    }
    return wrong != 0;
}

}  // namespace pyfe::ipfe_rlwe
