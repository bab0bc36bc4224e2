// Fixed-base multiplication by secret scalars over the kernels: which tables, how dense, and in which chunks.
//
// A result is 2 (k/2 mod l) P: the kernels multiply by k/2, and "double and encode" (wire.hpp) needs one
// inversion a chunk and no square root. Tables of bases that are not G live for a part of the batch, those of
// G for the process.
#include "pyfe/group/ristretto255/fixed_base.hpp"

#include <algorithm>

#include "batch.hpp"
#include "pyfe/base/parallel.hpp"
#include "tables.hpp"

namespace pyfe::group::ristretto255 {
namespace {

constexpr size_t kRowsAtOnce = 1 << 14;  // bounds the memory for digits, whatever the batch

PointBlock identity_block() {
    PointBlock b{};
    for (int j = 0; j < 8; ++j) b.y[0][j] = b.z[0][j] = 1;
    return b;
}

// The spacing with the least work. Dense tables pay for large batches only.
int best_spacing(const Kernels& k, int digits, size_t blocks, size_t bases) {
    return cheapest_tables(k, digits, blocks, bases).spacing;
}

struct FixedJob {
    const Kernels& k;
    const SecretVector<uint8_t>& digits;
    size_t rows;
    int spacing;
    const ShortMatrix* x;  // or none; the first row of this part
    size_t plain;          // bases before those that x has a column for
    int short_digits;
};

// points[b] = (k/2) P [+ (x/2) G] for the blocks [first, first + count)
void multiply_chunk(const FixedJob& job, const Table& table, size_t column, size_t first, size_t count,
                    PointBlock* points) {
    const Kernels& k = job.k;
    const size_t stride = size_t(k.fixed.digits) * 8;
    std::fill(points, points + count, identity_block());
    k.fixed_base(table.data(), k.fixed.digits, job.spacing, job.digits.data() + first * stride, stride, count,
                 points);
    if (job.x == nullptr || column < job.plain) return;
    const size_t short_stride = size_t(job.short_digits) * 8;
    SecretVector<uint8_t> digits(count * short_stride);
    for (size_t r = 0; r < count * 8; ++r) {
        const size_t row = std::min(first * 8 + r, job.rows - 1);
        recode_short(job.x->x[row * job.x->columns + column - job.plain], k.fixed.window, job.short_digits,
                     digits.data() + (r / 8) * short_stride + r % 8, 8);
    }
    add_short_multiples(k, digits.data(), job.short_digits, count, points);
}

// One chunk of one column, encoded: row r to out + r row_stride + 32 column
void run_chunk(const FixedJob& job, const Table& table, size_t column, size_t chunk, uint8_t* out,
               size_t row_stride) {
    const size_t blocks = blocks_of(job.rows), first = chunk * kChunkBlocks;
    const size_t count = std::min(kChunkBlocks, blocks - first);
    Workspace work(count);
    multiply_chunk(job, table, column, first, count, work.points.data());
    job.k.double_and_encode(work.points.data(), std::min(count * 8, job.rows - first * 8),
                            out + first * 8 * row_stride + 32 * column, row_stride, work.elements.data());
}

// All columns of up to kRowsAtOnce rows. Tables of a few blocks of bases at once: their memory is bounded,
// whatever the number of bases.
void fixed_part(const PointVector& bases, std::span<const Scalar> k, const ShortMatrix* x, uint8_t* out,
                size_t row_stride) {
    const Kernels& kern = kernels();
    const size_t chunks = (blocks_of(k.size()) + kChunkBlocks - 1) / kChunkBlocks;
    const SecretVector<uint8_t> digits = halved_digits(k, kern.fixed.window, kern.fixed.digits);
    const int spacing = best_spacing(kern, kern.fixed.digits, blocks_of(k.size()), bases.size);
    const FixedJob job{kern,
                       digits,
                       k.size(),
                       spacing,
                       x,
                       x ? bases.size - x->columns : 0,
                       x ? short_digits(x->bound, kern.fixed.window) : 0};
    if (x != nullptr) generator_tables(kern);
    const size_t groups = bases.blocks.size(), at_once = std::max<size_t>(4, 2 * num_threads());
    std::vector<std::vector<Table>> tables(at_once);
    for (size_t g0 = 0; g0 < groups; g0 += at_once) {
        const size_t here = std::min(at_once, groups - g0);
        parallel_for(here, [&](size_t g) {
            PointBlock p;
            kern.from_affine(&bases.blocks[g0 + g], 1, &p);
            tables[g] = build_tables(kern, p, std::min<size_t>(8, bases.size - 8 * (g0 + g)),
                                     kern.fixed.digits, spacing);
        });
        const size_t columns = std::min(here * 8, bases.size - 8 * g0);
        parallel_for(columns * chunks, [&](size_t task) {
            const size_t column = task / chunks;
            run_chunk(job, tables[column / 8][column % 8], 8 * g0 + column, task % chunks, out, row_stride);
        });
    }
}

void fixed_rows(const PointVector& bases, std::span<const Scalar> k, const ShortMatrix* x, uint8_t* out,
                size_t row_stride) {
    for (size_t r0 = 0; r0 < k.size(); r0 += kRowsAtOnce) {
        const size_t rows = std::min(kRowsAtOnce, k.size() - r0);
        ShortMatrix part{};
        if (x != nullptr) part = {x->x + r0 * x->columns, x->columns, x->bound};
        fixed_part(bases, k.subspan(r0, rows), x ? &part : nullptr, out + r0 * row_stride, row_stride);
    }
}

}  // namespace

void mul_fixed(const PointVector& bases, std::span<const Scalar> k, uint8_t* out, size_t row_stride) {
    fixed_rows(bases, k, nullptr, out, row_stride);
}

void mul_fixed_add_short(const PointVector& bases, std::span<const Scalar> k, const ShortMatrix& x,
                         uint8_t* out, size_t row_stride) {
    fixed_rows(bases, k, &x, out, row_stride);
}

void mul_base(std::span<const Scalar> a, uint8_t* out) {
    const Kernels& kern = kernels();
    const Table& table = generator_tables(kern).g;
    for (size_t r0 = 0; r0 < a.size(); r0 += kRowsAtOnce) {
        const std::span<const Scalar> part = a.subspan(r0, std::min(kRowsAtOnce, a.size() - r0));
        const SecretVector<uint8_t> digits = halved_digits(part, kern.fixed.window, kern.fixed.digits);
        const FixedJob job{kern, digits, part.size(), 1, nullptr, 0, 0};
        parallel_for((blocks_of(part.size()) + kChunkBlocks - 1) / kChunkBlocks,
                     [&](size_t chunk) { run_chunk(job, table, 0, chunk, out + 32 * r0, 32); });
    }
}

void mul_double_fixed(const PointVector& bases, std::span<const Scalar> a, std::span<const Scalar> b,
                      uint8_t* out) {
    const Kernels& kern = kernels();
    PointBlock p;
    kern.from_affine(&bases.blocks[0], 1, &p);
    for (size_t r0 = 0; r0 < a.size(); r0 += kRowsAtOnce) {
        const size_t rows = std::min(kRowsAtOnce, a.size() - r0), blocks = blocks_of(rows);
        const int spacing = best_spacing(kern, kern.fixed.digits, blocks, 2);
        const std::vector<Table> tables = build_tables(kern, p, 2, kern.fixed.digits, spacing);
        const SecretVector<uint8_t> da =
            halved_digits(a.subspan(r0, rows), kern.fixed.window, kern.fixed.digits);
        const SecretVector<uint8_t> db =
            halved_digits(b.subspan(r0, rows), kern.fixed.window, kern.fixed.digits);
        const FixedJob job_a{kern, da, rows, spacing, nullptr, 0, 0};
        const FixedJob job_b{kern, db, rows, spacing, nullptr, 0, 0};
        parallel_for((blocks + kChunkBlocks - 1) / kChunkBlocks, [&](size_t chunk) {
            const size_t first = chunk * kChunkBlocks, count = std::min(kChunkBlocks, blocks - first);
            Workspace work(count), other(count);
            multiply_chunk(job_a, tables[0], 0, first, count, work.points.data());
            multiply_chunk(job_b, tables[1], 0, first, count, other.points.data());
            kern.add(work.points.data(), other.points.data(), count, work.points.data());
            kern.double_and_encode(work.points.data(), std::min(count * 8, rows - first * 8),
                                   out + 32 * (r0 + first * 8), 32, work.elements.data());
        });
    }
}

}  // namespace pyfe::group::ristretto255
