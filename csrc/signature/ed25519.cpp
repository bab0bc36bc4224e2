#include "pyfe/signature/ed25519.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/field/fe51.hpp"
#include "pyfe/field/scalar.hpp"
#include "pyfe/group/ristretto255/curve.hpp"
#include "pyfe/hash/sha2.hpp"

namespace pyfe {
namespace {

using field::Fe51;
using field::Scalar;
using Point = group::ristretto255::Point<Fe51>;  // of edwards25519, the curve that ristretto255 stands on
using Cached = group::ristretto255::Cached<Fe51>;
using Encoding = std::array<std::uint8_t, ed25519_key_size>;

constexpr std::size_t piece = std::size_t{1} << 20;  // hashed between two checkpoints

// B, with y = 4/5 and an even x
constexpr Encoding base_encoding = {0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
                                    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
                                    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66};

Fe51 from_bytes(const Encoding& bytes) {
    std::uint64_t words[4][8] = {};
    for (std::size_t i = 0; i < 32; ++i) words[i / 8][0] |= std::uint64_t{bytes[i]} << (8 * (i % 8));
    return Fe51::from_words(words, 0);
}

Encoding to_bytes(const Fe51& value) {
    std::uint64_t words[4][8] = {};
    value.to_words(words, 0);
    Encoding out;
    for (std::size_t i = 0; i < 32; ++i) out[i] = static_cast<std::uint8_t>(words[i / 8][0] >> (8 * (i % 8)));
    return out;
}

// RFC 8032, section 5.1.3: x^2 = (y^2 - 1) / (d y^2 + 1)
std::optional<Point> decoded(Encoding bytes) {
    const bool sign = (bytes[31] & 0x80) != 0;
    bytes[31] &= 0x7f;
    const Fe51 y = from_bytes(bytes);
    if (to_bytes(y) != bytes) return std::nullopt;  // y was not below p
    const Fe51 yy = Fe51::square(y), one = Fe51::small(1);
    const Fe51 u = Fe51::sub(yy, one);
    const Fe51 v = Fe51::add(Fe51::mul(yy, field::constant<Fe51>(field::kD)), one);
    std::uint64_t square = 0;
    Fe51 x = field::sqrt_ratio_m1(u, v, &square);
    if (square == 0 || (sign && Fe51::is_zero(x) != 0)) return std::nullopt;
    if (sign) x = Fe51::neg(x);
    return Point::affine(x, y);
}

Encoding encoded(const Point& p) {
    const Fe51 z_inv = field::invert(p.z);
    Encoding out = to_bytes(Fe51::mul(p.y, z_inv));
    if (Fe51::is_negative(Fe51::mul(p.x, z_inv)) != 0) out[31] |= 0x80;
    return out;
}

bool is_identity(const Point& p) { return Fe51::is_zero(p.x) != 0 && Fe51::equal(p.y, p.z) != 0; }

bool of_small_order(const Point& p) { return is_identity(group::ristretto255::double_times(p, 3)); }

std::optional<Point> key_point(std::span<const std::uint8_t> key) {
    Encoding bytes;
    std::ranges::copy(key, bytes.begin());
    const std::optional<Point> a = decoded(bytes);
    return a && !of_small_order(*a) ? a : std::nullopt;
}

unsigned digit(const Scalar& k, int i) { return static_cast<unsigned>(k.w[i / 16] >> (4 * (i % 16))) & 15; }

// 1 P .. 15 P
std::array<Cached, 15> multiples(const Point& p) {
    std::array<Cached, 15> out;
    out[0] = Cached::from(p);
    Point sum = p;
    for (std::size_t i = 1; i < out.size(); ++i) {
        sum = group::ristretto255::add(sum, out[0]);
        out[i] = Cached::from(sum);
    }
    return out;
}

// a P + b Q, four bits of both at a time
Point double_product_vartime(const Scalar& a, const Point& p, const Scalar& b, const Point& q) {
    const std::array<Cached, 15> of_p = multiples(p), of_q = multiples(q);
    Point sum = Point::identity();
    for (int i = 63; i >= 0; --i) {
        sum = group::ristretto255::double_times(sum, 4);
        if (const unsigned d = digit(a, i); d != 0) sum = group::ristretto255::add(sum, of_p[d - 1]);
        if (const unsigned d = digit(b, i); d != 0) sum = group::ristretto255::add(sum, of_q[d - 1]);
    }
    return sum;
}

// SHA-512(R | A | M) modulo the group order
Scalar challenge(std::span<const std::uint8_t> R, std::span<const std::uint8_t> A,
                 std::span<const std::uint8_t> M) {
    Sha512 hash;
    hash.update(R).update(A);
    for (std::size_t at = 0; at < M.size(); at += piece) {
        checkpoint();
        hash.update(M.subspan(at, std::min(piece, M.size() - at)));
    }
    return Scalar::from_wide_bytes(hash.finish().data());
}

}  // namespace

bool is_ed25519_key_vartime(std::span<const std::uint8_t> key) {
    return key.size() == ed25519_key_size && key_point(key).has_value();
}

bool verify_ed25519_vartime(std::span<const std::uint8_t> key, std::span<const std::uint8_t> message,
                            std::span<const std::uint8_t> signature) {
    if (key.size() != ed25519_key_size || signature.size() != ed25519_signature_size)
        fail(ErrorKind::parameter, "Ed25519: a key has 32 bytes, a signature 64");
    const std::optional<Point> A = key_point(key);
    const auto R = signature.first(32);
    std::uint64_t canonical = 0;
    const Scalar S = Scalar::from_bytes(signature.data() + 32, &canonical);
    if (!A || canonical == 0) return false;
    const Scalar k = challenge(R, key, message);
    const Point B = *decoded(base_encoding);
    return std::ranges::equal(encoded(double_product_vartime(S, B, k, Point::negate(*A))), R);
}

}  // namespace pyfe
