// Word by word, eight at a time.
#pragma once

#include "lane_field.hpp"

namespace pyfe::ring {

template <class L>
struct LaneWords {
    using Field = LaneField<L>;
    using Reduction = LaneReduction<L>;
    using Words = const std::uint64_t*;
    static constexpr std::size_t lanes = 8;

    static void add(const Modulus& m, Words a, Words b, std::uint64_t* out, std::size_t count) {
        const L q = L::broadcast(m.q);
        for (std::size_t i = 0; i < count; i += lanes)
            L::store(out + i, Field::subtract_once(L::add(L::load(a + i), L::load(b + i)), q));
    }

    static void sub(const Modulus& m, Words a, Words b, std::uint64_t* out, std::size_t count) {
        const L q = L::broadcast(m.q);
        for (std::size_t i = 0; i < count; i += lanes)
            L::store(out + i, Field::subtract_once(L::sub(L::add(L::load(a + i), q), L::load(b + i)), q));
    }

    static void mul(const Modulus& m, Words a, Words b, std::uint64_t* out, std::size_t count) {
        const Reduction r = Reduction::of(m);
        for (std::size_t i = 0; i < count; i += lanes)
            L::store(out + i, Reduction::canonical(r, Reduction::product(r, L::load(a + i), L::load(b + i))));
    }

    static void mul_add(const Modulus& m, Words a, Words b, std::uint64_t* out, std::size_t count) {
        const Reduction r = Reduction::of(m);
        for (std::size_t i = 0; i < count; i += lanes) {
            const L product = Reduction::product(r, L::load(a + i), L::load(b + i));
            L::store(out + i, Reduction::canonical(r, L::add(L::load(out + i), product)));
        }
    }

    static void scale(const Modulus& m, std::uint64_t c, Words a, std::uint64_t* out, std::size_t count) {
        const Reduction r = Reduction::of(m);
        const L factor = L::broadcast(c);
        for (std::size_t i = 0; i < count; i += lanes)
            L::store(out + i, Reduction::canonical(r, Reduction::product(r, L::load(a + i), factor)));
    }

    static void scale_add(const Modulus& m, std::uint64_t c, Words a, std::uint64_t* out, std::size_t count) {
        const Reduction r = Reduction::of(m);
        const L factor = L::broadcast(c);
        for (std::size_t i = 0; i < count; i += lanes) {
            const L product = Reduction::product(r, L::load(a + i), factor);
            L::store(out + i, Reduction::canonical(r, L::add(L::load(out + i), product)));
        }
    }

    static void from_signed(const Modulus& m, const std::int64_t* z, std::uint64_t* out, std::size_t count) {
        const Reduction r = Reduction::of(m);
        for (std::size_t i = 0; i < count; i += lanes)
            L::store(out + i,
                     Reduction::from_signed(r, L::load(reinterpret_cast<const std::uint64_t*>(z + i))));
    }
};

}  // namespace pyfe::ring
