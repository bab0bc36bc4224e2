// Multi-scalar multiplication with public scalars: the bucket method of Pippenger with signed digits
// (Bernstein, Doumen, Lange, Oosterwijk, eprint 2012/549, section 4), scalars cut along the endomorphism
// (Galbraith, Lin, Scott, eprint 2008/194: two images a point in G1, four in G2).
//
// Entries of a bucket are first added in pairs in affine coordinates, one inversion a round (Montgomery's
// trick): about 6 multiplications an addition instead of 12. When a round has too few pairs, or a pair has
// one x, the complete projective formulas go on. A window's buckets are summed by running sums, windows by
// Horner's rule.
#include "pyfe/group/bls12_381/msm.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include "buckets.hpp"
#include "msm_digits.hpp"
#include "pyfe/base/error.hpp"

namespace pyfe::group::bls12_381 {
namespace {

constexpr size_t kTaskEntries = 4096;      // additions a task
constexpr size_t kFewestCohortPairs = 16;  // that are worth an inversion
constexpr int kMostWindow = 13;
constexpr double kDoubling = 0.7;  // its cost in additions, and that of an addition in a pair
constexpr double kPaired = 0.7;

int ceil_div(int a, int b) { return (a + b - 1) / b; }

// The cheapest shape, in additions of eight lanes: what fills the buckets, what sums the columns (two
// additions a bucket, and the doublings of a segment's distance from its end), and Horner's doublings.
// Windows of 13 bits have digits that fit int16_t.
BucketShape cheapest_shape(size_t points, int bits) {
    BucketShape best{};
    double least = std::numeric_limits<double>::infinity();
    for (int window = 1; window <= std::min(kMostWindow, bits); ++window)
        for (int segments = 1; segments <= std::min(8, 1 << (window - 1)); segments *= 2) {
            const BucketShape s = {window, ceil_div(bits, window), segments, (1 << (window - 1)) / segments};
            const double columns = s.groups() * (2 * s.length + 0.5 * window + 2 * (segments > 1));
            const double doublings = kDoubling * window * s.groups() * 8 / segments;
            const double cost = kPaired * double(points) * s.windows / 8 + columns + doublings;
            if (cost < least) least = cost, best = s;
        }
    return best;
}

// A cohort's points are added in pairs mostly.
int cheapest_cohort_window(size_t points, int bits) {
    const auto cost = [&](int window) {
        return ceil_div(bits, window) * (kPaired * double(points) + double(1 << window) / 2);
    };
    int best = 1;
    for (int window = 2; window <= std::min(kMostWindow, bits); ++window)
        if (cost(window) < cost(best)) best = window;
    return best;
}

// Scalars cut along the endomorphism: `images` parts a scalar, part i of scalar j at [i n + j]
struct Parted {
    int images;
    std::vector<Int128> values;

