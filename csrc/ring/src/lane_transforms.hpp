// The transforms on eight lanes: a few levels of butterflies a pass over the words, held in registers between
// them, the last six on blocks of 64 words, which are transposed for the last three. docs/math/ring.md has
// the bounds, tables.hpp the order of the powers.
#pragma once

#include "lane_field.hpp"
#include "lane_tables.hpp"

#define PYFE_INLINE static inline __attribute__((always_inline))

namespace pyfe::ring {

// Room: how many times q fits below 2^52, 4, 8 or 32
template <class L, int Room>
struct LaneForward {
    using Field = LaneField<L>;
    struct Constants {
        Field field;
        L half;  // Room / 2 q
    };

    // Is x, below B q, to be reduced first? A level adds up to 2 q; all of them 28 q
    static constexpr bool tight(int B) { return Room < 32 && B + 2 > Room; }
    static constexpr int after(int B) { return Room == 32 ? B : (tight(B) ? Room / 2 : B) + 2; }

    // (x, y) -> (x + w y, x - w y), lazy
    template <int B>
    PYFE_INLINE void butterfly(const Constants& c, L& x, L& y, L w, L quotient) {
        if constexpr (tight(B)) x = Field::subtract_once(Field::only52(c.field, x), c.half);
        const L wy = Field::multiply_lazy(c.field, y, w, quotient);
        y = L::sub(L::add(x, c.field.twice), wy);
        x = L::add(x, wy);
        L::require_below(Field::only52(c.field, x), L::add(c.half, c.half));
        L::require_below(Field::only52(c.field, y), L::add(c.half, c.half));
    }

    // Levels J .. R-1 of 2^R vectors, under pairs 2^J .. 2^R - 1
    template <int R, int J, int B>
    PYFE_INLINE void levels(const Constants& c, L (&v)[1 << R], const std::uint64_t* pairs) {
        if constexpr (J < R) {
            constexpr int blocks = 1 << J, t = 1 << (R - 1 - J);
            for (int k = 0; k < blocks; ++k) {
                const std::uint64_t* const w = pairs + 2 * (blocks + k);
                const L power = L::broadcast(w[0]), quotient = L::broadcast(w[1]);
                for (int i = 0; i < t; ++i)
                    butterfly<B>(c, v[2 * t * k + i], v[2 * t * k + t + i], power, quotient);
            }
            levels<R, J + 1, after(B)>(c, v, pairs);
        }
    }

    // R levels of 2^R T words below B q. T is no argument: addresses are then one register and constants
    template <int R, int B, std::size_t T>
    [[gnu::noinline]] static void pass(const Constants& c, std::uint64_t* a, const std::uint64_t* pairs) {
        for (const std::uint64_t* const end = a + T; a != end; a += 8) {
            L v[1 << R];
            for (std::size_t k = 0; k < 1 << R; ++k) v[k] = L::load(a + k * T);
            levels<R, 0, B>(c, v, pairs);
            for (std::size_t k = 0; k < 1 << R; ++k) L::store(a + k * T, v[k]);
        }
    }

    template <int B, std::size_t T>
    PYFE_INLINE void passes(int r, const Constants& c, std::uint64_t* a, const std::uint64_t* pairs) {
        if (r == 1) pass<1, B, T>(c, a, pairs);
        if (r == 2) pass<2, B, T>(c, a, pairs);
        if (r == 3) pass<3, B, T>(c, a, pairs);
        if (r == 4) pass<4, B, T>(c, a, pairs);
    }

    // One level of transposed vectors: 2 t of them under each of its registers of powers
    template <int T, int B>
    PYFE_INLINE void transposed_level(const Constants& c, L (&v)[8], const std::uint64_t* w) {
        for (int k = 0; k < 4 / T; ++k) {
            const L power = L::load(w + 16 * k), quotient = L::load(w + 16 * k + 8);
            for (int i = 0; i < T; ++i)
                butterfly<B>(c, v[2 * T * k + i], v[2 * T * k + T + i], power, quotient);
        }
    }

    // The last six levels of blocks of 64 words, to the end
    [[gnu::noinline]] static void last(const Constants& c, std::uint64_t* a, std::size_t blocks,
                                       const std::uint64_t* records, L quotient_of_one) {
        constexpr int B = Room == 32 ? 1 : Room, B3 = after(after(after(B))), B4 = after(B3), B5 = after(B4);
        for (std::size_t b = 0; b < blocks; ++b, a += 64, records += lane_record) {
            L v[8];
            for (int i = 0; i < 8; ++i) v[i] = L::load(a + 8 * i);
            levels<3, 0, B>(c, v, records);
            L::transpose(v);
            transposed_level<4, B3>(c, v, records + 16);
            transposed_level<2, B4>(c, v, records + 32);
            transposed_level<1, B5>(c, v, records + 64);
            for (int i = 0; i < 8; ++i) v[i] = Field::canonical(c.field, v[i], quotient_of_one);
            L::transpose(v);
            for (int i = 0; i < 8; ++i) L::store(a + 8 * i, v[i]);
        }
    }

