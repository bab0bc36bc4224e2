// The rings of the lattice schemes: primes and roots, transforms against their definition and products
// against schoolbook, all backends alike to the word, edges, packing.
#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include "check.hpp"
#include "pyfe/base/cpu.hpp"
#include "pyfe/ring/basis.hpp"
#include "pyfe/ring/kernels.hpp"
#include "pyfe/ring/packing.hpp"
#include "support.hpp"

namespace {

using pyfe::ring::Basis;
using pyfe::ring::Kernels;
using pyfe::ring::Modulus;
using pyfe::ring::Ntt;
using support::Bytes;
using support::Stream;
using Words = std::vector<std::uint64_t>;
using Wide = unsigned __int128;
namespace ring = pyfe::ring;

std::vector<const Kernels*> all_kernels() {
    std::vector<const Kernels*> out = {&ring::portable_kernels()};
#ifdef PYFE_EMULATED_LANES
    out.push_back(&ring::emulated_kernels());
#endif
    if (pyfe::backend_supported(pyfe::Backend::ifma)) out.push_back(&ring::ifma_kernels());
    return out;
}

class UseKernels {
  public:
    explicit UseKernels(const Kernels& table) { ring::override_kernels_for_testing(&table); }
    ~UseKernels() { ring::override_kernels_for_testing(nullptr); }
    UseKernels(const UseKernels&) = delete;
    UseKernels& operator=(const UseKernels&) = delete;
};

std::uint64_t product(std::uint64_t a, std::uint64_t b, std::uint64_t q) {
    return static_cast<std::uint64_t>(Wide{a} * b % q);
}

std::uint64_t power(std::uint64_t a, std::uint64_t e, std::uint64_t q) {
    std::uint64_t out = 1;
    for (; e > 0; e >>= 1, a = product(a, a, q))
        if (e & 1) out = product(out, a, q);
    return out;
}

// The least, or the largest, prime of so many bits that is 1 modulo 2n
std::uint64_t prime(int bits, std::size_t n, bool largest = false) {
    const std::uint64_t step = 2 * n, low = std::uint64_t{1} << (bits - 1);
    std::uint64_t q = largest ? 2 * low + 1 - step : low + 1;
    while (!ring::is_prime(q)) q = largest ? q - step : q + step;
    return q;
}

std::uint64_t below(Stream& random, std::uint64_t q) { return random.next() % q; }

Words residues(Stream& random, std::uint64_t q, std::size_t count) {
    Words out(count);
    for (std::uint64_t& word : out) word = below(random, q);
    return out;
}

// Everything that pushes a bound: all q - 1, 0, 1, q - 1 and 0 in turns of every length, random
std::vector<Words> edges(std::uint64_t q, std::size_t n) {
    std::vector<Words> out = {Words(n, q - 1), Words(n), Words(n, 1)};
    for (std::size_t turn = 1; turn < n; turn *= 2) {
        Words one(n);
        for (std::size_t i = 0; i < n; ++i) one[i] = i / turn % 2 == 0 ? q - 1 : 0;
        out.push_back(one);
    }
    Stream random(n);
    out.push_back(residues(random, q, n));
    return out;
}

// a b mod X^n + 1
Words schoolbook(const Words& a, const Words& b, std::uint64_t q) {
    const std::size_t n = a.size();
    Words out(n);
    for (std::size_t k = 0; k < n; ++k) {
        Wide positive = 0, negative = 0;  // of products below 2^100
        for (std::size_t i = 0; i <= k; ++i) positive += Wide{a[i]} * b[k - i];
        for (std::size_t i = k + 1; i < n; ++i) negative += Wide{a[i]} * b[n + k - i];
        const auto less = static_cast<std::uint64_t>(negative % q);
        out[k] = static_cast<std::uint64_t>((positive + q - less) % q);
    }
    return out;
}

std::size_t bit_reverse(std::size_t i, int bits) {
    std::size_t out = 0;
    for (int b = 0; b < bits; ++b) out = 2 * out + (i >> b & 1);
    return out;
}

// -- primes and roots ---------------------------------------------------------------------------------------

void test_primes() {
    std::vector<bool> composite(20000);
    for (std::size_t p = 2; p < composite.size(); ++p) {
        CHECK(ring::is_prime(p) == !composite[p]);
        for (std::size_t k = p * p; k < composite.size(); k += p) composite[k] = true;
    }
    CHECK(!ring::is_prime(0) && !ring::is_prime(1));
    // Strong pseudoprimes to the first 1, 2, .. 11 primes (OEIS A014233), squares, Carmichael numbers
    for (const std::uint64_t n :
         {2047UL, 1373653UL, 25326001UL, 3215031751UL, 2152302898747UL, 3474749660383UL, 341550071728321UL,
          3825123056546413051UL, 1125899906842597UL * 3, 1000003UL * 1000003, 561UL, 1105UL, 9746347772161UL})
        CHECK(!ring::is_prime(n));
    CHECK(ring::is_prime(18446744073709551557UL));  // the largest below 2^64
    CHECK(!ring::is_prime(18446744073709551615UL) && !ring::is_prime(18446744073709551556UL));
    CHECK(ring::is_prime((1UL << 61) - 1) && !ring::is_prime((1UL << 59) - 1));
    CHECK(ring::is_prime(1125899906842597UL));  // the largest below 2^50
}

void test_roots() {
    CHECK(ring::least_root(17, 4) == 2 && ring::least_root(17, 8) == 3 && ring::least_root(97, 16) == 19);
    for (const int bits : {28, 33, 49, 50}) {
        const std::uint64_t q = prime(bits, 8192), root = ring::least_root(q, 8192);
        CHECK(power(root, 8192, q) == q - 1);
        for (std::uint64_t x = 2; x < std::min(root, std::uint64_t{20000}); ++x)
            CHECK(power(x, 8192, q) != q - 1);
        CHECK(Ntt(q, 13).root() == root);
    }
    CHECK_ERROR(ring::least_root(17, 16), parameter, "no primitive root of unity of order 2 * 16");
    CHECK_ERROR(ring::least_root(17, 3), parameter, "order 2 * 3");
    CHECK_ERROR(ring::least_root(33, 16), parameter, "modulo 33");
    CHECK_ERROR(ring::least_root(0, 8), parameter, "modulo 0");
    CHECK_ERROR(ring::least_root(17, 0), parameter, "order 2 * 0");
}

void test_refusals() {
    CHECK_ERROR(Modulus::of(0), parameter, "0 is not a prime of 28 to 50 bits");
    CHECK_ERROR(Modulus::of((1UL << 27) - 39), parameter, "is not a prime of 28 to 50 bits");
    CHECK_ERROR(Modulus::of(1125899906842679UL), parameter, "is not a prime of 28 to 50 bits");
    CHECK_ERROR(Modulus::of((1UL << 40) + 1), parameter, "is not a prime of 28 to 50 bits");
    CHECK(Modulus::of(1125899906842597UL).bits == 50 && Modulus::of((1UL << 27) + 29).bits == 28);
    const std::uint64_t q = prime(30, 32);
    CHECK_ERROR(Ntt(q, 2), parameter, "a degree of 2^2 is not from 2^3 to 2^14");
    CHECK_ERROR(Ntt(q, 15), parameter, "a degree of 2^15 is not");
    CHECK_ERROR(Ntt(1125899906842597UL, 13), parameter, "no primitive root of unity of order 2 * 8192");
    CHECK_ERROR(Basis({}, 5), parameter, "no prime");
    const Words descending = {prime(31, 32), q}, twice = {q, q};
    CHECK_ERROR(Basis(descending, 5), parameter, "do not ascend");
    CHECK_ERROR(Basis(twice, 5), parameter, "do not ascend");
}

// -- transforms ---------------------------------------------------------------------------------------------

// Word i is a(psi^(2 bitreverse(i) + 1))
void test_definition(int log_n, std::uint64_t q) {
    const std::size_t n = std::size_t{1} << log_n;
    const std::size_t step = n > 256 ? n / 8 - 1 : 1;  // some of many
    const Ntt ntt(q, log_n);
    for (const Words& a : edges(q, n)) {
        Words values = a;
        ntt.forward(values.data());
        for (std::size_t i = 0; i < n; i += step) {
            const std::uint64_t point = power(ntt.root(), 2 * bit_reverse(i, log_n) + 1, q);
            std::uint64_t value = 0;
            for (std::size_t k = n; k-- > 0;) value = (product(value, point, q) + a[k]) % q;
            CHECK(values[i] == value);
        }
        ntt.inverse(values.data());
        CHECK(values == a);
    }
}

void test_transforms() {
    for (int log_n = ring::least_log; log_n <= ring::most_log; ++log_n)
        for (const int bits : {28, 46, 47, 48, 49, 50})
            test_definition(log_n, prime(bits, std::size_t{1} << log_n, bits % 2 == 0));
}

// Every size of prime, or those from `first` on, least and largest of each: the words of the portable kernels
void test_alike(const Kernels& k, int log_n, int first = ring::least_bits) {
    const std::size_t n = std::size_t{1} << log_n;
    for (int bits = first; bits <= ring::most_bits; ++bits)
        for (const bool largest : {false, true}) {
            const std::uint64_t q = prime(bits, n, largest);
            const Ntt ntt(q, log_n);
            for (const Words& a : edges(q, n)) {
                Words there = a, there_too = a, back = a, back_too = a;
                ntt.forward(there.data()), ntt.inverse(back.data());
                const UseKernels use(k);
                ntt.forward(there_too.data()), ntt.inverse(back_too.data());
                CHECK(there == there_too);
                CHECK(back == back_too);
                ntt.inverse(there_too.data());
                CHECK(there_too == a);
            }
        }
}

void test_products() {
    for (const int log_n : {3, 6, 7, 10, 13}) {
        const std::size_t n = std::size_t{1} << log_n;
        const std::uint64_t q = prime(log_n == 13 ? 49 : 50, n, true);
        const Ntt ntt(q, log_n);
        Stream random(7);
        for (const Words& b : {residues(random, q, n), Words(n, q - 1)}) {
            Words x = residues(random, q, n), y = b;
            const Words expected = schoolbook(x, y, q);
            ntt.forward(x.data()), ntt.forward(y.data());
            ntt.mul(x.data(), y.data(), x.data());
            ntt.inverse(x.data());
            CHECK(x == expected);
            if (log_n == 13) break;
        }
    }
}

// Polynomials one after the other are transformed each, on every number of threads
void test_batches() {
    const std::size_t n = 1024;
    const Words primes = {prime(28, n), prime(49, n), prime(50, n)};
    const Basis basis(primes, 10);
    Stream random(8);
    Words all, expected;
    for (int i = 0; i < 5; ++i)
        for (const std::uint64_t q : primes) {
            Words one = residues(random, q, n);
            all.insert(all.end(), one.begin(), one.end());
            Ntt(q, 10).forward(one.data());
            expected.insert(expected.end(), one.begin(), one.end());
        }
    CHECK(basis.size() == 3 && basis.n() == n && basis.words() == 3 * n);
    const Words before = all;
    basis.forward(all.data(), 5);
    CHECK(all == expected);
    basis.inverse(all.data(), 5);
    CHECK(all == before);
    basis.forward(all.data(), 0);
    CHECK(all == before);
    const Ntt ntt(primes[0], 10);
    Words two = residues(random, primes[0], 2 * n), other(two.begin() + 1024, two.end());
    ntt.forward(two.data(), 2), ntt.forward(other.data());
    CHECK(std::equal(other.begin(), other.end(), two.begin() + 1024));
    ntt.inverse(two.data(), 2), ntt.inverse(other.data());
    CHECK(std::equal(other.begin(), other.end(), two.begin() + 1024));
}

// -- word by word -------------------------------------------------------------------------------------------

std::uint64_t signed_mod(std::int64_t z, std::uint64_t q) {
    const __int128 r = static_cast<__int128>(z) % static_cast<__int128>(q);
    return static_cast<std::uint64_t>(r < 0 ? r + static_cast<__int128>(q) : r);
}

std::vector<std::int64_t> integers(std::uint64_t q, std::size_t n) {
    const auto p = static_cast<std::int64_t>(q);
    std::vector<std::int64_t> out = {0,
                                     1,
                                     -1,
                                     p,
                                     -p,
                                     p - 1,
                                     1 - p,
                                     p + 1,
                                     -p - 1,
                                     INT64_MAX,
                                     INT64_MIN,
                                     INT64_MAX - 1,
                                     INT64_MIN + 1,
                                     INT64_MAX / p * p,
                                     INT64_MIN / p * p,
                                     INT64_MIN / p * p + 1,
                                     INT64_MAX / p * p - 1};
    Stream random(q);
    for (int shift = 0; out.size() < n; shift = (shift + 1) % 64)
        out.push_back(static_cast<std::int64_t>(random.next()) >> shift);
    return out;
}

void test_words_of(std::uint64_t q) {
    const std::size_t n = 512;
    const Ntt ntt(q, 9);
    Stream random(q);
    Words a = residues(random, q, n), b = residues(random, q, n), c = residues(random, q, n), out(n);
    const std::uint64_t ends[] = {0, 1, 2, q / 2, q / 2 + 1, q - 2, q - 1};
    for (std::size_t i = 0; i < 49; ++i) a[i] = ends[i / 7], b[i] = ends[i % 7], c[i] = ends[i * 3 % 7];
    const auto each = [&](auto expected) {
        for (std::size_t i = 0; i < n; ++i) CHECK(out[i] == expected(i));
    };
    ntt.add(a.data(), b.data(), out.data());
    each([&](std::size_t i) { return (a[i] + b[i]) % q; });
    ntt.sub(a.data(), b.data(), out.data());
    each([&](std::size_t i) { return (a[i] + q - b[i]) % q; });
    ntt.negate(a.data(), out.data());
    each([&](std::size_t i) { return (q - a[i]) % q; });
    ntt.mul(a.data(), b.data(), out.data());
    each([&](std::size_t i) { return product(a[i], b[i], q); });
    out = c;
    ntt.mul_add(a.data(), b.data(), out.data());
    each([&](std::size_t i) { return (product(a[i], b[i], q) + c[i]) % q; });
    const std::vector<std::int64_t> z = integers(q, n);
    ntt.from_signed(z.data(), out.data());
    each([&](std::size_t i) { return signed_mod(z[i], q); });
    for (std::size_t k = 0; k < 24; ++k) {
        ntt.scale(z[k], a.data(), out.data());
        each([&](std::size_t i) { return product(a[i], signed_mod(z[k], q), q); });
        out = c;
        ntt.scale_add(z[k], a.data(), out.data());
        each([&](std::size_t i) { return (product(a[i], signed_mod(z[k], q), q) + c[i]) % q; });
    }
}

void test_words() {
    for (int bits = ring::least_bits; bits <= ring::most_bits; ++bits)
        for (const bool largest : {false, true}) test_words_of(prime(bits, 512, largest));
}

// What a basis does is what its primes do
void test_basis() {
    const Words primes = {prime(28, 16), prime(37, 16), prime(50, 16)};
    const Basis basis(primes, 4);
    const std::vector<std::int64_t> z = integers(primes[2], 16);
    Words a(48), b(48), sum(48);
    basis.from_signed(z.data(), a.data());
    for (std::size_t i = 0; i < 48; ++i) CHECK(a[i] == signed_mod(z[i % 16], primes[i / 16]));
    basis.negate(a.data(), b.data());
    basis.add(a.data(), b.data(), sum.data());
    CHECK(sum == Words(48));
    basis.scale(-3, a.data(), sum.data());
    basis.scale_add(4, a.data(), sum.data());
    CHECK(sum == a);
    basis.mul(a.data(), b.data(), sum.data());
    basis.mul_add(a.data(), a.data(), sum.data());
    CHECK(sum == Words(48));
    basis.sub(a.data(), a.data(), b.data());
    CHECK(b == Words(48));
    Bytes packed(basis.packed_size());
    CHECK(packed.size() == 2 * (28 + 37 + 50));
    basis.pack(a.data(), packed.data());
    basis.unpack(packed, b.data());
    CHECK(b == a);
    packed.push_back(0);
    CHECK_ERROR(basis.unpack(packed, b.data()), decode, "3 x 16 residues has 230 bytes, not 231");
}

// -- packing ------------------------------------------------------------------------------------------------

void test_packing_of(const Modulus& m, std::size_t count) {
    Stream random(count);
    const Words a = residues(random, m.q, count);
    Bytes bytes(ring::packed_size(m, count));
    ring::pack(m, a.data(), count, bytes.data());
    Words back(count, 1);
    ring::unpack(m, bytes, count, back.data());
    CHECK(back == a);
    const auto bits = static_cast<std::size_t>(m.bits);
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {  // the definition
        const bool set = bytes[bit / 8] >> (bit % 8) & 1;
        CHECK(set == (bit < count * bits && (a[bit / bits] >> (bit % bits) & 1) != 0));
    }
    for (std::size_t bit = count * bits; bit < 8 * bytes.size(); ++bit) {
        Bytes changed = bytes;
        changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] | 1 << (bit % 8));
        CHECK_ERROR(ring::unpack(m, changed, count, back.data()), decode, "bits after the last are not 0");
        CHECK(back == Words(count));
    }
    for (std::size_t i = 0; i < count; i += 1 + count / 5)
        for (const std::uint64_t wrong : {m.q, m.q + 1, (std::uint64_t{1} << m.bits) - 1}) {
            Words changed = a;
            changed[i] = wrong;
            Bytes packed(bytes.size());
            ring::pack(m, changed.data(), count, packed.data());
            CHECK_ERROR(ring::unpack(m, packed, count, back.data()), decode, "not below the prime");
            CHECK(back == Words(count));
        }
    Bytes longer = bytes;
    longer.push_back(0);
    CHECK_ERROR(ring::unpack(m, longer, count, back.data()), decode, "bytes, not");
    if (!bytes.empty())
        CHECK_ERROR(ring::unpack(m, std::span(bytes).first(bytes.size() - 1), count, back.data()), decode,
                    "bytes, not");
}

void test_packing() {
    for (int bits = ring::least_bits; bits <= ring::most_bits; ++bits)
        for (const std::size_t count : {0U, 1U, 2U, 3U, 7U, 8U, 9U, 64U, 100U})
            test_packing_of(Modulus::of(prime(bits, 8, bits % 2 == 0)), count);
}

}  // namespace

int main() {
    test_primes();
    test_roots();
    test_refusals();
    for (const Kernels* k : all_kernels()) {
        const UseKernels use(*k);
        test_transforms();
        test_products();
        test_batches();
        test_words();
        test_basis();
    }
    const UseKernels portable(ring::portable_kernels());
    for (const Kernels* k : all_kernels()) {
        if (k == &ring::portable_kernels()) continue;
        for (const int log_n : {7, 8, 9, 10, 11}) test_alike(*k, log_n);
        for (const int log_n : {12, 13, 14}) test_alike(*k, log_n, 47);
    }
    test_packing();
    return check::result("test_ring");
}
