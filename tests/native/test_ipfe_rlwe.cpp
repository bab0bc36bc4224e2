// The parameters of inner products from Ring-LWE: the integers that they are worked out in, logarithms, words
// and weights. The rule itself is held against its twin in Python.
#include <cmath>
#include <vector>

#include "check.hpp"
#include "pyfe/ipfe_rlwe/estimate.hpp"
#include "pyfe/ipfe_rlwe/margin.hpp"
#include "rule.hpp"

namespace {

using namespace pyfe::ipfe_rlwe;

// Numbers that look random and are the same everywhere
class Numbers {
  public:
    uint64_t next() {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return state_ ^ state_ >> 29;
    }
    // Of any number of bits up to 64, long runs of equal bits among them
    uint64_t word() {
        const uint64_t v = next() >> next() % 64;
        return next() % 4 == 0 ? ~(v >> next() % 64) : v;
    }
    uint128 pair() { return uint128{word()} << 64 | word(); }
    Integer integer(unsigned words) {
        Integer out;
        for (unsigned i = 0; i < words; ++i) out = (out << 64) + word();
        return out;
    }

  private:
    uint64_t state_ = 26;
};

void test_small_integers() {
    Numbers numbers;
    for (int i = 0; i < 20000; ++i) {
        const uint64_t a = numbers.word(), b = numbers.word(), s = numbers.next() % 64;
        const uint128 wide = numbers.pair(), other = numbers.pair();
        CHECK((Integer(a) * b).to_u128() == uint128{a} * b);
        CHECK((Integer(a) + b).to_u128() == uint128{a} + b);
        CHECK((Integer(a) << s).to_u128() == uint128{a} << s);
        CHECK((Integer::of(wide) >> s).to_u128() == wide >> s);
        CHECK((Integer::of(std::max(wide, other)) - Integer::of(std::min(wide, other))).to_u128() ==
              std::max(wide, other) - std::min(wide, other));
        CHECK((Integer::of(wide) < Integer::of(other)) == (wide < other));
        if (b == 0) continue;
        CHECK(divided_up(Integer::of(wide), b).to_u128() == wide / b + (wide % b != 0));
        CHECK(shifted_up(Integer::of(wide), 7).to_u128() == (wide >> 7) + ((wide & 127) != 0));
    }
}

void test_large_integers() {
    Numbers numbers;
    for (int i = 0; i < 300; ++i) {
        const Integer a = numbers.integer(5), b = numbers.integer(5) + 1, c = numbers.integer(4);
        const unsigned s = numbers.next() % 300;
        CHECK(a * b + a * c == a * (b + c));
        CHECK((a + b) * (a + b) == a * a + a * b * 2 + b * b);
        CHECK(((a << s) >> s) == a && a * Integer::power_of_two(s) == (a << s));
        CHECK(a + b - b == a && (a >> s) <= a);
        const Integer quotient = divided_up(a * c, b);
        CHECK(quotient * b >= a * c && (quotient == Integer(0) || (quotient - 1) * b < a * c));
        for (const unsigned k : {1U, 2U, 3U, 7U}) {
            const Integer v = numbers.integer(8), r = root(v, k);
            Integer below(1), above(1);
            for (unsigned j = 0; j < k; ++j) below = below * r, above = above * (r + 1);
            CHECK(below <= v && v < above);
        }
        CHECK(square_root_up(a * a) == a && square_root_up(a * a + 1) == a + 1);
    }
}

// At the last bit, and one beyond it
void test_ends() {
    const Integer top = Integer::power_of_two(1023), half = Integer::power_of_two(512);
    const Integer all = top - 1 + top;
    CHECK(all.bit_length() == 1024 && top.bit_length() == 1024 && Integer(0).bit_length() == 0);
    CHECK((half - 1) * (half + 1) == all && all.bit(1023) && !all.bit(1024) && !top.bit(0));
    CHECK((all >> 1023) == Integer(1) && (all >> 1024) == Integer(0) && (Integer(0) << 2000) == Integer(0));
    CHECK(divided_up(all, all) == Integer(1) && divided_up(0, all) == Integer(0));
    CHECK(root(Integer::power_of_two(1006), 2) == Integer::power_of_two(503));
    CHECK_ERROR((all + 1), out_of_range, "more than 1024 bits");
    CHECK_ERROR((half * half), out_of_range, "more than 1024 bits");
    CHECK_ERROR((all * 2), out_of_range, "more than 1024 bits");
    CHECK_ERROR((top << 1), out_of_range, "more than 1024 bits");
    CHECK_ERROR((Integer(1) - 2), out_of_range, "below 0");
    CHECK_ERROR(divided_up(1, 0), out_of_range, "by 0");
    CHECK_ERROR(top.to_u128(), out_of_range, "more than 128 bits");
    CHECK_ERROR(Integer::power_of_two(64).to_u64(), out_of_range, "64 bits");
}

// Within two units below the truth; powers of two exactly
void test_logarithms() {
    Numbers numbers;
    const double unit = std::ldexp(1, -static_cast<int>(kFractionBits));
    for (unsigned i = 0; i < 1024; ++i)
        CHECK(log2_below(Integer::power_of_two(i)) == uint64_t{i} << kFractionBits);
    for (int i = 0; i < 2000; ++i) {
        const uint64_t v = numbers.word() | 1;
        const long double truth = std::log2(static_cast<long double>(v));
        const long double found = static_cast<long double>(log2_below(v)) * unit;
        CHECK(found <= truth + 1e-17L * 64 && truth < found + 2 * unit);
        CHECK(log2_below(Integer(v) << 500) == log2_below(v) + (uint64_t{500} << kFractionBits));
    }
    CHECK_ERROR(log2_below(0), out_of_range, "log2 of 0");
}

void test_generic_K() {
    CHECK(generic_K(3) == Integer(3));
    CHECK(generic_K(63) == Integer(65));    // 1000001
    CHECK(generic_K(129) == Integer(133));  // itself it would have six zeros
    for (uint64_t start = 1; start < 5000; start += 2) {
        const Integer K = generic_K(start);
        CHECK(K.bit(0) && K >= Integer(start));
        for (unsigned i = 0; i + 6 <= K.bit_length(); ++i) {
            const uint64_t six = (K >> i).to_u64() & 63;
            CHECK(six != 0 && six != 63);
        }
    }
}

// One bit more than fits is refused, wherever it comes from.
void test_words() {
    require_words(80, 32, 46);
    CHECK_ERROR(require_words(80, 33, 40), parameter, "b + 16 + |q_j| = 129 bits");
    CHECK_ERROR(require_words(84, 29, 40), parameter, "b + 16 + |q_j| = 129 bits");
    CHECK_ERROR(require_words(80, 32, 47), parameter, "|K| + b = 127 bits");
}

void test_weights() {
    const Weights one{}, two = one.scaled(2), minus = one.scaled(-3);
    CHECK((two == Weights{2, 0, 4}) && (minus == Weights{0, 3, 9}) && (minus.scaled(-1) == Weights{3, 0, 9}));
    CHECK((Weights::sum(two, minus, true) == Weights{2, 3, 13}));
    CHECK((Weights::sum(two, minus, false) == Weights{2, 3, 25}));    // (2 + 3)^2
    CHECK((Weights::sum({1, 0, 2}, {1, 0, 3}, false).square == 10));  // (sqrt2 + sqrt3)^2 = 9.899
    CHECK((one.scaled(0) == Weights{0, 0, 0}));
    CHECK((one.scaled(INT64_MAX).total() == INT64_MAX));
    CHECK_ERROR(one.scaled(INT64_MIN), out_of_range, "2^63 - 1");
    CHECK_ERROR((Weights::sum(one.scaled(INT64_MAX), one, true)), out_of_range, "2^63");
    const Parameters p({0, 0}, {1, 1}, 3, 10, {});
    Weights{6, 4, 52}.require_within(p);
    CHECK_ERROR((Weights{6, 5, 61}).require_within(p), out_of_range, "sum_w = 10");
    CHECK_ERROR((Weights{UINT64_MAX, 2, 1}).require_within(p), out_of_range, "sum_w = 10");
}

}  // namespace

int main() {
    test_small_integers();
    test_large_integers();
    test_ends();
    test_logarithms();
    test_generic_K();
    test_words();
    test_weights();
    return check::result("test_ipfe_rlwe");
}
