#include "pyfe/group/bls12_381/membership.hpp"

#include <atomic>
#include <cstdlib>
#include <limits>

#include "buckets.hpp"

namespace pyfe::group::bls12_381 {
namespace {

constexpr size_t kTile = 32768;         // points whose combinations are tested together
constexpr size_t kFewestBatched = 512;  // from here on a batch is faster than its points one by one
// In additions of eight lanes: one in a pair, and an exact test
constexpr double kPaired = 0.7;
template <int Parts>
constexpr double kExactTest = Parts == 1 ? 95 : 47;

std::atomic<size_t> batched_from{kFewestBatched};

size_t groups_of(const MembershipShape& shape) { return size_t(shape.passes + 7) / 8; }

// A batch of the curve, members or not
template <int Parts>
using Blocks = std::span<const AffineBlock<Parts>>;

// The weight that 16 random bits stand for: every t of -largest .. largest, each for at most
// ceil(2^16 / values) of them
int weight_of(uint16_t bits, const MembershipShape& shape) {
    return static_cast<int>(uint32_t{bits} * static_cast<uint32_t>(shape.values()) >> 16) - shape.largest();
}

// The points of one pass, sorted by the size of their weight; those of weight 0 are left out. Slots are those
// of `lane`.
std::vector<BucketEntry> weighted(std::span<const uint32_t> rows, const uint16_t* bits,
                                  const MembershipShape& shape, size_t lane) {
    std::vector<uint32_t> next(static_cast<size_t>(shape.largest()) + 2);
    const auto size_of = [](int t) { return static_cast<size_t>(std::abs(t)); };
    for (size_t i = 0; i < rows.size(); ++i) ++next[size_of(weight_of(bits[i], shape)) + 1];
    next[1] = 0;
    for (size_t t = 2; t < next.size(); ++t) next[t] += next[t - 1];
    std::vector<BucketEntry> entries(next.back());
    for (size_t i = 0; i < rows.size(); ++i)
        if (const int t = weight_of(bits[i], shape); t != 0)
            entries[next[size_of(t)]++] = {2 * rows[i] + (t < 0),
                                           static_cast<uint32_t>(8 * (size_of(t) - 1) + lane)};
    return entries;
}

// C_c = sum over t > 0 of (digit c of t) S_t for every c, lane by lane, from the buckets S_1, S_2, ..: with
// t = 3q + d the lowest digit gives C_0 = sum_q S_{3q+1} - S_{3q-1}, and S_q becomes
// S_{3q-1} + S_{3q} + S_{3q+1} for the next one.
template <int Parts>
void combine(PointBlock<Parts>* s, const MembershipShape& shape, PointBlock<Parts>* combinations) {
    const CurveKernels<Parts>& k = curve<Parts>();
    --s;  // S_t at s[t]
    for (int c = 0, largest = shape.largest(); c < shape.digits; ++c, largest /= 3) {
        PointBlock<Parts> sum = s[1], minus;
        for (int q = 1; q <= largest / 3; ++q) {
            const PointBlock<Parts> low = s[3 * q - 1], high = s[3 * q + 1];
            k.negate(&low, 1, &minus);
            k.add(&sum, &minus, 1, &sum);
            k.add(&sum, &high, 1, &sum);
            k.add(&low, &high, 1, &s[q]);
            k.add(&s[q], &s[3 * q], 1, &s[q]);
        }
        combinations[c] = sum;
    }
}

template <int Parts>
bool tile_of_members(Blocks<Parts> blocks, size_t size, const MembershipShape& shape, Random& random) {
    const Rows<Parts> rows(blocks, size, 1);
    std::vector<uint32_t> finite;
    for (size_t j = 0; j < size; ++j)
        if (!rows.infinite(j)) finite.push_back(static_cast<uint32_t>(rows.index(0, j)));
    if (finite.empty()) return true;
    const size_t passes = size_t(shape.passes), digits = size_t(shape.digits), groups = groups_of(shape);
    std::vector<uint16_t> bits(passes * finite.size());
    random.fill(reinterpret_cast<uint8_t*>(bits.data()), 2 * bits.size());

    const size_t stride = size_t(shape.largest());
    std::vector<PointBlock<Parts>> buckets(groups * stride, identity_block<Parts>());
    parallel_for(passes, [&](size_t pass) {  // pass p in lane p of its group
        fill_buckets(rows, weighted(finite, &bits[pass * finite.size()], shape, pass % 8),
                     &buckets[pass / 8 * stride]);
    });
    std::vector<PointBlock<Parts>> combinations(groups * digits);
    parallel_for(groups, [&](size_t g) { combine(&buckets[g * stride], shape, &combinations[g * digits]); });
    std::vector<uint8_t> member(8 * combinations.size());
    parallel_for(combinations.size(),
                 [&](size_t b) { curve<Parts>().members(&combinations[b], 1, &member[8 * b]); });
    return std::find(member.begin(), member.end(), 0) == member.end();
}

}  // namespace

template <int Parts>
Points<Parts> decompress(std::span<const uint8_t> in, std::vector<uint8_t>& status) {
    constexpr size_t bytes = Points<Parts>::bytes;
    Points<Parts> v;
    v.size = in.size() / bytes;
    v.blocks.resize(blocks_of(v.size));
    status.resize(v.size);
    parallel_for(v.blocks.size(), [&](size_t b) {
        curve<Parts>().decompress(in.data() + 8 * b * bytes, std::min<size_t>(8, v.size - 8 * b),
                                  &v.blocks[b], status.data() + 8 * b);
    });
    return v;
}

template <int Parts>
MembershipShape membership_shape(size_t points) {
    MembershipShape best{};
    double least = std::numeric_limits<double>::infinity();
    for (int digits = 1; digits <= kMostMembershipDigits; ++digits) {
        const MembershipShape shape = MembershipShape::of(digits);
        const double group = 2 * shape.largest() + kExactTest<Parts> * digits;
        const double cost = kPaired * shape.passes * double(points) / 8 + double(groups_of(shape)) * group;
        if (cost < least) least = cost, best = shape;
    }
    return best;
}

template <int Parts>
bool all_members_vartime(const Points<Parts>& p, MembershipShape shape, Random& random) {
    p.require_backend();
    return p.size == 0 || tile_of_members<Parts>(p.blocks, p.size, shape, random);
}

template <int Parts>
bool all_members_vartime(const Points<Parts>& p, Random& random) {
    p.require_backend();
    const size_t tiles = (p.size + kTile - 1) / kTile, blocks = p.blocks.size();
    std::atomic<bool> all{true};
    parallel_for(tiles, [&](size_t tile) {
        const size_t first = blocks * tile / tiles, end = blocks * (tile + 1) / tiles;
        const size_t size = std::min(p.size, 8 * end) - 8 * first;
        if (all.load(std::memory_order_relaxed) &&
            !tile_of_members<Parts>(Blocks<Parts>(p.blocks).subspan(first, end - first), size,
                                    membership_shape<Parts>(size), random))
            all.store(false, std::memory_order_relaxed);
    });
    return all;
}

template <int Parts>
size_t first_outside_vartime(const Points<Parts>& p, size_t count) {
    p.require_backend();
    std::vector<uint8_t> member(8 * blocks_of(count));
    parallel_for(blocks_of(count), [&](size_t b) {
        PointBlock<Parts> points;
        curve<Parts>().from_affine(&p.blocks[b], 1, &points);
        curve<Parts>().members(&points, 1, &member[8 * b]);
    });
    const auto end = member.begin() + static_cast<ptrdiff_t>(count);
    return static_cast<size_t>(std::find(member.begin(), end, 0) - member.begin());
}

size_t batched_membership_from() { return batched_from.load(std::memory_order_relaxed); }
void set_batched_membership_from(size_t points) { batched_from.store(points, std::memory_order_relaxed); }

template Points<1> decompress(std::span<const uint8_t>, std::vector<uint8_t>&);
template Points<2> decompress(std::span<const uint8_t>, std::vector<uint8_t>&);
template MembershipShape membership_shape<1>(size_t);
template MembershipShape membership_shape<2>(size_t);
template bool all_members_vartime(const Points<1>&, MembershipShape, Random&);
template bool all_members_vartime(const Points<2>&, MembershipShape, Random&);
template bool all_members_vartime(const Points<1>&, Random&);
template bool all_members_vartime(const Points<2>&, Random&);
template size_t first_outside_vartime(const Points<1>&, size_t);
template size_t first_outside_vartime(const Points<2>&, size_t);

}  // namespace pyfe::group::bls12_381
