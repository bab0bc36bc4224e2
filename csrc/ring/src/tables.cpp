#include "tables.hpp"

#include <string>

#include "arithmetic.hpp"
#include "lane_tables.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/guarded.hpp"

namespace pyfe::ring {
namespace {

constexpr std::size_t kept = 32;  // tables of half a megabyte, the newest

std::size_t bit_reverse(std::size_t i, int bits) {
    std::size_t out = 0;
    for (int b = 0; b < bits; ++b) out = out << 1 | (i >> b & 1);
    return out;
}

// Pairs of the powers of root, in bit-reversed order
std::vector<std::uint64_t> powers(std::uint64_t root, std::uint64_t q, int log_n) {
    const std::size_t n = std::size_t{1} << log_n;
    std::vector<std::uint64_t> out(2 * n);
    std::uint64_t w = 1;
    for (std::size_t i = 0; i < n; ++i, w = product(w, root, q)) {
        std::uint64_t* const pair = &out[2 * bit_reverse(i, log_n)];
        pair[0] = w, pair[1] = quotient_of(w, q);
    }
    return out;
}

// Pair i of `pairs`, with 52 bits of its quotient, to a word for each
void copy_pair(const std::vector<std::uint64_t>& pairs, std::size_t i, std::uint64_t* w,
               std::uint64_t* quotient) {
    *w = pairs[2 * i], *quotient = pairs[2 * i + 1] >> 12;
}

// The pairs of `levels` levels from block m - 2^l of level l on, as 2^j + k; the first one is pair 0
void fill_pairs(const std::vector<std::uint64_t>& pairs, std::size_t m, int levels, std::uint64_t* out) {
    copy_pair(pairs, 0, out, out + 1);
    for (int j = 0; j < levels; ++j)
        for (std::size_t k = 0, first = std::size_t{1} << j; k < first; ++k) {
            std::uint64_t* const pair = out + 2 * (first + k);
            copy_pair(pairs, first * m + k, pair, pair + 1);
        }
}

// Of the block of 64 words that pair m is the first of
void fill_record(const std::vector<std::uint64_t>& pairs, std::size_t m, std::uint64_t* out) {
    fill_pairs(pairs, m, 3, out);
    out += 16;
    for (std::size_t registers = 1; registers < 8; registers *= 2)
        for (std::size_t r = 0; r < registers; ++r, out += 16)
            for (std::size_t lane = 0; lane < 8; ++lane)
                copy_pair(pairs, 8 * registers * m + registers * lane + r, out + lane, out + 8 + lane);
}

std::vector<std::uint64_t> for_lanes(const std::vector<std::uint64_t>& pairs, int log_n) {
    if (log_n < least_lanes_log) return {};
    const LaneShape shape = LaneShape::of(log_n);
    const std::size_t blocks = std::size_t{1} << (log_n - 6);
    std::vector<std::uint64_t> out(shape.records + blocks * lane_record);
    fill_pairs(pairs, 1, shape.first, out.data());
    for (std::size_t b = 0; b < shape.parts; ++b)
        fill_pairs(pairs, shape.parts + b, shape.second, &out[(1 + b) * lane_pairs]);
    for (std::size_t b = 0; b < blocks; ++b)
        fill_record(pairs, blocks + b, &out[shape.records + b * lane_record]);
    return out;
}

Tables make(std::uint64_t q, int log_n) {
    const std::size_t n = std::size_t{1} << log_n;
    const Modulus modulus = Modulus::of(q);
    const std::uint64_t root = least_root(q, n);
    Tables out = {modulus, log_n, root, powers(root, q, log_n), powers(power(root, q - 2, q), q, log_n),
                  {},      {}};
    const std::uint64_t one_over_n = power(n, q - 2, q);
    for (std::size_t pair = 0; pair < 4; pair += 2) {
        out.inverse[pair] = product(out.inverse[pair], one_over_n, q);
        out.inverse[pair + 1] = quotient_of(out.inverse[pair], q);
    }
    out.forward_lanes = for_lanes(out.forward, log_n);
    out.inverse_lanes = for_lanes(out.inverse, log_n);
    return out;
}

using Shared = std::shared_ptr<const Tables>;
using List = std::vector<Shared>;

Guarded<List>& list = *new Guarded<List>;

}  // namespace

Transform Tables::transform() const {
    return {modulus, log_n, forward.data(), inverse.data(), forward_lanes.data(), inverse_lanes.data()};
}

std::shared_ptr<const Tables> Tables::of(std::uint64_t q, int log_n) {
    if (log_n < least_log || log_n > most_log)
        fail(ErrorKind::parameter, "ring: a degree of 2^" + std::to_string(log_n) + " is not from 2^" +
                                       std::to_string(least_log) + " to 2^" + std::to_string(most_log));
    const auto find = [&](const List& tables) {
        for (const Shared& one : tables)
            if (one->modulus.q == q && one->log_n == log_n) return one;
        return Shared();
    };
    return list.find_or_make(
        find, [&] { return std::make_shared<const Tables>(make(q, log_n)); },
        [&](List& tables, Shared made) {
            if (Shared first = find(tables)) return first;
            if (tables.size() == kept) tables.erase(tables.begin());
            tables.push_back(made);
            return made;
        });
}

}  // namespace pyfe::ring
