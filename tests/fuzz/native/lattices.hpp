// Parameters of the lattice scheme and packed polynomials, for repairs.
#pragma once

#include <bit>
#include <optional>

#include "fuzz.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/ipfe_rlwe/parameters.hpp"
#include "pyfe/ring/packing.hpp"

namespace pyfe::fuzz {

// Of 28 to 50 bits, ascending, 1 modulo 2^14
inline const std::vector<std::uint64_t>& ring_primes() {
    static const std::vector<std::uint64_t> made = [] {
        std::vector<std::uint64_t> out;
        for (const int bits : {28, 31, 36, 41, 46, 50}) {
            std::uint64_t q = (std::uint64_t{1} << (bits - 1)) + 1;
            while (!ring::is_prime(q)) q += 2 * ipfe_rlwe::kRing;
            out.push_back(q);
        }
        return out;
    }();
    return made;
}

template <class T>
T field_at(const std::uint8_t* p) {
    T value;
    std::memcpy(&value, p, sizeof value);
    return value;
}

// A number of any size of the field, brought into least .. most
template <class T>
T within(Fields& f, T least, T most) {
    std::uint8_t* const field = f.skip(sizeof(T));
    const auto span = static_cast<std::uint64_t>(most - least) + 1;
    const T value = static_cast<T>(least + static_cast<T>(field_at<std::make_unsigned_t<T>>(field) % span));
    std::memcpy(field, &value, sizeof value);
    return value;
}

// Narrow ranges, a small bound, and what the rule makes of them. None where it refuses.
inline std::optional<ipfe_rlwe::Parameters> lattice_parameters(Fields& f, std::uint32_t most_n) {
    const std::uint32_t n = f.small(most_n);
    std::vector<std::int64_t> lo(n), hi(n);
    for (std::int64_t& v : lo) v = within<std::int64_t>(f, -600, 500);
    for (std::size_t i = 0; i < n; ++i) hi[i] = within<std::int64_t>(f, lo[i], lo[i] + 300);
    const auto y_bound = within<std::uint64_t>(f, 1, 5000), sum_w = within<std::uint64_t>(f, 1, 9);
    ipfe_rlwe::Id context;
    std::memcpy(context.data(), f.skip(context.size()), context.size());
    try {
        ipfe_rlwe::Parameters p(lo, hi, y_bound, sum_w, context);
        Writer all;
        p.write(all);
        const Bytes bytes = all.take();
        const std::size_t agreed = 4 + 16 * n + 8 + 8 + context.size();
        std::memcpy(f.skip(bytes.size() - agreed), bytes.data() + agreed, bytes.size() - agreed);
        return p;
    } catch (const Error&) {
        return std::nullopt;  // every column constant
    }
}

// A packed polynomial of a prime. Where its first byte is even each residue loses its highest bit: then it is
// below the prime
inline std::uint8_t* residues(Fields& f, std::uint64_t q) {
    const ring::Modulus modulus = ring::Modulus::of(q);
    const auto bits = static_cast<std::size_t>(modulus.bits);
    std::uint8_t* const packed = f.skip(ring::packed_size(modulus, ipfe_rlwe::kRing));
    if (packed[0] % 2 != 0) return packed;
    for (std::size_t bit = bits - 1; bit < bits * ipfe_rlwe::kRing; bit += bits)
        packed[bit / 8] = static_cast<std::uint8_t>(packed[bit / 8] & ~(1 << bit % 8));
    return packed;
}

}  // namespace pyfe::fuzz
