// Sums of buckets, which multi-scalar multiplication and the tests of membership share: points lie as rows,
// their entries come sorted by bucket, and those of one bucket are added in pairs (docs/math/bls12-381.md,
// Buckets). Public points only. Included by portable files only.
#pragma once
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "batch.hpp"

namespace pyfe::group::bls12_381 {

constexpr size_t kFewestPairs = 128;  // that are worth an inversion
constexpr size_t kMostPairs = 1024;   // that share one: their rows stay in the cache for the way back

// In every lane, in the backend's form
template <int Parts>
PointBlock<Parts> identity_block() {
    AffineBlock<Parts> infinity{};
    std::fill_n(infinity.infinite, 8, ~uint64_t{0});
    PointBlock<Parts> out;
    curve<Parts>().from_affine(&infinity, 1, &out);
    return out;
}

template <int Parts>
void copy_point(const PointBlock<Parts>& from, size_t from_lane, PointBlock<Parts>& to, size_t to_lane) {
    copy_lane(from.x, from_lane, to.x, to_lane, 8 * Parts);
    copy_lane(from.y, from_lane, to.y, to_lane, 8 * Parts);
    copy_lane(from.z, from_lane, to.z, to_lane, 8 * Parts);
}

// All points and their images, each by itself in memory
template <int Parts>
class Rows {
  public:
    Rows(std::span<const AffineBlock<Parts>> points, size_t size, int images)
        : points_(points), size_(size), stride_(8 * points.size()), rows_(stride_ * size_t(images)) {
        const size_t blocks = points.size();
        parallel_for((blocks + kChunkBlocks - 1) / kChunkBlocks, [&](size_t chunk) {
            const size_t first = chunk * kChunkBlocks, count = std::min(kChunkBlocks, blocks - first);
            for (int i = 0; i < images; ++i) {
                std::vector<AffineBlock<Parts>> image(i > 0 ? count : 0);
                if (i > 0) curve<Parts>().endomorphism(&points[first], count, i, image.data());
                curve<Parts>().rows(i > 0 ? image.data() : &points[first], count,
                                    rows_[size_t(i) * stride_ + 8 * first].words);
            }
        });
    }
    const uint64_t* data() const { return rows_[0].words; }
    // Of image i of point j
    size_t index(size_t i, size_t j) const { return i * stride_ + j; }
    bool infinite(size_t j) const { return points_[j / 8].infinite[j % 8] != 0; }
    size_t size() const { return size_; }
    uint32_t count() const { return static_cast<uint32_t>(rows_.size()); }

    struct alignas(64) Row {
        uint64_t words[row_words(Parts)];
    };

  private:
    std::span<const AffineBlock<Parts>> points_;
    size_t size_, stride_;
    std::vector<Row> rows_;
};

// Sums that go over the border between two lanes wait in the carry, at most eight at a time and none twice
// into one bucket.
template <int Parts>
void add_carries(const PointBlock<Parts>& carry, const uint8_t* carried, const size_t* bounds,
                 const std::vector<BucketEntry>& entries, PointBlock<Parts>* buckets) {
    std::vector<size_t> waiting;  // lanes
    for (size_t j = 0; j < 8; ++j)
        if (carried[j] != 0) waiting.push_back(j);
    const auto slot = [&](size_t lane) { return entries[bounds[lane]].slot; };
    while (!waiting.empty()) {
        std::vector<size_t> now, later;
        for (const size_t j : waiting)
            (now.empty() || slot(now.back()) != slot(j) ? now : later).push_back(j);
        PointBlock<Parts> sums = identity_block<Parts>();
        for (const size_t j : now) copy_point(buckets[slot(j) / 8], slot(j) % 8, sums, j);
        curve<Parts>().add(&sums, &carry, 1, &sums);
        for (const size_t j : now) copy_point(sums, j, buckets[slot(j) / 8], slot(j) % 8);
        waiting = std::move(later);
    }
}

// Adds entries of one bucket in pairs as long as a round has enough of them to pay for its inversion.
// add_pairs(pairs, used) puts the sums at first + used onwards; false: it could not.
template <class AddPairs>
void add_in_pairs(std::vector<BucketEntry>& entries, size_t first, size_t fewest, AddPairs add_pairs) {
    for (size_t used = 0;;) {
        std::vector<PointPair> pairs;
        std::vector<BucketEntry> left;
        pairs.reserve(entries.size() / 2);
        left.reserve(entries.size());
        for (size_t i = 0; i < entries.size(); ++i) {
            if (i + 1 == entries.size() || entries[i].slot != entries[i + 1].slot) {
                left.push_back(entries[i]);
                continue;
            }
            left.push_back({static_cast<uint32_t>(2 * (first + used + pairs.size())), entries[i].slot});
            pairs.push_back({entries[i].point, entries[i + 1].point});
            ++i;
        }
        if (pairs.size() < fewest || !add_pairs(pairs, used)) return;
        used += pairs.size();
        entries = std::move(left);
    }
}

template <int Parts>
class Scratch {
  public:
    explicit Scratch(size_t size) : slabs_(new Slab[size]) {}
    Coordinate<Parts>* data() { return &slabs_[0].value; }

  private:
    struct alignas(64) Slab {
        Coordinate<Parts> value;
    };
    std::unique_ptr<Slab[]> slabs_;
};

// The sums of some buckets, all entries of which are here
template <int Parts>
void fill_buckets(const Rows<Parts>& rows, std::vector<BucketEntry> entries, PointBlock<Parts>* buckets) {
    using Row = typename Rows<Parts>::Row;
    if (entries.empty()) return;
    const std::unique_ptr<Row[]> sums(new Row[entries.size()]);
    const RowSource source = {rows.data(), sums[0].words, rows.count()};
    Scratch<Parts> scratch(kRowScratch * (std::min(entries.size() / 2, kMostPairs) / 8 + 1));
    add_in_pairs(entries, rows.count(), kFewestPairs, [&](const auto& pairs, size_t used) {
        bool added = true;
        for (size_t first = 0; added && first < pairs.size(); first += kMostPairs)
            added = curve<Parts>().add_pairs_vartime(source, &pairs[first],
                                                     std::min(kMostPairs, pairs.size() - first),
                                                     sums[used + first].words, scratch.data());
        return added;
    });
    size_t bounds[9];
    for (size_t j = 0; j <= 8; ++j) bounds[j] = entries.size() * j / 8;
    PointBlock<Parts> carry = identity_block<Parts>();
    uint8_t carried[8] = {};
    curve<Parts>().accumulate_vartime(source, entries.data(), bounds, buckets, &carry, carried);
    add_carries(carry, carried, bounds, entries, buckets);
}

}  // namespace pyfe::group::bls12_381