    static void run(const Transform& transform, std::uint64_t* a) {
        const std::uint64_t q = transform.modulus.q;
        const Constants c = {Field::of(q), L::broadcast(Room / 2 * q)};
        const std::uint64_t* const table = transform.forward_lanes;
        const LaneShape shape = LaneShape::of(transform.log_n);
        const L quotient_of_one = L::broadcast(table[1]);
        if (shape.first > 0) passes<1, lane_part>(shape.first, c, a, table);
        for (std::size_t b = 0; b < shape.parts; ++b) {
            std::uint64_t* const part = a + b * shape.part;
            passes<Room == 32 ? 1 : Room, 64>(shape.second, c, part, table + (1 + b) * lane_pairs);
            last(c, part, shape.part / 64, table + shape.records + b * shape.part * 2, quotient_of_one);
        }
    }
};

// Back, with clean words below 2 q between levels
template <class L>
struct LaneInverse {
    using Field = LaneField<L>;

    // (x, y) -> (x + y, (x - y) w)
    PYFE_INLINE void butterfly(const Field& f, L& x, L& y, L w, L quotient) {
        const L sum = L::add(x, y), difference = L::sub(L::add(x, f.twice), y);
        x = Field::subtract_once(sum, f.twice);
        y = Field::only52(f, Field::multiply_lazy(f, difference, w, quotient));
        L::require_below(x, f.twice);
        L::require_below(y, f.twice);
    }
    // The last level, which divides by N
    PYFE_INLINE void final_butterfly(const Field& f, L& x, L& y, const std::uint64_t* pairs) {
        const auto scaled = [&](L a, std::size_t pair) {
            const L w = L::broadcast(pairs[2 * pair]), quotient = L::broadcast(pairs[2 * pair + 1]);
            return Field::subtract_once(Field::only52(f, Field::multiply_lazy(f, a, w, quotient)), f.q);
        };
        const L sum = L::add(x, y), difference = L::sub(L::add(x, f.twice), y);
        x = scaled(sum, 0), y = scaled(difference, 1);
    }

    // Levels J, J-1 .. 0 of 2^R vectors
    template <int R, int J, bool Final>
    PYFE_INLINE void levels(const Field& f, L (&v)[1 << R], const std::uint64_t* pairs) {
        if constexpr (J == 0 && Final) {
            for (int i = 0; i < 1 << (R - 1); ++i) final_butterfly(f, v[i], v[(1 << (R - 1)) + i], pairs);
        } else if constexpr (J >= 0) {
            constexpr int blocks = 1 << J, t = 1 << (R - 1 - J);
            for (int k = 0; k < blocks; ++k) {
                const std::uint64_t* const w = pairs + 2 * (blocks + k);
                const L power = L::broadcast(w[0]), quotient = L::broadcast(w[1]);
                for (int i = 0; i < t; ++i)
                    butterfly(f, v[2 * t * k + i], v[2 * t * k + t + i], power, quotient);
            }
            levels<R, J - 1, Final>(f, v, pairs);
        }
    }

    template <int R, bool Final, std::size_t T>
    [[gnu::noinline]] static void pass(const Field& f, std::uint64_t* a, const std::uint64_t* pairs) {
        for (const std::uint64_t* const end = a + T; a != end; a += 8) {
            L v[1 << R];
            for (std::size_t k = 0; k < 1 << R; ++k) v[k] = L::load(a + k * T);
            levels<R, R - 1, Final>(f, v, pairs);
            for (std::size_t k = 0; k < 1 << R; ++k) L::store(a + k * T, v[k]);
        }
    }

    template <bool Final, std::size_t T>
    PYFE_INLINE void passes(int r, const Field& f, std::uint64_t* a, const std::uint64_t* pairs) {
        if (r == 1) pass<1, Final, T>(f, a, pairs);
        if (r == 2) pass<2, Final, T>(f, a, pairs);
        if (r == 3) pass<3, Final, T>(f, a, pairs);
        if (r == 4) pass<4, Final, T>(f, a, pairs);
    }

    template <int T>
    PYFE_INLINE void transposed_level(const Field& f, L (&v)[8], const std::uint64_t* w) {
        for (int k = 0; k < 4 / T; ++k) {
            const L power = L::load(w + 16 * k), quotient = L::load(w + 16 * k + 8);
            for (int i = 0; i < T; ++i) butterfly(f, v[2 * T * k + i], v[2 * T * k + T + i], power, quotient);
        }
    }

    [[gnu::noinline]] static void start(const Field& f, std::uint64_t* a, std::size_t blocks,
                                        const std::uint64_t* records) {
        for (std::size_t b = 0; b < blocks; ++b, a += 64, records += lane_record) {
            L v[8];
            for (int i = 0; i < 8; ++i) v[i] = L::load(a + 8 * i);
            L::transpose(v);
            transposed_level<1>(f, v, records + 64);
            transposed_level<2>(f, v, records + 32);
            transposed_level<4>(f, v, records + 16);
            L::transpose(v);
            levels<3, 2, false>(f, v, records);
            for (int i = 0; i < 8; ++i) L::store(a + 8 * i, v[i]);
        }
    }

    static void run(const Transform& transform, std::uint64_t* a) {
        const Field f = Field::of(transform.modulus.q);
        const std::uint64_t* const table = transform.inverse_lanes;
        const LaneShape shape = LaneShape::of(transform.log_n);
        for (std::size_t b = 0; b < shape.parts; ++b) {
            std::uint64_t* const part = a + b * shape.part;
            const std::uint64_t* const pairs = table + (1 + b) * lane_pairs;
            start(f, part, shape.part / 64, table + shape.records + b * shape.part * 2);
            if (shape.first > 0)
                passes<false, 64>(shape.second, f, part, pairs);
            else
                passes<true, 64>(shape.second, f, part, pairs);
        }
        if (shape.first > 0) passes<true, lane_part>(shape.first, f, a, table);
    }
};

}  // namespace pyfe::ring
#undef PYFE_INLINE
