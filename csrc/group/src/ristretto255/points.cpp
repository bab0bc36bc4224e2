// Batches of ristretto255 elements (RFC 9496) over the kernels: eight points to a block, blocks to the
// threads.
#include "pyfe/group/ristretto255/points.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include "batch.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/hash/expand_message.hpp"

namespace pyfe::group::ristretto255 {
namespace {

constexpr size_t kDecodeBlocks = 64;  // blocks a task

// Whole blocks by tasks of kDecodeBlocks, so that a task outlasts its start; the rest, fewer than eight
// points, by itself. ok: 8 bytes a block
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

// Fewer than eight rows would leave lanes idle: their strings fill the lanes one after the other, and the
// points are then put where they belong.
void decode_rows(const uint8_t* strings, size_t rows, size_t columns, AffineBlock* out, uint8_t (*ok)[8]) {
    if (rows == 8) return kernels().decode(strings, 32 * columns, 32, 8, columns, out, ok);
    std::vector<AffineBlock> blocks;
    std::vector<uint8_t> good;
    decode_flat({strings, 32 * rows * columns}, blocks, good);
    for (size_t c = 0; c < columns; ++c)
        for (size_t lane = 0; lane < 8; ++lane) {
            const size_t at = std::min(lane, rows - 1) * columns + c;
            copy_point(blocks[at / 8], at % 8, out[c], lane);
            ok[c][lane] = good[at];
        }
}

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

PointVector PointVector::concat(const PointVector& a, const PointVector& b) {
    PointVector both;
    both.size = a.size + b.size;
    both.blocks.resize(blocks_of(both.size));
    for (size_t j = 0; j < 8 * both.blocks.size(); ++j) {
        const size_t at = std::min(j, both.size - 1);
        if (at < a.size)
            copy_point(a.blocks[at / 8], at % 8, both.blocks[j / 8], j % 8);
        else
            copy_point(b.blocks[(at - a.size) / 8], (at - a.size) % 8, both.blocks[j / 8], j % 8);
    }
    return both;
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
// a + b or a - b in extended coordinates, by the complete formulas of curve.hpp: equal points need no case
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

namespace {

// body(first block, blocks, points) of each chunk
template <class Body>
void chunks_of(size_t points, Body body) {
    const size_t blocks = blocks_of(points);
    parallel_for((blocks + kChunkBlocks - 1) / kChunkBlocks, [&](size_t chunk) {
        const size_t first = chunk * kChunkBlocks, count = std::min(kChunkBlocks, blocks - first);
        body(first, count, std::min(count * 8, points - first * 8));
    });
}

// (k/2) P of a chunk
void multiply_half(const Kernels& kern, const PointVector& points, std::span<const Scalar> k, size_t first,
                   size_t count, Workspace& out) {
    const size_t rows = std::min(count * 8, points.size - first * 8);
    const SecretVector<uint8_t> digits = halved_digits(k.subspan(first * 8, rows), 4, 64);
    kern.variable_base(&points.blocks[first], digits.data(), count, out.points.data());
}

}  // namespace

// k P = 2 (k/2 mod l) P: what comes before the encoding is half of the result, since "double and encode"
// needs one inversion a chunk and no square root. Digits of four bits, 64 of them, each with eight odd
// multiples of P.
void mul_variable(const PointVector& points, std::span<const Scalar> k, uint8_t* out) {
    const Kernels& kern = kernels();
    chunks_of(points.size, [&](size_t first, size_t count, size_t rows) {
        Workspace work(count);
        multiply_half(kern, points, k, first, count, work);
        kern.double_and_encode(work.points.data(), rows, out + 32 * first * 8, 32, work.elements.data());
    });
}

void mul_double_variable(const PointVector& p, const PointVector& q, std::span<const Scalar> a,
                         std::span<const Scalar> b, uint8_t* out) {
    const Kernels& kern = kernels();
    chunks_of(p.size, [&](size_t first, size_t count, size_t rows) {
        Workspace work(count), other(count);
        multiply_half(kern, p, a, first, count, work);
        multiply_half(kern, q, b, first, count, other);
        kern.add(work.points.data(), other.points.data(), count, work.points.data());
        kern.double_and_encode(work.points.data(), rows, out + 32 * first * 8, 32, work.elements.data());
    });
}

std::vector<AffineBlock> affine(const std::vector<PointBlock>& points) {
    std::vector<AffineBlock> out(points.size());
    const auto inverses = std::make_unique_for_overwrite<Element[]>(2 * points.size());
    kernels().to_affine(points.data(), points.size(), out.data(), inverses.get());
    return out;
}

}  // namespace pyfe::group::ristretto255
