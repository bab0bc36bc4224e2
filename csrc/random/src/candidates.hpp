// A candidate z with the probability of its acceptance, on any lanes: docs/math/discrete-gaussian.md, in its
// order. Numbers below 1 are Pairs: two limbs of 52 bits. Every product is rounded down where it leaves them.
#pragma once

#include "gaussian_tables.hpp"
#include "pyfe/random/kernels.hpp"

#define PYFE_INLINE static inline __attribute__((always_inline))

namespace pyfe::random {

template <class L>
struct Candidates {
    struct Pair {
        L high, low;
    };
    static constexpr std::uint64_t low52 = (std::uint64_t{1} << 52) - 1;

    PYFE_INLINE Pair broadcast(const gaussian::Fraction& c) {
        return {L::broadcast(c.high), L::broadcast(c.low)};
    }
    PYFE_INLINE L only52(L a) { return L::bit_and(a, L::broadcast(low52)); }
    PYFE_INLINE Pair carried(L high, L low) { return {L::add(high, L::template shr<52>(low)), only52(low)}; }

    // c + a b; less than 3 units of the last place too small
    PYFE_INLINE Pair multiply_add(Pair c, Pair a, Pair b) {
        const L low = L::madd_hi(L::madd_hi(L::madd_lo(c.low, a.high, b.high), a.high, b.low), a.low, b.high);
        return carried(L::madd_hi(c.high, a.high, b.high), low);
    }
    // a b for b of one limb; less than 1 unit too small
    PYFE_INLINE Pair multiply(Pair a, L b) {
        const L zero = L::broadcast(0);
        return carried(L::madd_hi(zero, a.high, b), L::madd_hi(L::madd_lo(zero, a.high, b), a.low, b));
    }

    // x: how many thresholds lie above a uniform fraction
    PYFE_INLINE L base(const gaussian::Shape& shape, int count, Pair uniform) {
        L x = L::broadcast(0);
        for (int i = 0; i < count; ++i) {
            const Pair c = broadcast(shape.thresholds[i]);
            x = L::increment(x, L::less(uniform.high, uniform.low, c.high, c.low));
        }
        return x;
    }

    // log2 of the inverse probability, whole part 12 bits above the high limb:
    // (z^2 / 2 sigma^2 - x^2 j / 16) log2(e) = excess x^2 + scale u (2 x + u), u = y / 2^m
    PYFE_INLINE Pair halvings(const gaussian::Shape& shape, L x, L u) {
        const Pair scaled = multiply(broadcast(shape.scale), u), square = multiply(scaled, u);
        const L twice = L::add(x, x), xx = L::mul_low(x, x);
        const auto sum = [&](L limb, L of_square, std::uint64_t excess) {
            return L::add(L::add(L::mul_low(twice, limb), of_square), L::mul_low(xx, L::broadcast(excess)));
        };
        return carried(sum(scaled.high, square.high, shape.excess.high),
                       sum(scaled.low, square.low, shape.excess.low));
    }

    // 2^-f for a fraction f: a root by its first four bits, times 2^l, l = (h + 1) / 16 - f, by the power
    // series
    PYFE_INLINE Pair power(Pair f) {
        const L h = L::template shr<48>(f.high);
        const L below = L::bit_and(f.high, L::broadcast(low52 >> 4));
        const L borrowed = L::sub(L::broadcast(0), f.low);  // its sign is the borrow
        const Pair l = {
            L::sub(L::sub(L::broadcast(std::uint64_t{1} << 48), below), L::template shr<63>(borrowed)),
            only52(borrowed)};
        constexpr int ends = sizeof gaussian::power_series_end / sizeof gaussian::power_series_end[0];
        L end = L::broadcast(gaussian::power_series_end[ends - 1]);
        for (int k = ends - 2; k >= 0; --k)
            end = L::madd_hi(L::broadcast(gaussian::power_series_end[k]), l.high, end);
        Pair sum = {L::template shr<gaussian::short_shift>(end),
                    only52(L::template shl<52 - gaussian::short_shift>(end))};
        constexpr int terms = sizeof gaussian::power_series / sizeof gaussian::power_series[0];
        for (int k = terms - 1; k >= 0; --k) sum = multiply_add(broadcast(gaussian::power_series[k]), l, sum);
        const L zero = L::broadcast(0);
        const Pair root = L::template lookup16<Pair>(gaussian::roots, h);
        return multiply_add(root, root, multiply_add({zero, zero}, l, sum));
    }

    // One candidate a lane. Of four words the upper 52 bits are x and the coin of acceptance (51 bits in the
    // last), the twelve lower ones y; the bit left over is the sign
    PYFE_INLINE typename L::Mask one(const gaussian::Shape& shape, int count, const std::uint64_t* words,
                                     std::int64_t* z) {
        const L w0 = L::load(words), w1 = L::load(words + group), w2 = L::load(words + 2 * group),
                w3 = L::load(words + 3 * group);
        const L twelve = L::broadcast(0xfff);
        const L bits =
            L::bit_or(L::bit_or(L::bit_and(w0, twelve), L::template shl<12>(L::bit_and(w1, twelve))),
                      L::bit_or(L::template shl<24>(L::bit_and(w2, twelve)),
                                L::template shl<36>(L::bit_and(w3, twelve))));
        const L negative = L::bit_and(L::template shr<12>(w3), L::broadcast(1));
        const L x = base(shape, count, {L::template shr<12>(w0), L::template shr<12>(w1)});
        const L y = L::shr_by(bits, 48 - shape.digits), u = L::shl_by(y, 52 - shape.digits);
        const Pair t = halvings(shape, x, u);
        const Pair p = L::shr_pair(power({only52(t.high), t.low}), L::template shr<52>(t.high));
        const L absolute = L::add(L::shl_by(x, shape.digits), y), sign = L::sub(L::broadcast(0), negative);
        L::store(reinterpret_cast<std::uint64_t*>(z), L::add(L::bit_xor(absolute, sign), negative));
        const L coin = L::template shl<1>(L::template shr<13>(w3));
        // Zero with a minus is refused, so that 0 is counted once
        return L::mask_and(L::less(L::template shr<12>(w2), coin, p.high, p.low),
                           L::mask_not_zero(L::add(absolute, L::sub(L::broadcast(1), negative))));
    }

    static void run(const gaussian::Shape& shape, int count, const RandomWords* words, std::size_t groups,
                    std::int64_t (*z)[group], std::uint8_t* accepted) {
        for (std::size_t g = 0; g < groups; ++g) {
            std::uint8_t bits = 0;
            for (std::size_t i = 0; i < group; i += L::count)
                bits = static_cast<std::uint8_t>(
                    bits | L::mask_bits(one(shape, count, &words[g][0][i], &z[g][i])) << i);
            accepted[g] = bits;
        }
    }
};

}  // namespace pyfe::random
#undef PYFE_INLINE
