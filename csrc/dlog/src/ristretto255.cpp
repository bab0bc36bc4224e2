#include "ristretto255.hpp"

#include <algorithm>

#include "pyfe/base/dispatch.hpp"
#include "pyfe/group/ristretto255/points.hpp"

namespace pyfe::dlog {
namespace {

using group::ristretto255::AffineBlock;
using group::ristretto255::PointBlock;
using u128 = unsigned __int128;

// Digits m with |d| < 2^(wm - 1)
int digits_for(uint64_t bound, int window) {
    int digits = 1;
    while (window * digits - 1 < 64 && bound >> (window * digits - 1) != 0) ++digits;
    return digits;
}

// The windows of d + 2^(wm - 1): as odd digits they stand for 2d + 1.
void write_digits(int64_t d, int window, int digits, uint8_t* out) {
    u128 e = static_cast<u128>(static_cast<__int128>(d)) + (u128{1} << (window * digits - 1));
    for (int j = 0; j < digits; ++j, e >>= window)
        out[8 * j] = static_cast<uint8_t>(static_cast<uint64_t>(e) & ((1u << window) - 1));
}

}  // namespace

Ristretto255::Ristretto255(const Kernels& kernels) : k_(kernels), group_(group::ristretto255::kernels()) {
    const group::ristretto255::Kernels& k = group_;
    const int rows = digits_for(~uint64_t{0}, k.fixed.window);
    const size_t points = size_t(rows) * size_t(k.fixed.entries);
    const std::vector<uint8_t>& generator = group::ristretto255::generator_bytes();
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

// d B = (2d + 1) B/2 - B/2
void Ristretto255::multiply(const int64_t* d, size_t count, uint64_t bound, PointBlock* out) const {
    const int window = group_.fixed.window, digits = digits_for(bound, window);
    const size_t blocks = (count + 7) / 8, stride = size_t(digits) * 8;
    std::vector<uint8_t> bytes(blocks * stride);
    for (size_t j = 0; j < blocks * 8; ++j)
        write_digits(d[std::min(j, count - 1)], window, digits, bytes.data() + (j / 8) * stride + j % 8);
    std::fill(out, out + blocks, minus_half_);
    group_.fixed_base(table_.data(), digits, 1, bytes.data(), stride, blocks, out);
}

const Ristretto255& Ristretto255::active() {
    const Kernels& k = kernels();
    return once_a_backend<Ristretto255>(k, [&] { return Ristretto255(k); });
}

Ristretto255::Targets::Targets(const Ristretto255& group, const Block* in, size_t count)
    : at_(count), infinite_(count) {
    Scratch scratch((count + 7) / 8);
    group.k_.ristretto255_targets(in, count, at_.data(), infinite_.data(), &scratch.slabs[0].e);
}

bool Ristretto255::Targets::same(size_t t, const Targets& other, size_t o) const {
    if (is_identity(t) || other.is_identity(o)) return is_identity(t) && other.is_identity(o);
    const MontgomeryPoint &a = at_[t], &b = other.at_[o];
    return std::equal(a.u, a.u + 5, b.u) && std::equal(a.v, a.v + 5, b.v);
}

void Ristretto255::from_input(std::vector<Block>& points) const {
    group_.double_times(points.data(), points.size(), 2);
}

Ristretto255::Steps Ristretto255::steps(const std::vector<Block>& points) const {
    const Targets all(*this, points.data(), 8 * points.size());
    Steps out(points.size());
    for (size_t j = 0; j < out.size() * 8; ++j)
        for (int i = 0; i < 5; ++i) {
            out[j / 8].x[i][j % 8] = all.data()[j].u[i];
            out[j / 8].y[i][j % 8] = all.data()[j].v[i];
        }
    return out;
}

bool Ristretto255::sweep_vartime(const SweepUnit* units, size_t count, const Targets& targets,
                                 const Steps& steps, KeyRow* keys, Scratch& scratch) const {
    return k_.ristretto255_sweep_vartime(units, count, targets.data(), steps.data(), &keys->key,
                                         &scratch.slabs[0].e) != 0;
}

}  // namespace pyfe::dlog
