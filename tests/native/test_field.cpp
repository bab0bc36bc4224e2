// The room field: GF(2^255 - 19) on one lane and on eight emulated lanes against schoolbook integers, the
// reduction modulo p of BLS12-381 on columns at their bounds, and the integers modulo l. The AVX-512 lanes
// are compared through the kernel tables, in test_group.
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "check.hpp"
#include "pyfe/field/constants25519.hpp"
#include "pyfe/field/fe51.hpp"
#include "pyfe/field/fe_lanes.hpp"
#include "pyfe/field/field25519.hpp"
#include "pyfe/field/fp64.hpp"
#include "pyfe/field/fp_lanes.hpp"
#include "pyfe/field/lanes_emulated.hpp"
#include "pyfe/field/scalar.hpp"
#include "support.hpp"

namespace {

using pyfe::field::Fe51;
using pyfe::field::Scalar;
using support::from_hex;
using support::Stream;
using Emulated = pyfe::field::FeLanes<pyfe::field::emulated::Lanes>;
using u128 = unsigned __int128;

// -- schoolbook integers of 256 bits, modulo any m with its top bit at 252 or above -----------------------

struct Int {
    std::uint64_t w[4] = {0, 0, 0, 0};
    bool operator==(const Int&) const = default;
};

constexpr Int prime = {{0xffffffffffffffedU, ~std::uint64_t{0}, ~std::uint64_t{0}, 0x7fffffffffffffffU}};
constexpr Int order = {{0x5812631a5cf5d3edU, 0x14def9dea2f79cd6U, 0, 0x1000000000000000U}};

bool less(const Int& a, const Int& b) {
    for (int i = 3; i >= 0; --i) {
        if (a.w[i] != b.w[i]) return a.w[i] < b.w[i];
    }
    return false;
}

Int minus(const Int& a, const Int& b) {
    Int r;
    std::uint64_t borrow = 0;
    for (int i = 0; i < 4; ++i) {
        const u128 d = u128(a.w[i]) - b.w[i] - borrow;
        r.w[i] = static_cast<std::uint64_t>(d);
        borrow = static_cast<std::uint64_t>(d >> 64) & 1;
    }
    return r;
}

// a, b < m < 2^255: the sum does not overflow
Int add_mod(const Int& a, const Int& b, const Int& m) {
    Int r;
    u128 carry = 0;
    for (int i = 0; i < 4; ++i) {
        carry += u128(a.w[i]) + b.w[i];
        r.w[i] = static_cast<std::uint64_t>(carry);
        carry >>= 64;
    }
    return less(r, m) ? r : minus(r, m);
}

Int sub_mod(const Int& a, const Int& b, const Int& m) { return add_mod(a, less({}, b) ? minus(m, b) : b, m); }

Int reduced(Int a, const Int& m) {
    while (!less(a, m)) a = minus(a, m);
    return a;
}

// Bit by bit from the top: r = 2 r + bit, or r = 2 r + bit * a
Int mul_mod(const Int& a, const Int& b, const Int& m) {
    Int r;
    for (int bit = 255; bit >= 0; --bit) {
        r = add_mod(r, r, m);
        if (b.w[bit / 64] >> (bit % 64) & 1) r = add_mod(r, a, m);
    }
    return r;
}

Int pow_mod(const Int& a, const Int& e, const Int& m) {
    Int r = {{1, 0, 0, 0}};
    for (int bit = 255; bit >= 0; --bit) {
        r = mul_mod(r, r, m);
        if (e.w[bit / 64] >> (bit % 64) & 1) r = mul_mod(r, a, m);
    }
    return r;
}

Int from_bytes(const std::uint8_t* in) {
    Int r;
    std::memcpy(r.w, in, 32);
    return r;
}

Int random_below(Stream& random, const Int& m) {
    Int r = from_bytes(random.bytes(32).data());
    r.w[3] >>= 1;
    return reduced(r, m);
}

// -- GF(2^255 - 19) ---------------------------------------------------------------------------------------

// Five limbs as they may be stored, canonical or not
struct Limbs {
    std::uint64_t l[5];
};

Int value_of(const Limbs& a) {
    Int sum, weight = {{1, 0, 0, 0}};
    const Int two51 = {{std::uint64_t{1} << 51, 0, 0, 0}};
    for (const std::uint64_t limb : a.l) {
        sum = add_mod(sum, mul_mod({{limb, 0, 0, 0}}, weight, prime), prime);
        weight = mul_mod(weight, two51, prime);
    }
    return sum;
}

Limbs limbs_of(const Int& a) {
    constexpr std::uint64_t mask = (std::uint64_t{1} << 51) - 1;
    return {{a.w[0] & mask, (a.w[0] >> 51 | a.w[1] << 13) & mask, (a.w[1] >> 38 | a.w[2] << 26) & mask,
             (a.w[2] >> 25 | a.w[3] << 39) & mask, a.w[3] >> 12 & mask}};
}

// 0, 1, p - 1 and their neighbours; the same values unreduced; every limb at the bound of a carried element
std::vector<Limbs> edge_elements(Stream& random) {
    constexpr std::uint64_t full = (std::uint64_t{1} << 51) - 1;
    std::vector<Limbs> out;
    for (const std::uint64_t v : {0, 1, 2, 3, 18, 19, 20, 38}) {
        out.push_back({{v, 0, 0, 0, 0}});
        if (v > 0) out.push_back(limbs_of(minus(prime, {{v, 0, 0, 0}})));
        if (v < 19) out.push_back({{full - 18 + v, full, full, full, full}});  // p + v
    }
    for (std::uint64_t v = 0; v < 3; ++v) out.push_back({{full + 1 + v, full, full, full, full}});
    for (int i = 0; i < 5; ++i) {
        Limbs one{}, carried{};
        one.l[i] = full;
        carried.l[i] = full + (std::uint64_t{1} << 13);  // what a product may leave
        out.push_back(one);
        out.push_back(carried);
    }
    constexpr std::uint64_t most = full + (std::uint64_t{1} << 13);
    out.push_back({{most, most, most, most, most}});
    out.push_back(limbs_of({{std::uint64_t{1} << 63, 0, 0, 0}}));
    for (int i = 0; i < 8; ++i) out.push_back(limbs_of(random_below(random, prime)));
    return out;
}

// The eight elements from `first` on, one a lane; wraps around
using Element = std::uint64_t[5][8];
void fill(const std::vector<Limbs>& from, std::size_t first, Element& out) {
    for (int lane = 0; lane < 8; ++lane) {
        const Limbs& a = from[(first + static_cast<std::size_t>(lane)) % from.size()];
        for (int i = 0; i < 5; ++i) out[i][lane] = a.l[i];
    }
}

// Calls body(lane) as the kernels do: for eight lanes at once, or for one after the other.
template <class F, class Body>
void each(Body body) {
    for (int lane = 0; lane < 8; lane += F::lanes) body(lane);
}

template <class F>
Int word_value(const F& a, int lane, int within) {
    std::uint64_t w[4][8];
    a.to_words(w, lane);
    Int r;
    for (int i = 0; i < 4; ++i) r.w[i] = w[i][within];
    return r;
}

template <class F>
bool mask_bit(typename F::Mask m, int lane, int within) {
    return F::Lane::mask_bits(m) >> (within - lane) & 1;
}

template <class F>
struct Pair {
    F a, b;
    Int x, y;  // of the lane looked at
};

// Runs test(pair, lane, within) for every lane of the elements from i and from j on
template <class F, class Test>
void for_pairs(const std::vector<Limbs>& values, std::size_t i, std::size_t j, Test test) {
    Element ea, eb;
    fill(values, i, ea);
    fill(values, j, eb);
    each<F>([&](int lane) {
        const F a = F::load(ea, lane), b = F::load(eb, lane);
        for (int within = lane; within < lane + F::lanes; ++within) {
            const auto at = [&](std::size_t k) {
                return value_of(values[(k + std::size_t(within)) % values.size()]);
            };
            test(Pair<F>{a, b, at(i), at(j)}, lane, within);
        }
    });
}

template <class F>
void test_ring() {
    Stream random(1);
    const std::vector<Limbs> values = edge_elements(random);
    for (std::size_t i = 0; i < values.size(); i += 8) {
        for (std::size_t j = 0; j < values.size(); j += 3) {
            for_pairs<F>(values, i, j, [](const Pair<F>& p, int lane, int within) {
                const auto is = [&](const F& f, const Int& expected) {
                    CHECK(word_value(f, lane, within) == expected);
                };
                is(F::add(p.a, p.b), add_mod(p.x, p.y, prime));
                is(F::carry(F::add_lazy(p.a, p.b)), add_mod(p.x, p.y, prime));
                is(F::sub(p.a, p.b), sub_mod(p.x, p.y, prime));
                is(F::mul(p.a, p.b), mul_mod(p.x, p.y, prime));
                is(F::mul(F::sub(p.a, p.b), F::add(p.a, p.b)),
                   mul_mod(sub_mod(p.x, p.y, prime), add_mod(p.x, p.y, prime), prime));
                CHECK(mask_bit<F>(F::equal(p.a, p.b), lane, within) == (p.x == p.y));
            });
        }
    }
}

template <class F>
void test_single() {
    Stream random(2);
    const std::vector<Limbs> values = edge_elements(random);
    for (std::size_t i = 0; i < values.size(); i += 8) {
        for_pairs<F>(values, i, i + 1, [](const Pair<F>& p, int lane, int within) {
            const Int zero{};
            CHECK(word_value(p.a, lane, within) == p.x);  // whatever the limbs were, the words are canonical
            CHECK(word_value(F::reduce(p.a), lane, within) == p.x);
            CHECK(word_value(F::square(p.a), lane, within) == mul_mod(p.x, p.x, prime));
            CHECK(word_value(F::neg(p.a), lane, within) == sub_mod(zero, p.x, prime));
            CHECK(mask_bit<F>(F::is_zero(p.a), lane, within) == (p.x == zero));
            CHECK(mask_bit<F>(F::is_negative(p.a), lane, within) == (p.x.w[0] & 1));
            const auto odd = F::is_negative(p.a);
            const bool is_odd = p.x.w[0] & 1;
            CHECK(word_value(F::select(odd, p.b, p.a), lane, within) == (is_odd ? p.y : p.x));
            const Int absolute = is_odd ? sub_mod(zero, p.x, prime) : p.x;
            CHECK(word_value(pyfe::field::absolute(p.a), lane, within) == absolute);
        });
    }
}

template <class F>
void test_powers() {
    Stream random(3);
    const std::vector<Limbs> values = edge_elements(random);
    const Int e_inverse = minus(prime, {{2, 0, 0, 0}});
    const Int e_root = {{~std::uint64_t{0} - 2, ~std::uint64_t{0}, ~std::uint64_t{0}, 0x0fffffffffffffffU}};
    for (std::size_t i = 0; i < values.size(); i += 8) {
        for_pairs<F>(values, i, i, [&](const Pair<F>& p, int lane, int within) {
            CHECK(word_value(pyfe::field::invert(p.a), lane, within) == pow_mod(p.x, e_inverse, prime));
            CHECK(word_value(pyfe::field::pow_22523(p.a), lane, within) == pow_mod(p.x, e_root, prime));
        });
    }
}

// RFC 9496, 4.2, by its contract: r >= 0 and v r^2 = u, or v r^2 = sqrt(-1) u
template <class F>
void test_sqrt_ratio() {
    Stream random(4);
    const std::vector<Limbs> values = edge_elements(random);
    const Int i_root = value_of({{pyfe::field::kSqrtM1[0], pyfe::field::kSqrtM1[1], pyfe::field::kSqrtM1[2],
                                  pyfe::field::kSqrtM1[3], pyfe::field::kSqrtM1[4]}});
    unsigned squares = 0, others = 0;
    for (std::size_t i = 0; i < values.size(); i += 8) {
        for (std::size_t j = 0; j < values.size(); j += 8) {
            for_pairs<F>(values, i, j, [&](const Pair<F>& p, int lane, int within) {
                typename F::Mask was_square;
                const Int r = word_value(pyfe::field::sqrt_ratio_m1(p.a, p.b, &was_square), lane, within);
                const bool square = mask_bit<F>(was_square, lane, within);
                CHECK((r.w[0] & 1) == 0);
                const Int zero{};
                if (p.x == zero) return CHECK(square && r == zero);
                if (p.y == zero) return CHECK(!square && r == zero);
                const Int vrr = mul_mod(p.y, mul_mod(r, r, prime), prime);
                CHECK(vrr == (square ? p.x : mul_mod(i_root, p.x, prime)));
                squares += square;
                others += !square;
            });
        }
    }
    CHECK(squares > 100 && others > 100);
}

// Bytes in, bytes out: bit 255 is dropped, the rest is reduced.
template <class F>
void test_words() {
    Stream random(5);
    std::vector<Int> values = {{}, {{1, 0, 0, 0}}, prime, minus(prime, {{1, 0, 0, 0}})};
    values.push_back({{~std::uint64_t{0}, ~std::uint64_t{0}, ~std::uint64_t{0}, ~std::uint64_t{0}}});
    values.push_back({{0, 0, 0, std::uint64_t{1} << 63}});
    while (values.size() < 40) values.push_back(from_bytes(random.bytes(32).data()));
    for (std::size_t first = 0; first + 8 <= values.size(); first += 8) {
        std::uint64_t w[4][8];
        for (int lane = 0; lane < 8; ++lane) {
            for (int i = 0; i < 4; ++i) w[i][lane] = values[first + std::size_t(lane)].w[i];
        }
        each<F>([&](int lane) {
            const F a = F::from_words(w, lane);
            for (int within = lane; within < lane + F::lanes; ++within) {
                Int expected = values[first + std::size_t(within)];
                expected.w[3] &= prime.w[3];
                CHECK(word_value(a, lane, within) == reduced(expected, prime));
            }
        });
    }
}

template <class F>
void test_field() {
    test_ring<F>();
    test_single<F>();
    test_powers<F>();
    test_sqrt_ratio<F>();
    test_words<F>();
}

// -- columns at their bounds, straight into the reductions ------------------------------------------------

// Of each column 0 or the most that it can hold: all, none, one, all but one, every other one
std::vector<std::vector<u128>> extreme_columns(const std::vector<u128>& most) {
    const std::vector<u128> none(most.size(), 0);
    std::vector<std::vector<u128>> out = {most, none, none, none};
    for (std::size_t k = 0; k < most.size(); ++k) {
        std::vector<u128> one = none, others = most;
        one[k] = most[k], others[k] = 0;
        out.push_back(one);
        out.push_back(others);
        out[2 + k % 2][k] = most[k];
    }
    return out;
}

// sum_k c_k 2^(51 k)
Int value_of_columns(const std::vector<u128>& c) {
    Int sum, weight = {{1, 0, 0, 0}};
    for (const u128 column : c) {
        const Int both = {
            {static_cast<std::uint64_t>(column), static_cast<std::uint64_t>(column >> 64), 0, 0}};
        sum = add_mod(sum, mul_mod(reduced(both, prime), weight, prime), prime);
        weight = mul_mod(weight, {{std::uint64_t{1} << 51, 0, 0, 0}}, prime);
    }
    return sum;
}

void test_extreme_columns_25519() {
    using Lanes = pyfe::field::emulated::Lanes;
    for (const std::vector<u128>& c : extreme_columns(std::vector<u128>(10, (u128{1} << 56) - 1))) {
        Lanes columns[10];
        for (std::size_t k = 0; k < 10; ++k) columns[k] = Lanes::broadcast(static_cast<std::uint64_t>(c[k]));
        CHECK(word_value(Emulated::reduce_columns(columns), 0, 3) == value_of_columns(c));
    }
    // 1 + k products of limbs below 2^54, and 19 times 4 - k of them
    std::vector<u128> most;
    for (unsigned k = 0; k < 5; ++k)
        most.push_back((1 + k + 19 * (4 - k)) *
                       (u128{(std::uint64_t{1} << 54) - 1} * ((std::uint64_t{1} << 54) - 1)));
    for (const std::vector<u128>& c : extreme_columns(most))
        CHECK(word_value(Fe51::carry_wide(c[0], c[1], c[2], c[3], c[4]), 0, 0) == value_of_columns(c));
}

// The base field of BLS12-381: the reduction of signed columns against sums of words, all sixteen columns at
// either end of what 28 products leave there. The topmost is smaller: the sum must stay within +-2^17 p^2.
namespace fp = pyfe::field::bls12_381;
using FpEmulated = fp::FpLanes<pyfe::field::emulated::Lanes>;
using fp::Fp64;

Fp64 fp_from(std::uint64_t value) {
    const std::uint64_t w[6][8] = {{value}};
    return Fp64::from_words(w, 0);
}

// sum_k c_k 2^(50 k)
Fp64 value_of_signed(const std::vector<std::int64_t>& c) {
    Fp64 sum = Fp64::zero();
    for (std::size_t k = c.size(); k-- > 0;) {
        sum = Fp64::mul(sum, fp_from(std::uint64_t{1} << 50));
        sum = c[k] < 0 ? Fp64::sub<4>(sum, fp_from(static_cast<std::uint64_t>(-c[k])))
                       : Fp64::add(sum, fp_from(static_cast<std::uint64_t>(c[k])));
    }
    return sum;
}

void check_reduction(const std::vector<std::int64_t>& c) {
    FpEmulated::Wide w;
    for (std::size_t k = 0; k < 16; ++k)
        w.c[k] = pyfe::field::emulated::Lanes::broadcast(static_cast<std::uint64_t>(c[k]));
    w.magnitude = 1u << 17, w.products = FpEmulated::kMostSummed;
    std::uint64_t reduced_words[6][8], expected[6][8];
    FpEmulated::reduce(w).to_words(reduced_words, 0);  // of an element in Montgomery form: w / R^2
    Fp64 back = Fp64::from_words(reduced_words, 0);
    for (int i = 0; i < 16; ++i) back = Fp64::mul(back, fp_from(std::uint64_t{1} << 50));  // R = 2^400
    back.to_words(reduced_words, 0);
    value_of_signed(c).to_words(expected, 0);
    for (int i = 0; i < 6; ++i) CHECK(reduced_words[i][0] == expected[i][0]);
}

void test_extreme_columns_381() {
    const std::int64_t most = FpEmulated::kMostSummed * FpEmulated::kColumn - 1;
    const std::int64_t top = std::int64_t{1} << 28;
    for (const std::vector<u128>& pattern : extreme_columns(std::vector<u128>(16, 1)))
        for (const std::int64_t other : {std::int64_t{0}, std::int64_t{-1}})
            for (const std::int64_t sign : {std::int64_t{1}, std::int64_t{-1}}) {
                std::vector<std::int64_t> c;
                for (std::size_t k = 0; k < 16; ++k)
                    c.push_back(sign * (pattern[k] != 0 ? 1 : other) * (k < 15 ? most : top));
                check_reduction(c);
            }
}

// The generated constants, by the equations that define them
void test_constants() {
    using namespace pyfe::field;
    const auto value = [](const std::uint64_t(&l)[5]) { return value_of({{l[0], l[1], l[2], l[3], l[4]}}); };
    const auto mul = [](const Int& a, const Int& b) { return mul_mod(a, b, prime); };
    const auto sub = [](const Int& a, const Int& b) { return sub_mod(a, b, prime); };
    const Int zero{}, one = {{1, 0, 0, 0}}, d = value(kD), minus_one = sub(zero, one);
    CHECK(value(kOne) == one);
    CHECK(mul(d, {{121666, 0, 0, 0}}) == sub(zero, {{121665, 0, 0, 0}}));
    CHECK(value(k2D) == add_mod(d, d, prime));
    CHECK(mul(value(kSqrtM1), value(kSqrtM1)) == minus_one);
    CHECK(mul(value(kSqrtAdMinusOne), value(kSqrtAdMinusOne)) == sub(sub(zero, d), one));
    CHECK(mul(mul(value(kInvsqrtAMinusD), value(kInvsqrtAMinusD)), sub(minus_one, d)) == one);
    CHECK(value(kOneMinusDSq) == sub(one, mul(d, d)));
    CHECK(value(kDMinusOneSq) == mul(sub(d, one), sub(d, one)));
    const Int x = value(kBaseX), y = value(kBaseY);
    CHECK(mul(y, {{5, 0, 0, 0}}) == (Int{{4, 0, 0, 0}}));
    CHECK(sub(mul(y, y), mul(x, x)) == add_mod(one, mul(d, mul(mul(x, x), mul(y, y))), prime));
    CHECK(mul(value(kMontgomeryC), value(kMontgomeryC)) == sub(zero, {{486664, 0, 0, 0}}));
    CHECK(value(kMontgomeryA) == (Int{{486662, 0, 0, 0}}));
}

// -- integers modulo l ------------------------------------------------------------------------------------

Int value_of(const Scalar& a) { return {{a.w[0], a.w[1], a.w[2], a.w[3]}}; }

std::vector<Scalar> scalars() {
    std::vector<Scalar> out = support::edge_scalars();
    Stream random(6);
    for (int i = 0; i < 20; ++i) out.push_back(random.scalar());
    return out;
}

void test_scalar_ring() {
    const std::vector<Scalar> all = scalars();
    for (const Scalar& a : all) {
        CHECK(less(value_of(a), order));
        for (const Scalar& b : all) {
            const Int x = value_of(a), y = value_of(b);
            CHECK(value_of(Scalar::add(a, b)) == add_mod(x, y, order));
            CHECK(value_of(Scalar::sub(a, b)) == sub_mod(x, y, order));
            CHECK(value_of(Scalar::mul(a, b)) == mul_mod(x, y, order));
        }
    }
}

void test_scalar_single() {
    const Scalar one = support::small_scalar(1);
    for (const Scalar& a : scalars()) {
        const bool zero = value_of(a) == Int{};
        CHECK(a.is_zero_mask() == (zero ? ~std::uint64_t{0} : 0));
        CHECK(value_of(Scalar::mul(a, Scalar::invert(a))) == value_of(zero ? a : one));
        const Scalar half = Scalar::half(a);
        CHECK(value_of(Scalar::add(half, half)) == value_of(a));
        std::uint8_t bytes[32];
        a.to_bytes(bytes);
        std::uint64_t ok = 0;
        CHECK(value_of(Scalar::from_bytes(bytes, &ok)) == value_of(a) && ok == ~std::uint64_t{0});
    }
}

void test_scalar_bytes() {
    std::uint64_t ok = 1;
    Int above = order;
    for (int step = 0; step < 3; ++step, ++above.w[0]) {
        (void)Scalar::from_bytes(reinterpret_cast<const std::uint8_t*>(above.w), &ok);
        CHECK(ok == 0);
    }
    for (int bit = 253; bit < 256; ++bit) {
        Int high;
        high.w[3] = std::uint64_t{1} << (bit - 192);
        (void)Scalar::from_bytes(reinterpret_cast<const std::uint8_t*>(high.w), &ok);
        CHECK(ok == 0);
    }
    const Scalar last = Scalar::from_bytes(reinterpret_cast<const std::uint8_t*>(minus(order, {{1}}).w), &ok);
    CHECK(ok == ~std::uint64_t{0});
    CHECK(value_of(last) == value_of(support::negated(support::small_scalar(1))));
}

void test_scalar_from_int64() {
    for (const std::int64_t v : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{255},
                                 std::int64_t{-255}, INT64_MAX, INT64_MIN, INT64_MIN + 1}) {
        const std::uint64_t magnitude =
            v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
        const Int m = {{magnitude, 0, 0, 0}};
        CHECK(value_of(Scalar::from_int64(v)) == (v < 0 ? minus(order, m) : m));
    }
}

