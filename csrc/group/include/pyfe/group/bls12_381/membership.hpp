// Whether points of the curves lie in the subgroups of order r: each by itself and exactly, or a whole batch
// by random combinations. Public points only. Proof, counts and sources: docs/math/batched-membership.md.
#pragma once
#include "pyfe/group/bls12_381/points.hpp"
#include "pyfe/random/random.hpp"

namespace pyfe::group::bls12_381 {

// Points of the curve, members or not; one Status (status.hpp) each, and the identity where that is not ok
template <int Parts>
Points<Parts> decompress(std::span<const uint8_t> in, std::vector<uint8_t>& status);

// Every pass gives every point a weight, a random integer t of `digits` balanced ternary digits, and adds the
// points up by t. Digit by digit that makes `digits` combinations with coefficients -1, 0 and 1.
struct MembershipShape {
    int digits, passes;
    constexpr int largest() const { return (values() - 1) / 2; }  // of t; and how many buckets a pass has
    constexpr int values() const {
        int n = 1;
        for (int i = 0; i < digits; ++i) n *= 3;
        return n;
    }
    // A bound for the probability that one t is drawn: t comes from 16 random bits. A pass overlooks points
    // outside with no larger one.
    constexpr double most_likely() const { return double((65535 + values()) / values()) / 65536; }

    // As many passes as make the error at most 2^-128
    static constexpr MembershipShape of(int digits) {
        MembershipShape shape = {digits, 0};
        for (double error = 1; error > 0x1p-128; error *= shape.most_likely()) ++shape.passes;
        return shape;
    }
};
constexpr int kMostMembershipDigits = 8;

// The cheapest shape with an error of at most 2^-128 for so many points
template <int Parts>
MembershipShape membership_shape(size_t points);

// True when all points of the curve p are members. When one is not: false but for a probability of at most
// most_likely()^passes over `random`, however the points were chosen before; the identity is a member.
template <int Parts>
bool all_members_vartime(const Points<Parts>& p, MembershipShape shape, Random& random);

// The same for batches of any length, cut into tiles, with an error of at most 2^-128. Several threads draw
// from `random`.
template <int Parts>
bool all_members_vartime(const Points<Parts>& p, Random& random);

// Exactly: the first of points 0 .. count - 1 that is no member, or `count`
template <int Parts>
size_t first_outside_vartime(const Points<Parts>& p, size_t count);

// Decoders ask all_members_vartime from so many points on, and first_outside_vartime for fewer or to name one
size_t batched_membership_from();
// For benchmarks and tests; what is accepted stays the same.
void set_batched_membership_from(size_t points);

}  // namespace pyfe::group::bls12_381
