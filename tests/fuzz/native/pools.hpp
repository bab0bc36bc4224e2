// Sound encodings for repairs, made once.
#pragma once

#include "fuzz.hpp"
#include "pyfe/group/bls12_381/points.hpp"

namespace pyfe::fuzz {

template <int Parts>
const Bytes& pool() {
    using Points = group::bls12_381::Points<Parts>;
    static const Bytes made = [] {
        const Points one = Points::generator(1), two = add(one, one), none = Points::identity(1);
        const Points* const all[] = {&one, &one, &two, &none};
        return Points::concat(all).encode();
    }();
    return made;
}

// i u8 | square u8 | n | m | boxes | f_bound | context; gives k, n and m
struct Dimensions {
    std::size_t k, n, m;
};
inline Dimensions parameters(Fields& f) {
    std::uint8_t* head = f.skip(2);
    head[0] = head[0] % 2 == 0 ? 1 : 3;
    head[1] &= 1;
    const std::size_t k = head[0];
    const bool square = head[1] == 1;
    const std::uint32_t n = f.small(4);
    std::uint32_t m = n;
    if (square)
        f.put(n);
    else
        m = f.small(4);
    f.box(n);
    if (!square) f.box(m);
    f.skip(8 + 32);
    return {k, n, m};
}

}  // namespace pyfe::fuzz
