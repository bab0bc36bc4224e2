#include "pyfe/ring/kernels.hpp"

#include <cstdlib>
#include <utility>

#include "../lane_kernels.hpp"
#include "pyfe/base/ct.hpp"

namespace pyfe::ring {
namespace emulated {

// Eight lanes on any CPU. In a PYFE_VERIFY build every bound that the templates state is checked on the
// values; a constant-time check must not branch on them, and goes without.
struct Lanes {
    std::uint64_t w[8];

    template <class Op>
    static Lanes map(Op op) {
        Lanes r;
        for (int i = 0; i < 8; ++i) r.w[i] = op(i);
        return r;
    }
    static Lanes load(const std::uint64_t* p) {
        return map([&](int i) { return p[i]; });
    }
    static void store(std::uint64_t* p, const Lanes& a) {
        for (int i = 0; i < 8; ++i) p[i] = a.w[i];
    }
    static Lanes broadcast(std::uint64_t c) {
        return map([&](int) { return c; });
    }
    static Lanes add(const Lanes& a, const Lanes& b) {
        return map([&](int i) { return a.w[i] + b.w[i]; });
    }
    static Lanes sub(const Lanes& a, const Lanes& b) {
        return map([&](int i) { return a.w[i] - b.w[i]; });
    }
    static Lanes bit_and(const Lanes& a, const Lanes& b) {
        return map([&](int i) { return a.w[i] & b.w[i]; });
    }
    static Lanes bit_xor(const Lanes& a, const Lanes& b) {
        return map([&](int i) { return a.w[i] ^ b.w[i]; });
    }
    static Lanes min(const Lanes& a, const Lanes& b) {
        return map([&](int i) {
            const std::uint64_t less = (~a.w[i] & b.w[i]) | (~(a.w[i] ^ b.w[i]) & (a.w[i] - b.w[i]));
            return select(mask_from_bit(less >> 63), a.w[i], b.w[i]);
        });
    }
    template <int K>
    static Lanes sar(const Lanes& a) {
        return map([&](int i) { return static_cast<std::uint64_t>(static_cast<std::int64_t>(a.w[i]) >> K); });
    }
    static Lanes shl_by(const Lanes& a, int bits) {
        return map([&](int i) { return a.w[i] << bits; });
    }
    static Lanes shr_by(const Lanes& a, int bits) {
        return map([&](int i) { return a.w[i] >> bits; });
    }
    static constexpr std::uint64_t low52 = (std::uint64_t{1} << 52) - 1;
    static Lanes madd_lo(const Lanes& acc, const Lanes& a, const Lanes& b) {
        return map([&](int i) { return acc.w[i] + ((a.w[i] & low52) * (b.w[i] & low52) & low52); });
    }
    static Lanes madd_hi(const Lanes& acc, const Lanes& a, const Lanes& b) {
        using Wide = unsigned __int128;
        return map([&](int i) {
            return acc.w[i] + static_cast<std::uint64_t>(Wide{a.w[i] & low52} * (b.w[i] & low52) >> 52);
        });
    }
    static void transpose(Lanes (&r)[8]) {
        for (int i = 0; i < 8; ++i)
            for (int j = 0; j < i; ++j) std::swap(r[i].w[j], r[j].w[i]);
    }
    static void require_below([[maybe_unused]] const Lanes& a, [[maybe_unused]] const Lanes& bound) {
#if defined(PYFE_VERIFY) && !defined(PYFE_CTCHECK)
        for (int i = 0; i < 8; ++i)
            if (a.w[i] >= bound.w[i]) std::abort();
#endif
    }
};

}  // namespace emulated

const Kernels& emulated_kernels() {
    static constexpr Kernels table = LaneKernels<emulated::Lanes>::table("emulated");
    return table;
}

}  // namespace pyfe::ring
