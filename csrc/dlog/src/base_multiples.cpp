#include "base_multiples.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "pyfe/group/ristretto255.hpp"

namespace pyfe::dlog {
namespace {

using group::AffineBlock;
using group::Kernels;
using group::MontgomeryPoint;
using group::PointBlock;
using u128 = unsigned __int128;

// Digits m with |d| < 2^(wm - 1)
int digits_for(uint64_t bound, int window) {
    int digits = 1;
    while (window * digits - 1 < 64 && bound >> (window * digits - 1) != 0) ++digits;
    return digits;
}

uint64_t magnitude(int64_t d) { return d < 0 ? 0 - static_cast<uint64_t>(d) : static_cast<uint64_t>(d); }

// The windows of d + 2^(wm - 1): as odd digits they stand for 2d + 1.
void write_digits(int64_t d, int window, int digits, uint8_t* out) {
    u128 e = static_cast<u128>(static_cast<__int128>(d)) + (u128{1} << (window * digits - 1));
    for (int j = 0; j < digits; ++j, e >>= window)
        out[8 * j] = static_cast<uint8_t>(static_cast<uint64_t>(e) & ((1u << window) - 1));
}

}  // namespace

void to_montgomery(const Kernels& k, const PointBlock* in, size_t count, MontgomeryPoint* out,
                   uint8_t* infinite) {
    const auto scratch = std::make_unique_for_overwrite<Slab[]>(2 * ((count + 7) / 8));
    k.to_montgomery(in, count, out, infinite, &scratch[0].e);
}

BaseMultiples::BaseMultiples(const Kernels& k) : k_(k) {
    const int rows = digits_for(~uint64_t{0}, k.fixed.window);
    const size_t points = size_t(rows) * size_t(k.fixed.entries);
    const std::vector<uint8_t>& generator = group::generator_bytes();
    AffineBlock g;
    uint8_t ok[1][8];
    k.decode(generator.data(), 32, 32, 1, 1, &g, ok);
    PointBlock half;
    k.from_affine(&g, 1, &half);
    k.double_times(&half, 1, 1);
    table_.resize(size_t(rows) * size_t(k.fixed.row_words));
    std::vector<uint64_t> unused(table_.size());
    uint64_t* out[8] = {table_.data()};
    std::fill(out + 1, out + 8, unused.data());
    std::vector<PointBlock> scratch(points);
    const auto inverses = std::make_unique_for_overwrite<Slab[]>(2 * points);
    k.fixed_base_tables(&half, rows, 1, out, scratch.data(), &inverses[0].e);
    k.negate(&half, 1, &minus_half_);
}

const BaseMultiples& BaseMultiples::of(const Kernels& k) {
    static std::mutex mutex;
    static std::vector<std::pair<const Kernels*, std::unique_ptr<BaseMultiples>>> made;
    const std::lock_guard lock(mutex);
    for (const auto& [owner, multiples] : made)
        if (owner == &k) return *multiples;
    made.emplace_back(&k, std::make_unique<BaseMultiples>(k));
    return *made.back().second;
}

// d B = (2d + 1) B/2 - B/2
void BaseMultiples::multiply(const int64_t* d, size_t count, uint64_t bound, PointBlock* out) const {
    const int window = k_.fixed.window, digits = digits_for(bound, window);
    const size_t blocks = (count + 7) / 8, stride = size_t(digits) * 8;
    std::vector<uint8_t> bytes(blocks * stride);
    for (size_t j = 0; j < blocks * 8; ++j)
        write_digits(d[std::min(j, count - 1)], window, digits, bytes.data() + (j / 8) * stride + j % 8);
    std::fill(out, out + blocks, minus_half_);
    k_.fixed_base(table_.data(), digits, 1, bytes.data(), stride, blocks, out);
}

PointBlock BaseMultiples::everywhere(int64_t d) const {
    PointBlock out;
    multiply(&d, 1, magnitude(d), &out);
    return out;
}

std::vector<MontgomeryPoint> BaseMultiples::progression(int64_t unit, size_t count) const {
    const size_t blocks = (count + 7) / 8;
    std::vector<PointBlock> points(blocks);
    std::vector<MontgomeryPoint> out(count);
    std::vector<uint8_t> infinite(count);
    if (count == 0) return out;
    int64_t first[8];
    for (int64_t j = 0; j < 8; ++j) first[j] = unit * (j + 1);
    multiply(first, 8, magnitude(first[7]), points.data());
    const PointBlock eight = everywhere(8 * unit);
    for (size_t b = 1; b < blocks; ++b) k_.add(&points[b - 1], &eight, 1, &points[b]);
    to_montgomery(k_, points.data(), count, out.data(), infinite.data());
    return out;
}

std::vector<AffineBlock> pack(const std::vector<MontgomeryPoint>& points) {
    std::vector<AffineBlock> out(points.size() / 8);
    for (size_t j = 0; j < out.size() * 8; ++j)
        for (int i = 0; i < 5; ++i) {
            out[j / 8].x[i][j % 8] = points[j].u[i];
            out[j / 8].y[i][j % 8] = points[j].v[i];
        }
    return out;
}

}  // namespace pyfe::dlog
