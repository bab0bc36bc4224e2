#include "pyfe/group/bls12_381/fixed_base.hpp"

#include <memory>

#include "batch.hpp"
#include "pyfe/base/dispatch.hpp"
#include "pyfe/base/error.hpp"
#include "recode.hpp"

namespace pyfe::group::bls12_381 {
namespace {

constexpr int kScalarBits = 256;  // of k + r

// 2^(window q) times the base in lane q % 8 of block q / 8
template <int Parts>
std::vector<PointBlock<Parts>> window_bases(const Points<Parts>& base, int window, size_t windows) {
    std::vector<PointBlock<Parts>> out(blocks_of(windows));
    PointBlock<Parts> power;
    curve<Parts>().from_affine(base.blocks.data(), 1, &power);
    std::fill(out.begin(), out.end(), power);
    for (size_t q = 0; q < windows; ++q) {
        if (q > 0) curve<Parts>().double_times(&power, 1, window);
        copy_lane(power.x, 0, out[q / 8].x, q % 8, 8 * Parts);
        copy_lane(power.y, 0, out[q / 8].y, q % 8, 8 * Parts);
        copy_lane(power.z, 0, out[q / 8].z, q % 8, 8 * Parts);
    }
    return out;
}

// [entry][block of windows], affine: 2 entry + 1 times the window's base
template <int Parts>
std::vector<AffineBlock<Parts>> odd_multiples(const std::vector<PointBlock<Parts>>& bases, size_t entries) {
    const size_t blocks = bases.size();
    Workspace<Parts> work(entries * blocks);
    std::vector<PointBlock<Parts>> twice = bases;
    curve<Parts>().double_times(twice.data(), blocks, 1);
    std::copy(bases.begin(), bases.end(), work.points.begin());
    for (size_t at = blocks; at < entries * blocks; at += blocks)
        curve<Parts>().add(&work.points[at - blocks], twice.data(), blocks, &work.points[at]);
    std::vector<AffineBlock<Parts>> out(entries * blocks);
    work.to_affine(out.size(), out.data());
    return out;
}

}  // namespace

template <int Parts>
FixedBase<Parts>::FixedBase(const Points<Parts>& base) {
    if (base.size != 1)
        fail(ErrorKind::parameter, "BLS12-381: a fixed base is one point, not " + std::to_string(base.size));
    base.require_backend();
    const int window = curve<Parts>().fixed_window;
    const size_t entries = size_t{1} << (window - 1);
    windows_ = (kScalarBits + window - 1) / window;
    infinite_ = base.blocks[0].infinite[0] != 0;
    if (infinite_) return;
    const auto bases = window_bases(base, window, size_t(windows_));
    const auto multiples = odd_multiples<Parts>(bases, entries);
    constexpr size_t words = row_words(Parts);  // x, then y
    table_.resize(size_t(windows_) * words * entries);
    for (size_t q = 0; q < size_t(windows_); ++q)
        for (size_t e = 0; e < entries; ++e) {
            const AffineBlock<Parts>& from = multiples[e * bases.size() + q / 8];
            uint64_t* row = &table_[q * words * entries + e];
            for (size_t i = 0; i < words / 2; ++i) {
                row[i * entries] = from.x[i][q % 8];
                row[(i + words / 2) * entries] = from.y[i][q % 8];
            }
        }
}

template <int Parts>
const FixedBase<Parts>& FixedBase<Parts>::generator() {
    return once_a_backend<FixedBase>(kernels(), [] { return FixedBase(Points<Parts>::generator(1)); });
}

template <int Parts>
void FixedBase<Parts>::multiply(std::span<const Fr> k, PointBlock<Parts>* out) const {
    if (made_by_ != &kernels() || infinite_)
        fail(ErrorKind::parameter, "BLS12-381: a fixed base of another backend, or the identity");
    const size_t blocks = blocks_of(k.size()), block_digits = size_t(windows_) * 8;
    SecretVector<uint8_t> digits(blocks * block_digits);
    for (size_t j = 0; j < blocks * 8; ++j)
        recode_odd(k[std::min(j, k.size() - 1)], curve<Parts>().fixed_window, windows_,
                   digits.data() + j / 8 * block_digits + j % 8, 8);
    curve<Parts>().fixed_base(table_.data(), windows_, digits.data(), blocks, out);
}

template <int Parts>
Points<Parts> FixedBase<Parts>::multiply(std::span<const Fr> k) const {
    if (made_by_ != &kernels()) fail(ErrorKind::parameter, "BLS12-381: a fixed base of another backend");
    if (infinite_) return Points<Parts>::identity(k.size());
    return in_chunks<Parts>(k.size(), [&](size_t first, size_t blocks, PointBlock<Parts>* to) {
        multiply(k.subspan(8 * first, std::min(8 * blocks, k.size() - 8 * first)), to);
    });
}

template class FixedBase<1>;
template class FixedBase<2>;

}  // namespace pyfe::group::bls12_381
