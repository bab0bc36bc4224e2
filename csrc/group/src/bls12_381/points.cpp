// Batches of points of G1 and G2 over the kernels: eight points to a block, chunks of blocks to the threads,
// one inversion a chunk on the way back to affine form (batch.hpp).
#include "pyfe/group/bls12_381/points.hpp"

#include <algorithm>
#include <memory>

#include "batch.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/group/bls12_381/membership.hpp"
#include "pyfe/group/bls12_381/status.hpp"
#include "pyfe/hash/expand_message.hpp"
#include "recode.hpp"

namespace pyfe::group::bls12_381 {
namespace {

const char* reason(Status status) {
    switch (status) {
        case Status::not_compressed:
            return "has no compression flag: only the compressed form is read";
        case Status::bad_infinity:
            return "has the infinity flag and other bits beside it";
        case Status::not_below_p:
            return "has an x that is not below p";
        case Status::not_on_curve:
            return "has an x that belongs to no point of the curve";
        case Status::not_in_subgroup:
            return "is on the curve but not in the subgroup of order r";
        case Status::ok:
            break;
    }
    return "is sound";
}

uint64_t load_big_endian(const uint8_t* in) {
    uint64_t word = 0;
    for (int i = 0; i < 8; ++i) word = word << 8 | in[i];
    return word;
}

// hash_to_field (RFC 9380, section 5.2), count = 2, L = 64, less the reduction modulo p
template <int Parts>
void hash_to_field(std::span<const uint8_t> message, std::span<const uint8_t> dst, size_t lane,
                   UniformBlock<Parts>& out) {
    SecretVector<uint8_t> uniform(2 * Parts * 64);
    expand_message_xmd_sha256(message, dst, {uniform.data(), uniform.size()});
    for (size_t i = 0; i < 2 * Parts; ++i)
        for (size_t word = 0; word < 8; ++word)
            out.u[i / Parts][i % Parts][word / 6][word % 6][lane] =
                load_big_endian(uniform.data() + 64 * i + 8 * (7 - word));
}

size_t first_bad(const std::vector<uint8_t>& status) {
    const auto found = std::find_if(status.begin(), status.end(), [](uint8_t s) { return s != 0; });
    return static_cast<size_t>(found - status.begin());
}

template <int Parts>
void require_same(const Points<Parts>& a, size_t other) {
    if (a.size != other)
        fail(ErrorKind::parameter, "BLS12-381: batches of " + std::to_string(a.size) + " and " +
                                       std::to_string(other) + " do not match");
}

}  // namespace

template <int Parts>
Points<Parts> Points<Parts>::decode(std::span<const uint8_t> in, const std::string& what) {
    if (in.size() % bytes != 0)
        fail(ErrorKind::decode, what + ": length " + std::to_string(in.size()) + " is not a multiple of " +
                                    std::to_string(bytes));
    return decode(in, [&](size_t j) {
        return what + ": point " + std::to_string(j) + " of G" + std::to_string(Parts);
    });
}

template <int Parts>
Points<Parts> Points<Parts>::decode_members(std::span<const uint8_t> in, const Name& name) {
    std::vector<uint8_t> status;
    Points v = decompress<Parts>(in, status);
    const size_t bad = first_bad(status);
    if (bad < v.size) fail(ErrorKind::decode, name(bad) + " " + reason(static_cast<Status>(status[bad])));
    return v;
}

// A batch in which something is wrong is looked through exactly, so that its first bad point is named.
template <int Parts>
Points<Parts> Points<Parts>::decode(std::span<const uint8_t> in, const Name& name) {
    std::vector<uint8_t> status;
    Points v = decompress<Parts>(in, status);
    const size_t bad = first_bad(status);
    if (bad == v.size && v.size >= batched_membership_from() && all_members_vartime(v, os_random())) return v;
    const size_t outside = first_outside_vartime(v, bad);
    if (outside < bad) fail(ErrorKind::decode, name(outside) + " " + reason(Status::not_in_subgroup));
    if (bad < v.size) fail(ErrorKind::decode, name(bad) + " " + reason(static_cast<Status>(status[bad])));
    return v;
}

template <int Parts>
void Points<Parts>::require_backend() const {
    if (made_by != &kernels())
        fail(ErrorKind::parameter,
             "BLS12-381: points of another backend: encode them there, decode them here");
}

template <int Parts>
void Points<Parts>::encode(uint8_t* out) const {
    require_backend();
    constexpr size_t tile = 512;  // points between two checkpoints: a millisecond
    parallel_for((size + tile - 1) / tile, [&](size_t t) {
        const size_t first = t * tile;
        curve<Parts>().encode(&blocks[first / 8], std::min(tile, size - first), out + bytes * first);
    });
}

template <int Parts>
std::vector<uint8_t> Points<Parts>::encode() const {
    std::vector<uint8_t> out(bytes * size);
    encode(out.data());
    return out;
}

// hash_to_curve (RFC 9380, section 3), the random-oracle one: two field elements a message, each mapped,
// their sum cleared of its cofactor. Spare lanes hash the last message again.
template <int Parts>
Points<Parts> Points<Parts>::hash(std::span<const std::span<const uint8_t>> messages,
                                  std::span<const uint8_t> dst) {
    if (dst.empty()) fail(ErrorKind::parameter, "hash_to_curve: the domain separation tag is empty");
    return in_chunks<Parts>(messages.size(), [&](size_t first, size_t blocks, PointBlock<Parts>* to) {
        SecretVector<UniformBlock<Parts>> uniform(blocks);
        for (size_t j = 0; j < blocks * 8; ++j)
            hash_to_field(messages[std::min(first * 8 + j, messages.size() - 1)], dst, j % 8, uniform[j / 8]);
        curve<Parts>().hash_to_curve(uniform.data(), blocks, to);
    });
}

template <int Parts>
Points<Parts> Points<Parts>::generator(size_t count) {
    PointBlock<Parts> g;
    curve<Parts>().generator(&g);
    return in_chunks<Parts>(
        count, [&](size_t, size_t blocks, PointBlock<Parts>* to) { std::fill(to, to + blocks, g); });
}

// G - G: a backend has no other way to write its own form of (0 : 1 : 0)
template <int Parts>
Points<Parts> Points<Parts>::identity(size_t count) {
    const Points g = generator(count);
    return add(g, negate(g));
}

// Spare lanes repeat the last point, as everywhere.
template <int Parts>
Points<Parts> Points<Parts>::slice(size_t first, ptrdiff_t step, size_t count) const {
    require_backend();
    Points out;
    out.size = count;
    out.blocks.resize(blocks_of(count));
    for (size_t j = 0; j < out.blocks.size() * 8; ++j) {
        const size_t at = first + std::min(j, count - 1) * static_cast<size_t>(step);
        copy_point(blocks[at / 8], at % 8, out.blocks[j / 8], j % 8);
    }
    return out;
}

template <int Parts>
Points<Parts> Points<Parts>::concat(std::span<const Points* const> parts) {
    Points out;
    for (const Points* part : parts) out.size += part->size;
    out.blocks.resize(blocks_of(out.size));
    size_t at = 0;
    for (const Points* part : parts) {
        part->require_backend();
        for (size_t j = 0; j < part->size; ++j, ++at)
            copy_point(part->blocks[j / 8], j % 8, out.blocks[at / 8], at % 8);
    }
    for (; at < 8 * out.blocks.size(); ++at)
        copy_point(out.blocks.back(), (out.size - 1) % 8, out.blocks.back(), at % 8);
    return out;
}

// By the complete formulas of curve.hpp: equal points and the identity need no case.
template <int Parts>
Points<Parts> add(const Points<Parts>& a, const Points<Parts>& b) {
    require_same(a, b.size);
    a.require_backend();
    b.require_backend();
    return in_chunks<Parts>(a.size, [&](size_t first, size_t blocks, PointBlock<Parts>* to) {
        Workspace<Parts> other(blocks);
        curve<Parts>().from_affine(&a.blocks[first], blocks, to);
        curve<Parts>().from_affine(&b.blocks[first], blocks, other.points.data());
        curve<Parts>().add(to, other.points.data(), blocks, to);
    });
}

template <int Parts>
Points<Parts> negate(const Points<Parts>& a) {
    a.require_backend();
    return in_chunks<Parts>(a.size, [&](size_t first, size_t blocks, PointBlock<Parts>* to) {
        curve<Parts>().from_affine(&a.blocks[first], blocks, to);
        curve<Parts>().negate(to, blocks, to);
    });
}

// k cut along the endomorphism (multiply.hpp): two parts of 33 digits in G1, four of 17 in G2, -8 <= digit
// < 8. Digits are secret and wiped with the chunk.
template <int Parts>
Points<Parts> multiply(const Points<Parts>& p, std::span<const Fr> k) {
    require_same(p, k.size());
    p.require_backend();
    constexpr MultiplyShape shape = multiply_shape(Parts);
    constexpr size_t block_digits = size_t(shape.parts * shape.windows) * 8;
    return in_chunks<Parts>(p.size, [&](size_t first, size_t blocks, PointBlock<Parts>* to) {
        SecretVector<uint8_t> digits(blocks * block_digits);
        for (size_t j = 0; j < blocks * 8; ++j)
            recode(k[std::min(first * 8 + j, p.size - 1)], shape,
                   digits.data() + j / 8 * block_digits + j % 8, 8);
        curve<Parts>().from_affine(&p.blocks[first], blocks, to);
        curve<Parts>().multiply(to, digits.data(), blocks, to);
    });
}

template struct Points<1>;
template struct Points<2>;
template Points<1> add(const Points<1>&, const Points<1>&);
template Points<2> add(const Points<2>&, const Points<2>&);
template Points<1> negate(const Points<1>&);
template Points<2> negate(const Points<2>&);
template Points<1> multiply(const Points<1>&, std::span<const Fr>);
template Points<2> multiply(const Points<2>&, std::span<const Fr>);

}  // namespace pyfe::group::bls12_381
