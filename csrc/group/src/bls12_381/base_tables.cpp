#include "pyfe/group/bls12_381/base_tables.hpp"

#include "batch.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/group/bls12_381/fixed_base.hpp"
#include "recode.hpp"

namespace pyfe::group::bls12_381 {
namespace {

constexpr int kToothBits = kTableWindow * kTableSteps;

// Digits that hold every number up to `bound` in magnitude, with d in -32 .. 31
int short_steps_for(uint64_t bound) {
    constexpr unsigned largest = kTableEntries - 1;
    unsigned __int128 most = largest;
    int steps = 1;
    for (; most < bound; ++steps) most = most * 2 * kTableEntries + largest;
    return steps;
}

// P, 2P, .. for the next `kTableEntries` blocks from `first`
template <int Parts>
void fill_multiples(PointBlock<Parts>* first) {
    first[1] = first[0];
    curve<Parts>().double_times(&first[1], 1, 1);
    for (size_t e = 2; e < kTableEntries; ++e) curve<Parts>().add(&first[e - 1], &first[0], 1, &first[e]);
}

// The tables of one block of points
template <int Parts>
void fill_table(const AffineBlock<Parts>& points, AffineBlock<Parts>* table) {
    constexpr size_t teeth = size_t(table_shape(Parts).teeth);
    Workspace<Parts> work(teeth * kTableEntries);
    for (size_t tooth = 0; tooth < teeth; ++tooth) {
        PointBlock<Parts>* first = &work.points[tooth * kTableEntries];
        if (tooth == 0) {
            curve<Parts>().from_affine(&points, 1, first);
        } else {
            *first = first[-ptrdiff_t(kTableEntries)];
            curve<Parts>().double_times(first, 1, kToothBits);
        }
        fill_multiples(first);
    }
    work.to_affine_vartime(teeth * kTableEntries, table);
}

template <size_t Rows>
void broadcast(const uint64_t (&from)[Rows][8], size_t lane, uint64_t (&to)[Rows][8]) {
    for (size_t row = 0; row < Rows; ++row)
        for (size_t j = 0; j < 8; ++j) to[row][j] = from[row][lane];
}

// The multiples of a_r G for eight rows, a row a lane
template <int Parts>
class RowMultiples {
  public:
    explicit RowMultiples(std::span<const Fr> a) : rows_(kTableEntries), one_(kTableEntries) {
        FixedBase<Parts>::generator().multiply(a, rows_.data());
        fill_multiples(rows_.data());
    }
    // Those of row r in every lane
    const PointBlock<Parts>* of(size_t r) {
        for (size_t e = 0; e < kTableEntries; ++e) {
            broadcast(rows_[e].x, r, one_[e].x);
            broadcast(rows_[e].y, r, one_[e].y);
            broadcast(rows_[e].z, r, one_[e].z);
        }
        return one_.data();
    }

  private:
    SecretVector<PointBlock<Parts>> rows_, one_;
};

}  // namespace

template <int Parts>
BaseTables<Parts>::BaseTables(const Points<Parts>& p, size_t terms)
    : groups_(terms == 0 ? 0 : p.size / terms), terms_(terms) {
    p.require_backend();
    if (groups_ == 0 || p.size != groups_ * terms)
        fail(ErrorKind::parameter, "BLS12-381: " + std::to_string(p.size) +
                                       " points are no whole groups of " + std::to_string(terms));
    for (size_t j = 0; j < p.size; ++j)
        if (p.blocks[j / 8].infinite[j % 8] != 0)
            fail(ErrorKind::parameter, "BLS12-381: fixed point " + std::to_string(j) + " is the identity");
    constexpr size_t entries = size_t(table_shape(Parts).teeth) * kTableEntries;
    table_.resize(blocks_of(groups_) * terms * entries);
    parallel_for(table_.size() / entries, [&](size_t task) {
        AffineBlock<Parts> points;
        for (size_t lane = 0; lane < 8; ++lane) {
            const size_t at = std::min(task / terms * 8 + lane, groups_ - 1) * terms + task % terms;
            copy_point(p.blocks[at / 8], at % 8, points, lane);
        }
        fill_table(points, &table_[task * entries]);
    });
}

template <int Parts>
Points<Parts> BaseTables<Parts>::multiply(std::span<const Fr> k, std::span<const Fr> a,
                                          const Short& x) const {
    if (made_by_ != &kernels()) fail(ErrorKind::parameter, "BLS12-381: tables of another backend");
    const size_t rows = a.size(), blocks = blocks_of(groups_);
    if (k.size() != rows * terms_ || x.rows_each == 0 || x.x.size() * x.rows_each != rows * groups_)
        fail(ErrorKind::parameter, "BLS12-381: the numbers of scalars do not match the tables");
    constexpr TableShape shape = table_shape(Parts);
    constexpr size_t entries = size_t(shape.teeth) * kTableEntries;
    const int steps = short_steps_for(x.bound);
    Points<Parts> out;
    out.size = rows * groups_;
    out.blocks.resize(blocks_of(out.size));
    std::vector<AffineBlock<Parts>> sums(rows * blocks);
    parallel_for((rows + 7) / 8, [&](size_t chunk) {
        const size_t first = 8 * chunk, count = std::min<size_t>(8, rows - first);
        RowMultiples<Parts> multiples(a.subspan(first, count));
        Workspace<Parts> work(count * blocks);
        SecretVector<uint8_t> digits(terms_ * shape.digits()), short_digits(size_t(steps) * 8);
        for (size_t r = 0; r < count; ++r) {
            checkpoint();
            for (size_t t = 0; t < terms_; ++t)
                recode_common(k[(first + r) * terms_ + t], shape, &digits[t * shape.digits()]);
            const PointBlock<Parts>* of_row = multiples.of(r);
            const int64_t* x_row = x.x.data() + (first + r) / x.rows_each * groups_;
            for (size_t b = 0; b < blocks; ++b) {
                if (b % 16 == 15) checkpoint();
                for (size_t lane = 0; lane < 8; ++lane)
                    recode_short(x_row[std::min(8 * b + lane, groups_ - 1)], steps, &short_digits[lane], 8);
                const CommonSum<Parts> sum = {&table_[b * terms_ * entries], digits.data(), terms_, of_row,
                                              short_digits.data(),           steps};
                curve<Parts>().common_sum(sum, &work.points[r * blocks + b]);
            }
        }
        work.to_affine(count * blocks, &sums[first * blocks]);
    });
    for (size_t j = 0; j < out.blocks.size() * 8; ++j) {
        const size_t at = std::min(j, out.size - 1), row = at / groups_, i = at % groups_;
        copy_point(sums[row * blocks + i / 8], i % 8, out.blocks[j / 8], j % 8);
    }
    return out;
}

template class BaseTables<1>;
template class BaseTables<2>;

}  // namespace pyfe::group::bls12_381
