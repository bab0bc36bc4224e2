// GT, the subgroup of order r of Fp12: exponentiation, membership, encoding. An element is unitary, so that
// its inverse is its conjugate, and f^p = f^x.
#pragma once
#include "final_exponentiation.hpp"
#include "pyfe/field/memory381.hpp"
#include "pyfe/group/bls12_381/status.hpp"
#include "pyfe/pairing/blocks.hpp"

namespace pyfe::pairing {

using field::bls12_381::for_lanes, field::bls12_381::Memory, field::bls12_381::Words;
using field::bls12_381::Fp2, field::bls12_381::Fp6;
using group::bls12_381::Status;

// f^|x| of an element of GT, by Frobenius
template <class F>
Fp12<F> times_abs_x(const Fp12<F>& f) {
    return Fp12<F>::conjugate(Fp12<F>::frobenius(f));
}

// f g_1^(b_1) g_2^(b_2) g_3^(b_3) for all bits b, with g_i = f^(|x|^i)
template <class F>
struct PowersOfBase {
    using L = typename F::Lane;
    using T = Fp12<F>;
    T power[8];

    explicit PowersOfBase(const T& f) {
        power[0] = f;
        T g = f;
        for (int size = 1; size < 8; size *= 2) {
            g = times_abs_x(g);
            for (int i = 0; i < size; ++i) power[size + i] = T::mul(power[i], g);
        }
    }
    // A column is an index in three bits and a sign in the fourth. All eight entries are read.
    [[gnu::noinline]] T pick(const uint8_t* column) const {
        const auto c = L::load_bytes(column);
        const auto negative = L::mask_not(L::is_zero(L::template shr<3>(c)));
        const auto index = L::bit_and(c, L::broadcast(7));
        typename F::Mask here[8];
        for (uint64_t i = 1; i < 8; ++i) here[i] = L::equal(index, L::broadcast(i));
        const auto part = [&](Fp6<F> T::*half, Fp2<F> Fp6<F>::*which) {
            Fp2<F> r = power[0].*half.*which;
            for (int i = 1; i < 8; ++i) r = Fp2<F>::select(here[i], power[i].*half.*which, r);
            return r;
        };
        const auto signed_part = [&](Fp2<F> Fp6<F>::*which) {
            const Fp2<F> r = part(&T::c1, which);
            return Fp2<F>::select(negative, Fp2<F>::template neg<8>(r), r);
        };
        return {{part(&T::c0, &Fp6<F>::c0), part(&T::c0, &Fp6<F>::c1), part(&T::c0, &Fp6<F>::c2)},
                {signed_part(&Fp6<F>::c0), signed_part(&Fp6<F>::c1), signed_part(&Fp6<F>::c2)}};
    }
};

// Faz-Hernandez, Longa, Sanchez, Efficient and secure algorithms for GLV-based scalar multiplication
// (eprint 2013/158), algorithm 3, in four dimensions: 64 squarings, 64 multiplications. recode.hpp writes the
// columns; the last byte is 1 where the exponent was even and had one added.
template <class F>
Fp12<F> exponentiate(const Fp12<F>& f, const uint8_t* columns, int lane) {
    using T = Fp12<F>;
    using L = typename F::Lane;
    const PowersOfBase<F> powers(f);
    T r = powers.pick(columns + (kColumns - 1) * 8 + lane);
    for (int i = kColumns - 2; i >= 0; --i)
        r = T::mul(T::cyclotomic_square(r), powers.pick(columns + i * 8 + lane));
    const auto odd = L::is_zero(L::load_bytes(columns + kColumns * 8 + lane));
    return T::select(odd, r, T::mul(r, T::conjugate(f)));
}

template <class F>
Fp12<F> multi_power_vartime(const GtBlock* entries, const PowerStep* steps, size_t count, int lane) {
    using T = Fp12<F>;
    T r = T::one();
    for (size_t s = 0; s < count; ++s) {
        for (uint32_t i = 0; i < steps[s].squarings; ++i) r = T::cyclotomic_square(r);
        if (steps[s].entry == kNoEntry) continue;
        const T e = Memory<T>::load(entries[steps[s].entry].c, lane);
        r = T::mul(r, steps[s].inverse ? T::conjugate(e) : e);
    }
    return r;
}

// Scott, A note on group membership tests for G1, G2 and GT on BLS pairing-friendly curves (eprint
// 2021/1130): f^(p^4 - p^2 + 1) = 1 and f^p = f^x. Zero satisfies both equations and is refused by itself.
template <class F>
typename F::Mask in_gt(const Fp12<F>& f) {
    using T = Fp12<F>;
    using L = typename F::Lane;
    const T second = frobenius_squared(f);
    const auto cyclotomic = T::equal(T::mul(frobenius_squared(second), f), second);
    const auto order = T::equal(T::conjugate(power_abs_x(f)), T::frobenius(f));
    return L::mask_and(L::mask_not(T::is_zero(f)), L::mask_and(cyclotomic, order));
}

// Twelve integers of 48 bytes, big-endian: the coefficients of 1, v, v^2, w, v w, v^2 w, of each the part
// without u first.
template <class F>
struct GtWire {
    static constexpr size_t bytes = 576;
    using T = Fp12<F>;

