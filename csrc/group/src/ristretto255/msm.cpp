// Multi-scalar multiplication with public scalars. One vector: Straus (Addition chains of vectors, 1964) up
// to kStrausBlocks blocks, then the bucket method of Pippenger as in Bernstein, Doumen, Lange, Oosterwijk
// (eprint 2012/549, section 4). A cohort: the columns of non-adjacent forms, see the kernel.
#include "pyfe/group/ristretto255/msm.hpp"

#include <algorithm>
#include <bit>

#include "batch.hpp"
#include "msm_digits.hpp"
#include "pyfe/base/parallel.hpp"

namespace pyfe::group::ristretto255 {
namespace {

constexpr size_t kStrausBlocks = 48;  // beyond them the bucket method needs fewer additions

// The sum of the eight lanes in each of them, in three rounds: by 4, by 2, by 1
PointBlock lane_sum(const Kernels& k, PointBlock p) {
    for (int shift = 4; shift > 0; shift /= 2) {
        PointBlock moved;
        const uint64_t* in = &p.x[0][0];
        uint64_t* out = &moved.x[0][0];
        for (int row = 0; row < 20; ++row)
            for (int j = 0; j < 8; ++j) out[row * 8 + j] = in[row * 8 + (j + shift) % 8];
        k.add(&p, &moved, 1, &p);
    }
    return p;
}

// Spare lanes repeat the last point: they count zero times.
PublicScalar padded_scalar(std::span<const PublicScalar> k, size_t j) {
    return j < k.size() ? k[j] : PublicScalar{};
}

// 64 signed digits of four bits: an addition a point and digit, and 4 * 63 doublings that all points share.
// Lane j sums the points of its lane. Memory: nine multiples a point, 11.5 KB a block
PointBlock straus(const Kernels& kern, const PointVector& p, std::span<const PublicScalar> k) {
    const size_t blocks = p.blocks.size();
    std::vector<int8_t> digits(blocks * 64 * 8);
    for (size_t j = 0; j < blocks * 8; ++j)
        signed_digits_vartime(padded_scalar(k, j), 4, 64, digits.data() + (j / 8) * 512 + j % 8, 8);
    std::vector<PointBlock> tables(blocks * 9);
    PointBlock out;
    kern.straus_vartime(p.blocks.data(), digits.data(), blocks, tables.data(), &out);
    return out;
}

// The bits of the widest scalar: weights that a batch is checked with are half as long as the group order
int bits_vartime(std::span<const PublicScalar> k) {
    Scalar all;
    for (const PublicScalar& s : k)
        for (size_t i = 0; i < 4; ++i) all.w[i] |= s.value.w[i];
    for (int i = 3; i >= 0; --i)
        if (all.w[i] != 0) return 64 * i + std::bit_width(all.w[i]);
    return 1;
}

// The window with the least work: of bits / w windows each adds every block once, in 8 multiplications, and
// twice its 2^(w - 1) buckets, in 9. At most 13: the digits then still fit int16_t, the buckets take 5.2 MB a
// thread.
int pippenger_width(size_t blocks, int bits) {
    int best = 4;
    double least = 0;
    for (int w = 4; w <= 13; ++w) {
        const double cost = ((bits + w - 1) / w) * (8.0 * double(blocks) + 18.0 * double(1 << (w - 1)));
        if (w == 4 || cost < least) least = cost, best = w;
    }
    return best;
}

// A window a task; then Horner's rule over the windows. A signed digit may carry into one window more.
PointBlock pippenger(const Kernels& kern, const PointVector& p, std::span<const PublicScalar> k) {
    const size_t blocks = p.blocks.size();
    const int bits = bits_vartime(k), width = pippenger_width(blocks, bits);
    const int windows = (bits + width - 1) / width + 1;
    const size_t stride = size_t(windows) * 8;
    std::vector<int16_t> digits(blocks * stride);
    for (size_t j = 0; j < blocks * 8; ++j)
        signed_digits_vartime(padded_scalar(k, j), width, windows, digits.data() + (j / 8) * stride + j % 8,
                              8);
    std::vector<PointBlock> sums(static_cast<size_t>(windows));
    parallel_for(size_t(windows), [&](size_t w) {
        std::vector<PointBlock> buckets((size_t{1} << (width - 1)) + 1);
        kern.pippenger_window_vartime(p.blocks.data(), digits.data() + w * 8, stride, blocks, buckets.data(),
                                      static_cast<int>(buckets.size()), &sums[w]);
    });
    PointBlock acc = sums.back();
    for (size_t w = size_t(windows) - 1; w-- > 0;) {
        kern.double_times(&acc, 1, width);
        kern.add(&acc, &sums[w], 1, &acc);
    }
    return acc;
}

}  // namespace

std::vector<uint8_t> msm_vartime(const PointVector& points, std::span<const PublicScalar> k) {
    if (points.size == 0) return std::vector<uint8_t>(32, 0);
    const Kernels& kern = kernels();
    const PointBlock lanes =
        points.blocks.size() <= kStrausBlocks ? straus(kern, points, k) : pippenger(kern, points, k);
    return encode_all(kern, {lane_sum(kern, lanes)}, 1);
}

// Digits are made once a key: y_i in non-adjacent form (at most one digit in two is not zero), -s and -t in
// digits of width 5, of which about every sixth is not zero.
CohortPlan::CohortPlan(const int64_t* y, size_t k, size_t n, std::span<const PublicScalar> s,
                       std::span<const PublicScalar> t)
    : n_(n) {
    for (size_t f = 0; f < k; ++f) {
        int bits = 1;
        for (size_t i = 0; i < n; ++i) bits = std::max(bits, naf_bits_vartime(y[f * n + i]));
        std::vector<int8_t> naf(n * size_t(bits));
        for (size_t i = 0; i < n; ++i) naf_vartime(y[f * n + i], bits, naf.data() + i * size_t(bits));
        bits_.push_back(bits);
        planes_ += size_t(bits);
        naf_.push_back(std::move(naf));
        wnaf_s_.push_back(wnaf5_vartime({Scalar::sub(Scalar{}, s[f].value)}));
        wnaf_t_.push_back(wnaf5_vartime({Scalar::sub(Scalar{}, t[f].value)}));
    }
}

void CohortPlan::run(const AffineBlock* points, PointBlock* out) const {
    std::vector<CohortKey> keys;
    for (size_t f = 0; f < bits_.size(); ++f)
        keys.push_back({naf_[f].data(), bits_[f], wnaf_s_[f].data(), wnaf_t_[f].data()});
    std::vector<PointBlock> planes(planes_);
    kernels().cohort_vartime(points, n_, keys.data(), keys.size(), planes.data(), out);
}

}  // namespace pyfe::group::ristretto255