// 512-bit values: high 2^256 + low, by the schoolbook
void test_wide_reduction() {
    Stream random(7);
    std::vector<support::Bytes> inputs = {support::Bytes(64, 0), support::Bytes(64, 0xff)};
    for (int byte = 0; byte < 64; byte += 3) {
        inputs.emplace_back(64, 0);
        inputs.back()[std::size_t(byte)] = 0x80;
    }
    for (int i = 0; i < 60; ++i) inputs.push_back(random.bytes(64));
    const Int two255 = reduced({{0, 0, 0, std::uint64_t{1} << 63}}, order);
    const Int two256 = add_mod(two255, two255, order);
    for (const support::Bytes& in : inputs) {
        const Int low = reduced(from_bytes(in.data()), order),
                  high = reduced(from_bytes(in.data() + 32), order);
        const Int expected = add_mod(low, mul_mod(high, two256, order), order);
        CHECK(value_of(Scalar::from_wide_bytes(in.data())) == expected);
    }
    // Multiples of l, and one less, where a Barrett quotient may be off by one or two
    for (const std::uint64_t factor :
         {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{15}, ~std::uint64_t{0}}) {
        std::uint64_t wide[8] = {};
        u128 carry = 0;
        for (int i = 0; i < 4; ++i) {
            carry += u128(order.w[i]) * factor;
            wide[i + 3] = static_cast<std::uint64_t>(carry);  // times 2^192
            carry >>= 64;
        }
        wide[7] = static_cast<std::uint64_t>(carry);
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(wide);
        CHECK(value_of(Scalar::from_wide_bytes(bytes)) == Int{});
        for (int i = 0; wide[i]-- == 0; ++i) {
        }
        CHECK(value_of(Scalar::from_wide_bytes(bytes)) == minus(order, {{1, 0, 0, 0}}));
    }
}

// 2^256 mod l and 1/3 mod l, computed elsewhere
void test_scalar_known() {
    support::Bytes two256(64, 0);
    two256[32] = 1;
    std::uint8_t out[32];
    Scalar::from_wide_bytes(two256.data()).to_bytes(out);
    CHECK(check::hex(out) == "1d95988d7431ecd670cf7d73f45befc6feffffffffffffffffffffffffffff0f");
    Scalar::invert(support::small_scalar(3)).to_bytes(out);
    CHECK(check::hex(out) == "498d4e9311420c903913a56c94a694b8aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0a");
}

}  // namespace

int main() {
    test_constants();
    test_field<Fe51>();
    test_field<Emulated>();
    test_extreme_columns_25519();
    test_extreme_columns_381();
    test_scalar_ring();
    test_scalar_single();
    test_scalar_bytes();
    test_scalar_from_int64();
    test_wide_reduction();
    test_scalar_known();
    return check::result("test_field");
}