    static T read(const Words* w, int lane) {
        const auto part = [&](int i) {
            return Fp2<F>{F::from_words(w[2 * i], lane), F::from_words(w[2 * i + 1], lane)};
        };
        return {{part(0), part(1), part(2)}, {part(3), part(4), part(5)}};
    }
    static void write(const T& a, Words* w, int lane) {
        const Fp2<F>* parts[6] = {&a.c0.c0, &a.c0.c1, &a.c0.c2, &a.c1.c0, &a.c1.c1, &a.c1.c2};
        for (int i = 0; i < 6; ++i) {
            parts[i]->c0.to_words(w[2 * i], lane);
            parts[i]->c1.to_words(w[2 * i + 1], lane);
        }
    }

    // What is refused becomes one.
    static void decode_block(const uint8_t* in, size_t count, GtBlock& out, uint8_t* status) {
        alignas(64) Words w[12];
        uint64_t below_p[8], member[8];
        for (int j = 0; j < 8; ++j) {
            const uint8_t* element = in + (static_cast<size_t>(j) < count ? size_t(j) : count - 1) * bytes;
            below_p[j] = 1;
            for (int part = 0; part < 12; ++part) {
                for (int i = 0; i < 6; ++i)
                    w[part][i][j] = field::bls12_381::load_big_endian(element + 48 * part + 8 * (5 - i));
                below_p[j] &= field::bls12_381::less(w[part], j, field::bls12_381::kPWord);
            }
        }
        for_lanes<F>([&](int lane) {
            const T a = read(w, lane);
            const auto sound = F::Lane::mask_and(in_gt(a), field::bls12_381::gather<F>(below_p, lane));
            field::bls12_381::spread<F>(sound, lane, member);
            Memory<T>::store(T::select(sound, a, T::one()), out.c, lane);
        });
        for (size_t j = 0; j < 8 && j < count; ++j)
            status[j] = static_cast<uint8_t>(below_p[j] == 0  ? Status::not_below_p
                                             : member[j] == 0 ? Status::not_in_subgroup
                                                              : Status::ok);
    }
    static void decode(const uint8_t* in, size_t count, GtBlock* out, uint8_t* status) {
        for (size_t first = 0; first < count; first += 8)
            decode_block(in + first * bytes, count - first < 8 ? count - first : 8, out[first / 8],
                         status + first);
    }
    static void encode(const GtBlock* in, size_t count, uint8_t* out) {
        for (size_t first = 0; first < count; first += 8) {
            alignas(64) Words w[12];
            for_lanes<F>([&](int lane) { write(Memory<T>::load(in[first / 8].c, lane), w, lane); });
            for (size_t j = 0; j < 8 && first + j < count; ++j)
                for (size_t part = 0; part < 12; ++part)
                    for (size_t i = 0; i < 6; ++i)
                        field::bls12_381::store_big_endian(
                            out + (first + j) * bytes + 48 * part + 8 * (5 - i), w[part][i][j]);
        }
    }
};

}  // namespace pyfe::pairing
