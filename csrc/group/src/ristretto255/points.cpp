#include "pyfe/group/ristretto255.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/group/kernels.hpp"
#include "pyfe/hash/expand_message.hpp"
#include "recode.hpp"

namespace pyfe::group {
namespace {

constexpr size_t kDecodeBlocks = 64;  // blocks a task

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

std::vector<uint8_t> encode_all(const Kernels& k, const std::vector<PointBlock>& points, size_t count) {
    std::vector<uint8_t> out(32 * count);
    k.encode(points.data(), count, out.data(), 32);
    return out;
}

PublicScalar padded_scalar(std::span<const PublicScalar> k, size_t j) {
    return j < k.size() ? k[j] : PublicScalar{};
}

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

int pippenger_width(size_t blocks) {
    int best = 4;
    double least = 0;
    for (int w = 4; w <= 13; ++w) {
        const double cost = ((254 + w - 1) / w) * (8.0 * double(blocks) + 18.0 * double(1 << (w - 1)));
        if (w == 4 || cost < least) least = cost, best = w;
    }
    return best;
}

PointBlock pippenger(const Kernels& kern, const PointVector& p, std::span<const PublicScalar> k) {
    const size_t blocks = p.blocks.size();
    const int width = pippenger_width(blocks), windows = (254 + width - 1) / width + 1;
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

namespace {
// ok: 8 bytes a block
void decode_flat(std::span<const uint8_t> bytes, std::vector<AffineBlock>& blocks, std::vector<uint8_t>& ok) {
    const size_t count = bytes.size() / 32, full = count / 8;
    const Kernels& k = kernels();
    blocks.resize((count + 7) / 8);
    ok.assign(blocks.size() * 8, 0);
    auto* flags = reinterpret_cast<uint8_t(*)[8]>(ok.data());
    parallel_for((full + kDecodeBlocks - 1) / kDecodeBlocks, [&](size_t task) {
        const size_t first = task * kDecodeBlocks;
        k.decode(bytes.data() + 256 * first, 32, 256, 8, std::min(kDecodeBlocks, full - first),
                 &blocks[first], flags + first);
    });
    if (count % 8 != 0)
        k.decode(bytes.data() + 256 * full, 32, 256, count % 8, 1, &blocks[full], flags + full);
    ok.resize(count);
}
}  // namespace

std::vector<uint8_t> is_valid(std::span<const uint8_t> bytes) {
    std::vector<AffineBlock> blocks;
    std::vector<uint8_t> ok;
    decode_flat(bytes, blocks, ok);
    return ok;
}

PointVector PointVector::decode(std::span<const uint8_t> bytes, const std::string& what) {
    if (bytes.size() % 32 != 0)
        fail(ErrorKind::decode,
             what + ": length " + std::to_string(bytes.size()) + " is not a multiple of 32");
    PointVector v;
    v.size = bytes.size() / 32;
    std::vector<uint8_t> ok;
    decode_flat(bytes, v.blocks, ok);
    const auto bad = std::find(ok.begin(), ok.end(), uint8_t{0});
    if (bad != ok.end())
        fail(ErrorKind::decode, what + ": point " + std::to_string(bad - ok.begin()) +
                                    " is not a canonical ristretto255 encoding (RFC 9496, 4.3.1)");
    return v;
}

namespace {
// RFC 9496, section 4. Never destroyed, like all that a thread may still read while the process ends
const std::vector<uint8_t>& generator = *new std::vector<uint8_t>{
    0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71, 0xa8, 0x84, 0xa9, 0x61, 0xc5, 0x00, 0x51, 0x5f,
    0x58, 0xe3, 0x0b, 0x6a, 0xa5, 0x82, 0xdd, 0x8d, 0xb6, 0xa6, 0x59, 0x45, 0xe0, 0x8d, 0x2d, 0x76};
}  // namespace

const std::vector<uint8_t>& generator_bytes() { return generator; }

std::vector<uint8_t> from_uniform_bytes(std::span<const uint8_t> bytes) {
    const Kernels& k = kernels();
    const size_t count = bytes.size() / 64;
    std::vector<PointBlock> points((count + 7) / 8);
    k.one_way_map(bytes.data(), count, points.data());
    return encode_all(k, points, count);
}

std::vector<uint8_t> hash_to_group(std::span<const uint8_t> message, std::span<const uint8_t> dst) {
    std::array<uint8_t, 64> uniform;
    expand_message_xmd_sha512(message, dst, uniform);
    return from_uniform_bytes(uniform);
}

namespace {
std::vector<uint8_t> combine(const PointVector& a, const PointVector& b, bool negate) {
    const Kernels& k = kernels();
    const size_t blocks = a.blocks.size();
    std::vector<PointBlock> p(blocks), q(blocks);
    k.from_affine(a.blocks.data(), blocks, p.data());
    k.from_affine(b.blocks.data(), blocks, q.data());
    if (negate) k.negate(q.data(), blocks, q.data());
    k.add(p.data(), q.data(), blocks, p.data());
    return encode_all(k, p, a.size);
}
}  // namespace

std::vector<uint8_t> add(const PointVector& a, const PointVector& b) { return combine(a, b, false); }
std::vector<uint8_t> subtract(const PointVector& a, const PointVector& b) { return combine(a, b, true); }

std::vector<uint8_t> msm_vartime(const PointVector& points, std::span<const PublicScalar> k) {
    if (points.size == 0) return std::vector<uint8_t>(32, 0);
    constexpr size_t straus_blocks = 48;  // beyond it the bucket method needs fewer additions
    const Kernels& kern = kernels();
    const PointBlock lanes =
        points.blocks.size() <= straus_blocks ? straus(kern, points, k) : pippenger(kern, points, k);
    return encode_all(kern, {lane_sum(kern, lanes)}, 1);
}

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

}  // namespace pyfe::group
