#include "pyfe/group/ristretto255/base_tables.hpp"

#include <algorithm>
#include <memory>
#include <string>

#include "batch.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/group/ristretto255/table_shape.hpp"
#include "tables.hpp"

namespace pyfe::group::ristretto255 {
namespace {

constexpr double kLookupWork = 4;  // a digit reads 7.5 KB, where a row a lane reads 2

// Of eight points
size_t lines_of(int spacing) { return size_t(table_rows(spacing)) * kTableRowLines; }

// The least spacing whose tables keep within the bytes; kTableDigits + 1 if none does
int spacing_within(size_t points, size_t most_bytes) {
    int spacing = 1;
    while (spacing <= kTableDigits && blocks_of(points) * lines_of(spacing) * sizeof(TableLine) > most_bytes)
        ++spacing;
    return spacing;
}

void fill_table(const Kernels& k, const AffineBlock& points, int spacing, TableLine* table) {
    const int rows = table_rows(spacing);
    const size_t entries = size_t(rows) * kTableEntries;
    std::vector<PointBlock> scratch(entries);
    const auto inverses = std::make_unique_for_overwrite<Element[]>(2 * entries);
    PointBlock bases;
    k.from_affine(&points, 1, &bases);
    k.base_table(&bases, rows, spacing, table->word, scratch.data(), inverses.get());
}

}  // namespace

bool BaseTables::pay(size_t points, size_t rows, size_t most_bytes) {
    const int spacing = spacing_within(points, most_bytes);
    if (spacing > kTableDigits) return false;
    const Kernels& k = kernels();
    const double digit = kDigitWork + kLookupWork, doublings = (spacing - 1) * kTableWindow * kDoublingWork;
    const double ours = double(rows) * (kTableDigits * digit + doublings);
    return ours <= cheapest_tables(k, k.fixed.digits, blocks_of(rows), points).work;
}

BaseTables::BaseTables(const PointVector& points, size_t most_bytes)
    : points_(points.size), spacing_(spacing_within(points.size, most_bytes)) {
    if (spacing_ > kTableDigits)
        fail(ErrorKind::parameter, "ristretto255: the tables of " + std::to_string(points_) +
                                       " points do not keep within " + std::to_string(most_bytes) + " bytes");
    const size_t lines = lines_of(spacing_);
    table_.resize(points.blocks.size() * lines);
    parallel_for(points.blocks.size(),
                 [&](size_t b) { fill_table(*made_by_, points.blocks[b], spacing_, &table_[b * lines]); });
}

// The blocks of points of one row after those of another: an even share for each thread, up to kChunkBlocks
// to an inversion
void BaseTables::multiply(std::span<const Scalar> k, const ShortMatrix& x, uint8_t* out,
                          size_t row_stride) const {
    if (made_by_ != &kernels()) fail(ErrorKind::parameter, "ristretto255: tables of another backend");
    const Kernels& kern = *made_by_;
    const size_t blocks = blocks_of(points_), all = k.size() * blocks, lines = lines_of(spacing_);
    const size_t plain = points_ - x.columns;
    const int small = short_digits(x.bound, kern.fixed.window);
    const size_t share = std::clamp<size_t>((all + num_threads() - 1) / num_threads(), 4, kChunkBlocks);
    generator_tables(kern);
    parallel_for((all + share - 1) / share, [&](size_t chunk) {
        const size_t first = chunk * share, count = std::min(share, all - first);
        Workspace work(count);
        SecretVector<uint8_t> digits, x_digits(count * size_t(small) * 8);
        for (size_t i = 0; i < count; ++i) {
            const size_t row = (first + i) / blocks, b = (first + i) % blocks;
            if (i == 0 || b == 0) digits = halved_digits(k.subspan(row, 1), kTableWindow, kTableDigits);
            kern.common_sum(table_[b * lines].word, spacing_, digits.data(), &work.points[i]);
            for (size_t lane = 0; lane < 8; ++lane) {
                const size_t j = std::min(8 * b + lane, points_ - 1);
                recode_short(j < plain ? 0 : x.x[row * x.columns + j - plain], kern.fixed.window, small,
                             &x_digits[i * size_t(small) * 8 + lane], 8);
            }
        }
        add_short_multiples(kern, x_digits.data(), small, count, work.points.data());
        std::vector<uint8_t> bytes(count * 256);
        kern.double_and_encode(work.points.data(), 8 * count, bytes.data(), 32, work.elements.data());
        for (size_t i = 0; i < count; ++i) {
            const size_t row = (first + i) / blocks, b = (first + i) % blocks;
            std::copy_n(&bytes[256 * i], 32 * std::min<size_t>(8, points_ - 8 * b),
                        out + row * row_stride + 256 * b);
        }
    });
}

void FixedBases::multiply(std::span<const Scalar> k, const ShortMatrix& x, uint8_t* out, size_t row_stride) {
    if (k.empty()) return;
    if (!BaseTables::pay(points_.size, k.size())) return mul_fixed_add_short(points_, k, x, out, row_stride);
    const auto make = [&] { return BaseTables(points_); };
    const BaseTables& tables = tables_.get(&kernels(), make);
    table_bytes_ = tables.bytes();
    tables.multiply(k, x, out, row_stride);
}

}  // namespace pyfe::group::ristretto255
