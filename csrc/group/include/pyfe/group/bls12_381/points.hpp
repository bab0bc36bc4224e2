// Batches of points of G1 (Parts = 1) and G2 (Parts = 2) of BLS12-381.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "pyfe/base/secret.hpp"
#include "pyfe/field/fr.hpp"
#include "pyfe/group/bls12_381/blocks.hpp"

namespace pyfe::group::bls12_381 {

using field::bls12_381::Fr;
using field::bls12_381::PublicFr;

struct Kernels;
const Kernels& kernels();

// Members of the subgroup of order r, affine; the last block is padded with copies of its last point.
template <int Parts>
struct Points {
    static constexpr size_t bytes = 48 * Parts;  // of a compressed point

    std::vector<AffineBlock<Parts>> blocks;
    size_t size = 0;
    const Kernels* made_by = &kernels();  // the backend whose form the blocks have

    // Error(parameter) when another backend is active now
    void require_backend() const;

    // Strict, the subgroup included: for many points that is tested by random combinations, which overlook
    // those outside with a probability of at most 2^-128 (membership.hpp). Error(decode) naming `what`, the
    // index of the first bad point and what is wrong. Not in constant time: encoded points are public.
    static Points decode(std::span<const uint8_t> in, const std::string& what);
    // The same, where the caller names point j
    using Name = std::function<std::string(size_t j)>;
    static Points decode(std::span<const uint8_t> in, const Name& name);
    // Of encodings that are known to be members', because decode() took them before or encode() made them:
    // the subgroup is not tested again, everything else is
    static Points decode_members(std::span<const uint8_t> in, const Name& name);
    void encode(uint8_t* out) const;
    std::vector<uint8_t> encode() const;

    // RFC 9380, suite BLS12381G1_XMD:SHA-256_SSWU_RO_ or that of G2, for any domain separation tag but an
    // empty one, which is Error(parameter). Constant-time in the messages but for their lengths.
    static Points hash(std::span<const std::span<const uint8_t>> messages, std::span<const uint8_t> dst);

    static Points generator(size_t count);
    static Points identity(size_t count);
    // Points first, first + step, .. : `count` of them
    Points slice(size_t first, ptrdiff_t step, size_t count) const;
    static Points concat(std::span<const Points* const> parts);
};

using G1Points = Points<1>;
using G2Points = Points<2>;

template <int Parts>
Points<Parts> add(const Points<Parts>& a, const Points<Parts>& b);
template <int Parts>
Points<Parts> negate(const Points<Parts>& a);
// k_j P_j. Constant-time in k and P.
template <int Parts>
Points<Parts> multiply(const Points<Parts>& p, std::span<const Fr> k);

}  // namespace pyfe::group::bls12_381