    static Parted of(std::span<const int64_t> k, int) { return {1, {k.begin(), k.end()}}; }
    static Parted of(std::span<const PublicFr> k, int coordinate_parts) {
        Parted out{2 * coordinate_parts, {}};
        out.values.resize(k.size() * size_t(out.images));
        for (size_t j = 0; j < k.size(); ++j) {
            Int128 parts[4];
            split_vartime(k[j], out.images, parts);
            for (size_t i = 0; i < size_t(out.images); ++i) out.values[i * k.size() + j] = parts[i];
        }
        return out;
    }
};

template <int Parts>
Points<Parts> affine_vartime(const std::vector<PointBlock<Parts>>& points, size_t size) {
    return in_chunks<Parts, Values::known>(size, [&](size_t first, size_t blocks, PointBlock<Parts>* to) {
        std::copy_n(&points[first], blocks, to);
    });
}

// The digits that are not zero, sorted by bucket: a counting sort over the slots. Infinite points add nothing
// and are left out.
template <int Parts>
std::vector<BucketEntry> sorted_entries(const Rows<Parts>& rows, const Parted& k, const BucketShape& shape) {
    const size_t n = rows.size(), count = k.values.size();
    std::vector<int16_t> digits(count * size_t(shape.windows));
    std::vector<uint32_t> next(8 * shape.blocks() + 1);
    const auto for_digits = [&](auto body) {
        for (int w = 0; w < shape.windows; ++w)
            for (size_t v = 0; v < count; ++v)
                if (const int d = digits[size_t(w) * count + v]; d != 0)
                    body(v, d < 0, shape.slot(w, std::abs(d)));
    };
    for (size_t v = 0; v < count; ++v)
        if (!rows.infinite(v % n))
            signed_windows_vartime(k.values[v], shape.window, shape.windows, &digits[v], count);
    for_digits([&](size_t, bool, uint32_t slot) { ++next[slot + 1]; });
    for (size_t s = 1; s < next.size(); ++s) next[s] += next[s - 1];
    std::vector<BucketEntry> entries(next.back());
    for_digits([&](size_t v, bool negative, uint32_t slot) {
        const size_t row = rows.index(v / n, v % n);
        entries[next[slot]++] = {static_cast<uint32_t>(2 * row + negative), slot};
    });
    return entries;
}

// Where entries are cut for the threads: between two buckets
std::vector<size_t> cuts(const std::vector<BucketEntry>& entries) {
    std::vector<size_t> out = {0};
    while (out.back() < entries.size()) {
        size_t end = std::min(out.back() + kTaskEntries, entries.size());
        while (end < entries.size() && entries[end - 1].slot == entries[end].slot) ++end;
        out.push_back(end);
    }
    return out;
}

// The sum in lane 0
template <int Parts>
PointBlock<Parts> sum_vartime(const Rows<Parts>& rows, const Parted& k) {
    const int bits = signed_bits_vartime(k.values);
    if (bits == 0) return identity_block<Parts>();
    const BucketShape shape = cheapest_shape(k.values.size(), bits);
    const std::vector<BucketEntry> entries = sorted_entries(rows, k, shape);
    std::vector<PointBlock<Parts>> buckets(shape.blocks(), identity_block<Parts>());
    const std::vector<size_t> cut = cuts(entries);
    parallel_for(cut.size() - 1, [&](size_t t) {
        const auto begin = entries.begin();
        fill_buckets(rows, {begin + ptrdiff_t(cut[t]), begin + ptrdiff_t(cut[t + 1])}, buckets.data());
    });

    std::vector<PointBlock<Parts>> columns(size_t(shape.groups()));
    parallel_for(columns.size(), [&](size_t g) {
        curve<Parts>().columns_vartime(&buckets[g * size_t(shape.length)], shape, &columns[g]);
    });
    curve<Parts>().horner_vartime(columns.data(), shape);
    return columns[0];
}

void require_lengths(size_t scalars, size_t wanted) {
    if (scalars != wanted)
        fail(ErrorKind::parameter, "BLS12-381 multi-scalar multiplication: " + std::to_string(scalars) +
                                       " scalars where " + std::to_string(wanted) + " are wanted");
}

// Rows of scalars go to the threads. 2^27 points: a row index of four images and a sign in 32 bits.
template <int Parts, class Scalar>
Points<Parts> long_vartime(const Points<Parts>& p, std::span<const Scalar> k, size_t rows) {
    p.require_backend();
    require_lengths(k.size(), p.size * rows);
    if (p.size >> 27 != 0)
        fail(ErrorKind::parameter, "BLS12-381 multi-scalar multiplication: more than 2^27 points");
    if (p.size == 0) return Points<Parts>::identity(rows);
    const Rows<Parts> sources(p.blocks, p.size, Parted::of(k.first(0), Parts).images);
    std::vector<PointBlock<Parts>> sums(blocks_of(rows), identity_block<Parts>());
    parallel_for(rows, [&](size_t i) {
        copy_point(sum_vartime(sources, Parted::of(k.subspan(i * p.size, p.size), Parts)), 0, sums[i / 8],
                   i % 8);
    });
    return affine_vartime(sums, rows);
}

// [j][block of the cohort], the last block padded with its last point
template <int Parts>
std::vector<AffineBlock<Parts>> by_cohort(const Points<Parts>& p, size_t cohort) {
    const size_t blocks = blocks_of(cohort);
    std::vector<AffineBlock<Parts>> out(p.size / cohort * blocks);
    for (size_t b = 0; b < out.size(); ++b)
        for (size_t lane = 0; lane < 8; ++lane) {
            const size_t at = b / blocks * cohort + std::min(b % blocks * 8 + lane, cohort - 1);
            copy_point(p.blocks[at / 8], at % 8, out[b], lane);
        }
    return out;
}

// By falling slot
std::vector<BucketEntry> cohort_entries(const Parted& k, int window, int windows) {
    std::vector<int16_t> digits(static_cast<size_t>(windows));
    std::vector<BucketEntry> out;
    for (size_t v = 0; v < k.values.size(); ++v) {
        signed_windows_vartime(k.values[v], window, windows, digits.data(), 1);
        for (int w = 0; w < windows; ++w)
            if (const int d = digits[size_t(w)]; d != 0)
                out.push_back({static_cast<uint32_t>(2 * v + (d < 0)),
                               cohort_slot(window, w, static_cast<uint32_t>(std::abs(d)))});
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const BucketEntry& a, const BucketEntry& b) { return a.slot > b.slot; });
    return out;
}

template <int Parts>
bool has_infinity(const AffineBlock<Parts>& block) {
    return std::any_of(block.infinite, block.infinite + 8, [](uint64_t flag) { return flag != 0; });
}

// A block of eight members a task; all of them follow the same entries, so that a pair is a pair in every
// lane. Infinite points among them rule out the affine rounds, not the rest.
template <int Parts, class Scalar>
Points<Parts> cohort_vartime(const Points<Parts>& p, std::span<const Scalar> k, size_t cohort) {
    p.require_backend();
    if (cohort == 0 ? p.size != 0 : p.size % cohort != 0 || p.size / cohort != k.size())
        fail(ErrorKind::parameter, "BLS12-381 multi-scalar multiplication: " + std::to_string(p.size) +
                                       " points for " + std::to_string(k.size()) +
                                       " scalars and a cohort of " + std::to_string(cohort));
    const Parted parted = Parted::of(k, Parts);
    const int bits = signed_bits_vartime(parted.values);
    if (bits == 0 || cohort == 0) return Points<Parts>::identity(cohort);
    const size_t n = k.size(), total = parted.values.size(), stride = blocks_of(cohort);
    const int window = cheapest_cohort_window(total, bits), windows = ceil_div(bits, window);
    const std::vector<BucketEntry> entries = cohort_entries(parted, window, windows);
    const bool aligned = cohort % 8 == 0;
    const std::vector<AffineBlock<Parts>> padded = aligned ? decltype(p.blocks){} : by_cohort(p, cohort);
    const AffineBlock<Parts>* points = aligned ? p.blocks.data() : padded.data();
    std::vector<PointBlock<Parts>> sums(stride);
    parallel_for(stride, [&](size_t b) {
        const std::unique_ptr<AffineBlock<Parts>[]> own(new AffineBlock<Parts>[total + entries.size()]);
        for (size_t j = 0; j < n; ++j) own[j] = points[j * stride + b];
        for (int i = 1; i < parted.images; ++i)
            curve<Parts>().endomorphism(own.get(), n, i, &own[size_t(i) * n]);
        std::vector<BucketEntry> left = entries;
        if (std::none_of(own.get(), own.get() + n, has_infinity<Parts>)) {
            Scratch<Parts> scratch(entries.size() / 2 + 1);
            add_in_pairs(left, total, kFewestCohortPairs, [&](const auto& pairs, size_t used) {
                return curve<Parts>().add_cohort_pairs_vartime(own.get(), pairs.data(), pairs.size(),
                                                               total + used, scratch.data());
            });
        }
        curve<Parts>().cohort_vartime(own.get(), left.data(), left.size(), window, windows, &sums[b]);
    });
    return affine_vartime(sums, cohort);
}

}  // namespace

template <int Parts>
Points<Parts> msm_vartime(const Points<Parts>& p, std::span<const int64_t> k, size_t rows) {
    return long_vartime(p, k, rows);
}
template <int Parts>
Points<Parts> msm_vartime(const Points<Parts>& p, std::span<const PublicFr> k, size_t rows) {
    return long_vartime(p, k, rows);
}
template <int Parts>
Points<Parts> msm_cohort_vartime(const Points<Parts>& p, std::span<const int64_t> k, size_t cohort) {
    return cohort_vartime(p, k, cohort);
}
template <int Parts>
Points<Parts> msm_cohort_vartime(const Points<Parts>& p, std::span<const PublicFr> k, size_t cohort) {
    return cohort_vartime(p, k, cohort);
}

template Points<1> msm_vartime(const Points<1>&, std::span<const int64_t>, size_t);
template Points<2> msm_vartime(const Points<2>&, std::span<const int64_t>, size_t);
template Points<1> msm_vartime(const Points<1>&, std::span<const PublicFr>, size_t);
template Points<2> msm_vartime(const Points<2>&, std::span<const PublicFr>, size_t);
template Points<1> msm_cohort_vartime(const Points<1>&, std::span<const int64_t>, size_t);
template Points<2> msm_cohort_vartime(const Points<2>&, std::span<const int64_t>, size_t);
template Points<1> msm_cohort_vartime(const Points<1>&, std::span<const PublicFr>, size_t);
template Points<2> msm_cohort_vartime(const Points<2>&, std::span<const PublicFr>, size_t);

}  // namespace pyfe::group::bls12_381
