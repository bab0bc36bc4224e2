// Inner products from Ring-LWE: fractions against their definition, the four verbs at the ends of the ranges,
// partly filled ciphertexts, sums, bytes, and what has to be refused.
#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "check.hpp"
#include "fractions.hpp"
#include "pyfe/base/cpu.hpp"
#include "pyfe/ipfe_rlwe/scheme.hpp"
#include "support.hpp"
#include "tiles.hpp"

namespace {

using namespace pyfe::ipfe_rlwe;
using support::Stream;
using Row = std::vector<int64_t>;

std::vector<const Kernels*> all_tables() {
    std::vector<const Kernels*> out = {&portable_kernels()};
    if (pyfe::backend_supported(pyfe::Backend::ifma)) out.push_back(&ifma_kernels());
    return out;
}

Parameters box(std::size_t n, std::int64_t lo, std::int64_t hi, std::uint64_t y_bound,
               std::uint64_t sum_w = 1) {
    return {Row(n, lo), Row(n, hi), y_bound, sum_w, Id{}};
}

Parameters parameters_R3() { return box(256, -32768, 32768, 32768); }

// -- fractions
// ------------------------------------------------------------------------------------------------

// By the page's formula, digit by digit of a long division
uint128 fraction_by_definition(const Parameters& p, const std::vector<uint64_t>& residues, std::size_t at,
                               std::size_t stride) {
    Integer total(1 << 15);
    for (std::size_t j = 0; j < p.primes.size(); ++j) {
        const uint64_t q = p.primes[j];
        uint64_t others = 1;
        for (const uint64_t other : p.primes)
            if (other != q) others = static_cast<uint64_t>(uint128{others} * (other % q) % q);
        const uint64_t share = inverse_modulo(others, q);
        uint64_t rest = static_cast<uint64_t>(uint128{residues[j * stride + at]} * share % q);
        Integer quotient;
        for (unsigned bit = 0; bit < p.b + kGuardBits; ++bit) {
            rest *= 2;
            quotient = (quotient << 1) + (rest >= q ? 1 : 0);
            rest -= rest >= q ? q : 0;
        }
        total = total + quotient;
    }
    const Integer rounded = total >> kGuardBits;
    return (rounded - (rounded >> p.b << p.b)).to_u128();
}

void test_fractions(const Parameters& p, const Kernels& table) {
    constexpr std::size_t count = 64;
    const FractionShape shape = fraction_shape(p);
    Stream random(p.b);
    std::vector<uint64_t> residues(p.primes.size() * count), low(count), high(count);
    for (std::size_t j = 0; j < p.primes.size(); ++j)
        for (std::size_t i = 0; i < count; ++i)
            residues[j * count + i] = i == 0   ? 0
                                      : i == 1 ? p.primes[j] - 1
                                      : i == 2 ? 1
                                               : random.next() % p.primes[j];
    table.compress(shape, residues.data(), count, count, low.data(), p.b > 64 ? high.data() : nullptr);
    for (std::size_t i = 0; i < count; ++i)
        CHECK((uint128{p.b > 64 ? high[i] : 0} << 64 | low[i]) ==
              fraction_by_definition(p, residues, i, count));
}

// Sums of columns against sums of words, y at both ends of 64 bits among them
void test_tiles(unsigned b, const Kernels& table) {
    constexpr std::size_t columns = 5, functions = 15;  // of the fast kernel eight, four, two and one
    Stream random(b);
    std::vector<uint64_t> low(columns * kTileWords), high(columns * kTileWords);
    std::vector<uint8_t> tile(columns * 8 * b + kReadBeyond, 0xa5);
    for (uint64_t& v : low) v = random.next();
    for (uint64_t& v : high) v = random.next();
    for (std::size_t i = 0; i < columns; ++i) {
        uint64_t *const l = &low[i * kTileWords], *const h = &high[i * kTileWords];
        keep_low_bits(b, l, h);
        table.pack(b, l, b > 64 ? h : nullptr, &tile[i * 8 * b]);
    }
    Row y(functions * columns);
    for (int64_t& v : y) v = random.integer(-1000, 1000);
    y[0] = INT64_MAX, y[1] = INT64_MIN, y[2] = -1, y[3] = 0;
    std::vector<uint64_t> sum_low(functions * kTileWords), sum_high(functions * kTileWords);
    table.dot_vartime(b, tile.data(), columns, y.data(), functions, sum_low.data(), sum_high.data());
    const uint128 mask = (uint128{1} << b) - 1;
    for (std::size_t f = 0; f < functions; ++f)
        for (std::size_t j = 0; j < kTileWords; ++j) {
            uint128 expected = 0;
            for (std::size_t i = 0; i < columns; ++i) {
                const std::size_t at = i * kTileWords + j;
                const uint128 word = uint128{b > 64 ? high[at] : 0} << 64 | low[at];
                expected += static_cast<uint128>(static_cast<__int128>(y[f * columns + i])) * word;
            }
            const std::size_t at = f * kTileWords + j;
            const uint128 got = uint128{b > 64 ? sum_high[at] : 0} << 64 | sum_low[at];
            CHECK(((got ^ expected) & mask) == 0);
        }
}

// By the page: v is the nearest slot, the result the number congruent to it from L on, and a multiple of g
struct SlotByDefinition {
    int64_t result;
    bool wrong;
};

SlotByDefinition slot_by_definition(const Decision<int64_t>& d, int64_t g, int64_t w, bool occupied) {
    __extension__ using int128 = __int128;
    const int128 Kw = int128{d.K} * w, one = int128{1} << d.b, up = Kw + one / 2;
    const int128 v = up >= 0 ? up / one : -((-up + one - 1) / one);
    const int128 rest = Kw - v * one;
    int128 r = v;
    while (r < d.lo) r += d.K;
    while (r - d.K >= d.lo) r -= d.K;
    const bool outside = r > d.hi || r % g != 0;
    const bool far = rest > d.limit || rest < -d.limit;
    return {static_cast<int64_t>(r), far || (occupied ? outside : v != 0)};
}

// Right slots, and one at a time that is too far off, outside of the range, no multiple, or not empty
void test_decisions(unsigned b, int64_t K, int64_t g, int64_t lo, int64_t hi, const Kernels& table) {
    Stream random(b + static_cast<std::size_t>(g));
    Decision<int64_t> d{K, b, (int64_t{1} << b) / 8, 0, lo, hi};
    const int twos = std::countr_zero(static_cast<uint64_t>(g));
    const int64_t odd = g >> twos;
    for (int i = 0; i < 6; ++i) d.inverse *= 2 - static_cast<uint64_t>(odd) * d.inverse;
    d.multiples_lo = lo / odd, d.multiples_hi = hi / odd, d.twos = (uint64_t{1} << twos) - 1;
    const int64_t from = lo - K / 2;
    d.turns = (from >= 0 ? (from + K - 1) / K : -(-from / K)) * K;
    const auto w_of = [&](int64_t result) {  // round(2^b result / K) modulo 2^b
        const auto all = (static_cast<__int128>(result) << b) + (result < 0 ? -K / 2 : K / 2);
        return static_cast<int64_t>(all / K);
    };
    const auto shortened = [&](int64_t w) { return w << (64 - b) >> (64 - b); };
    for (std::size_t trial = 0; trial < 4 * kTileWords; ++trial) {
        const std::size_t at = trial % kTileWords, fault = trial / kTileWords, occupied = 1 + trial % 64;
        uint64_t sums[kTileWords], z[kTileWords];
        bool wrong = false;
        int64_t expected[kTileWords];
        for (std::size_t j = 0; j < kTileWords; ++j) {
            int64_t result = g * random.integer(lo / g, hi / g), off = random.integer(-3, 3);
            if (j >= occupied) result = 0;
            if (j == at && fault == 1) off = (int64_t{1} << b) / K * 2 / 5;
            if (j == at && fault == 2) result = j < occupied ? hi + g : 1;
            if (j == at && fault == 3) result = j < occupied ? lo + 1 : -1;
            const int64_t w = shortened(w_of(result) + off);
            z[j] = random.next();
            sums[j] = z[j] + static_cast<uint64_t>(w) + (random.next() << b);  // above b bits anything
            const SlotByDefinition slot = slot_by_definition(d, g, w, j < occupied);
            wrong |= slot.wrong;
            expected[j] = slot.result;
        }
        CHECK(wrong == (fault != 0 && (fault != 3 || g != 1 || at >= occupied)));
        int64_t results[kTileWords];
        CHECK(table.decide(d, sums, z, occupied, results) == wrong);
        CHECK(std::equal(results, results + kTileWords, expected));
    }
}

// -- the verbs
// ------------------------------------------------------------------------------------------------

struct Authority {
    MasterPublicKey mpk;
    MasterSecretKey msk;
};

Authority made(const Parameters& p, std::uint64_t seed) {
    Stream random(seed);
    auto [mpk, msk] = setup(p, random);
    return {std::move(mpk), std::move(msk)};
}

// All rows at the lower ends, at the upper ends, and within
Row rows_of(const Parameters& p, std::size_t count, const Row& y, Stream& random) {
    Row x(count * p.n());
    for (std::size_t row = 0; row < count; ++row)
        for (std::size_t i = 0; i < p.n(); ++i) {
            const int64_t lo = p.x.lo[i], hi = p.x.hi[i];
            const bool up = (y[i] > 0) == (row % 3 == 0);
            x[row * p.n() + i] = row % 3 == 2 ? random.integer(lo, hi) : up ? hi : lo;
        }
    return x;
}

Row products(const Row& x, const Row& y, std::size_t n) {
    const std::size_t functions = y.size() / n;
    Row out;
    for (std::size_t row = 0; row < x.size() / n; ++row)
        for (std::size_t f = 0; f < functions; ++f) {
            int64_t sum = 0;
            for (std::size_t i = 0; i < n; ++i) sum += x[row * n + i] * y[f * n + i];
            out.push_back(sum);
        }
    return out;
}

Row decrypted(const FunctionKey& sk, const CiphertextBatch& ct) {
    Row z(ct.size() * sk.functions, 77);
    decrypt_vartime(sk, ct, z.data());
    return z;
}

void test_round(const Parameters& p, std::size_t count, std::uint64_t seed) {
    const Authority a = made(p, seed);
    Stream random(seed + 1);
    const auto bound = static_cast<int64_t>(p.y_bound);
    Row y(3 * p.n());
    for (std::size_t i = 0; i < p.n(); ++i) {
        y[i] = i % 2 == 0 ? bound : -bound;
        y[p.n() + i] = random.integer(-bound, bound);
        y[2 * p.n() + i] = i == p.n() - 1 ? -1 : 0;
    }
    y[p.n()] = 1;
    const Row x = rows_of(p, count, y, random);
    const FunctionKey sk = keygen(a.msk, {y.data(), 3, p.n()});
    CHECK(verify_key_vartime(a.mpk, sk));
    const CiphertextBatch ct = encrypt(a.mpk, {x.data(), count, p.n()}, random);
    CHECK(decrypted(sk, ct) == products(x, y, p.n()));
    const Bytes bytes = ct.to_bytes();
    const CiphertextBatch again = CiphertextBatch::from_bytes(bytes);
    CHECK(again.to_bytes() == bytes && decrypted(sk, again) == products(x, y, p.n()));
    const Bytes key = sk.to_bytes();
    CHECK(FunctionKey::from_bytes(key).to_bytes() == key);
    CHECK(decrypted(FunctionKey::from_bytes(key), ct) == products(x, y, p.n()));
    const Bytes master = a.msk.to_bytes();
    CHECK(keygen(MasterSecretKey::from_bytes(master), {y.data(), 3, p.n()}).to_bytes() == key);
    CHECK(MasterPublicKey::from_bytes(a.mpk.to_bytes()).id() == a.mpk.id());
}

// One byte of a block, changed
CiphertextBatch changed(const CiphertextBatch& ct, std::size_t from_the_end, uint8_t by) {
    Bytes bytes = ct.to_bytes();
    bytes[bytes.size() - from_the_end] = static_cast<uint8_t>(bytes[bytes.size() - from_the_end] ^ by);
    return CiphertextBatch::from_bytes(bytes);
}

void test_refused() {
    const Parameters p =
        box(4, 1, 9, 7);  // every lo_i > 0: an unused slot that is taken for a patient is outside
    const Authority a = made(p, 5), other = made(p, 6);
    Stream random(7);
    const Row y = {7, -7, 3, 1}, x = rows_of(p, 65, y, random);
    const FunctionKey sk = keygen(a.msk, {y.data(), 1, 4});
    const CiphertextBatch ct = encrypt(a.mpk, {x.data(), 65, 4}, random);
    CHECK(decrypted(sk, ct) == products(x, y, 4));
    CHECK(decrypted(sk, ct.slice(64, 65)) == Row{products(x, y, 4)[64]});
    // The last byte: of the last feature of slot 127, where no patient is. Of a slice that holds none of its
    // rows too
    CHECK_ERROR(decrypted(sk, changed(ct, 1, 0x80)), refused, "refused");
    CHECK_ERROR(decrypted(sk, changed(ct, 1, 0x80).slice(0, 1)), refused, "refused");
    CHECK_ERROR(decrypted(sk, changed(ct, ct.shape().tile_size(), 0x80)), refused, "refused");
    // Another ct_0, one coefficient of another key, a key of another authority under this one's id
    FunctionKey wrong = sk;
    wrong.sk[100] += 1;
    wrong.once = {};
    CHECK(!verify_key_vartime(a.mpk, wrong));
    CHECK_ERROR(decrypted(wrong, ct), refused, "refused");
    wrong = keygen(other.msk, {y.data(), 1, 4});
    CHECK_ERROR(decrypted(wrong, ct), key_mismatch, "different public keys");
    wrong.public_key_id = sk.public_key_id;
    CHECK(!verify_key_vartime(a.mpk, wrong));
    CHECK_ERROR(decrypted(wrong, ct), refused, "refused");
    wrong = sk;
    wrong.y[3] += 1;
    CHECK(!verify_key_vartime(a.mpk, wrong));
    wrong = sk;
    wrong.error_squared[0] += 1;
    CHECK(!verify_key_vartime(a.mpk, wrong));
    // Nothing is written where something is refused
    Row z(65, 77);
    CHECK_ERROR(decrypt_vartime(sk, changed(ct, 1, 0x80), z.data()), refused, "refused");
    CHECK(std::ranges::all_of(z, [](int64_t v) { return v == 0; }));
    const Row zero(4, 0), wide = {8, 0, 0, 0}, outside = {0, 1, 1, 1};
    CHECK_ERROR(keygen(a.msk, {zero.data(), 1, 4}), parameter, "y: row 0 is zero");
    CHECK_ERROR(keygen(a.msk, {wide.data(), 1, 4}), out_of_range, "exceeds y_bound = 7");
    CHECK_ERROR(encrypt(a.mpk, {outside.data(), 1, 4}, random), out_of_range, "x: row 0, coordinate 0");
    CHECK(encrypt(a.mpk, {x.data(), 0, 4}, random).size() == 0);
}

// ct_0 = q / K g adds sk_y / g to the results, on the grid, and that is shorter than their interval where g
// divides every weight: such results are no multiples of g
void test_a_key_of_multiples() {
    const Parameters p = box(2, -255, 255, 127);
    const Authority a = made(p, 15);
    Stream random(16);
    for (const int64_t g : {127, 96, 64}) {
        const Row y = {g, 0}, x = rows_of(p, 64, y, random);
        const FunctionKey sk = keygen(a.msk, {y.data(), 1, 2});
        const CiphertextBatch ct = encrypt(a.mpk, {x.data(), 64, 2}, random);
        CHECK(decrypted(sk, ct) == products(x, y, 2));
        const CiphertextBatch none = encrypt(a.mpk, {Row(128, 0).data(), 64, 2}, random);
        Bytes bytes = none.to_bytes();
        const Integer scale = divided_up(p.q(), Integer::of(p.K) * static_cast<uint64_t>(g));
        const pyfe::ring::Basis basis(p.primes, kLogRing);
        Polynomial ct0(basis.words());
        for (std::size_t j = 0; j < p.primes.size(); ++j) {
            const Integer q = p.primes[j], above = divided_up(scale, q) * q - scale;
            std::fill_n(ct0.begin() + static_cast<ptrdiff_t>(j * kRing), kRing,
                        above == Integer(0) ? 0 : (q - above).to_u64());
        }
        uint8_t* const block = bytes.data() + bytes.size() - none.byte_size();
        basis.pack(ct0.data(), block);
        std::fill(block + basis.packed_size(), bytes.data() + bytes.size(), uint8_t{0});
        CHECK_ERROR(decrypted(sk, CiphertextBatch::from_bytes(bytes)), refused, "refused");
    }
}

// Formed here it is opened, and whoever has a key that accepted it can vouch for it; from its bytes only on a
// word, which slices and sums of it do not have
void test_who_opens_a_sum(const FunctionKey& sk, const CiphertextBatch& sum, const Row& expected) {
    const CiphertextBatch again = CiphertextBatch::from_bytes(sum.to_bytes()), word = again.vouched();
    CHECK(sum.formed() && sum.accepted() && sum.slice(1, 2).accepted());
    CHECK(!again.formed() && !again.accepted() && word.formed() && !word.accepted());
    CHECK(decrypted(sk, word) == expected && !word.slice(0, 2).formed() && !again.accepted());
    CHECK(!CiphertextBatch::concat({&word, &sum}).formed());
    CHECK(!CiphertextBatch::combine_vartime({&word}, Row{-1}).formed());
    CHECK_ERROR(decrypted(sk, again), parameter, "came as bytes");
}

// A summand by itself, that this key has not accepted yet: with a high bit in a slot where no patient is,
// whose double is none. The sum is in order, and refused
void test_malformed_summands(const FunctionKey& sk, const CiphertextBatch& ct) {
    const CiphertextBatch bad = changed(ct, 1, 0x80), sum = CiphertextBatch::combine_vartime({&bad}, Row{2});
    CHECK(decrypted(sk, CiphertextBatch::from_bytes(sum.to_bytes()).vouched()).size() == ct.size());
    CHECK_ERROR(decrypted(sk, sum), refused, "refused");
    CHECK_ERROR(decrypted(sk, sum.slice(0, 1)), refused, "refused");
    CHECK(!sum.accepted());
    const CiphertextBatch both = CiphertextBatch::combine_vartime({&sum, &ct}, Row{1, 1});
    CHECK_ERROR(decrypted(sk, both), refused, "refused");
    // One ct_0, other fractions: each of them is looked at
    const CiphertextBatch twins = CiphertextBatch::combine_vartime({&ct, &bad}, Row{1, 2});
    CHECK((twins.blocks()[0]->sources.shared.size() == 1 && twins.blocks()[0]->sources.blocks.size() == 2));
    CHECK_ERROR(decrypted(sk, twins), refused, "refused");
}

void test_sums() {
    const Parameters p = box(2, -9, 9, 7, 5);
    const Authority a = made(p, 8);
    Stream random(9);
    const Row y = {7, -7}, x1 = rows_of(p, 3, y, random), x2 = rows_of(p, 3, y, random);
    const FunctionKey sk = keygen(a.msk, {y.data(), 1, 2});
    const CiphertextBatch c1 = encrypt(a.mpk, {x1.data(), 3, 2}, random),
                          c2 = encrypt(a.mpk, {x2.data(), 3, 2}, random);
    const CiphertextBatch sum = CiphertextBatch::combine_vartime({&c1, &c2}, Row{3, -2});
    Row expected;
    for (std::size_t row = 0; row < 3; ++row)
        expected.push_back(3 * products(x1, y, 2)[row] - 2 * products(x2, y, 2)[row]);
    CHECK(sum.combined() && decrypted(sk, sum) == expected);
    CHECK((sum.blocks()[0]->weights == Weights{3, 2, 13}));
    const CiphertextBatch twice = CiphertextBatch::combine_vartime({&c1, &c1}, Row{1, 1});
    CHECK((twice.blocks()[0]->weights == Weights{2, 0, 4}));  // not known to differ, and they do not
    CHECK((CiphertextBatch::combine_vartime({&twice, &c2}, Row{1, 1}).blocks()[0]->weights.square == 5));
    test_who_opens_a_sum(sk, sum, expected);
    CHECK_ERROR(CiphertextBatch::combine_vartime({&c1, &c2}, Row{3, 3}), out_of_range, "sum_w = 5");
    test_malformed_summands(sk, c1);
    const CiphertextBatch fewer = encrypt(a.mpk, {x1.data(), 2, 2}, random);
    CHECK_ERROR(CiphertextBatch::combine_vartime({&c1, &fewer}, Row{1, 1}), parameter, "rows");
    const CiphertextBatch cut = c1.slice(0, 2), end = c1.slice(1, 3);
    CHECK_ERROR(CiphertextBatch::combine_vartime({&cut, &end}, Row{1, 1}), parameter, "slot by slot");
    const CiphertextBatch all = CiphertextBatch::combine_vartime({&c1}, Row{5});
    for (std::size_t row = 0; row < 3; ++row) expected[row] = 5 * products(x1, y, 2)[row];
    CHECK(decrypted(sk, all) == expected);  // both ends of the interval, at W1 = sum_w
    const CiphertextBatch none = sum.slice(1, 1), nothing = CiphertextBatch::concat({&none, &none});
    CHECK(!none.combined() && !nothing.combined() && CiphertextBatch::concat({&c1, &none}).size() == 3);
    CHECK(CiphertextBatch::from_bytes(none.to_bytes()).size() == 0);
    CHECK(CiphertextBatch::concat({&end, &cut}).size() == 4);
    CHECK((decrypted(sk, CiphertextBatch::concat({&end, &cut})) ==
           Row{products(x1, y, 2)[1], products(x1, y, 2)[2], products(x1, y, 2)[0], products(x1, y, 2)[1]}));
}

// Rows cost bytes: who joins a batch with itself has its ciphertext twice, and twelve bytes more are refused.
// `after`: where the byte "combined" is
void test_rows_that_are_there_twice(const CiphertextBatch& ct, std::size_t after) {
    const CiphertextBatch end = ct.slice(1, 3), first = ct.slice(0, 1),
                          thrice = CiphertextBatch::concat({&ct, &end, &ct, &first});
    CHECK(thrice.size() == 9 && thrice.blocks().size() == 3 && thrice.byte_size() == 3 * ct.byte_size());
    CHECK(thrice.ranges()[1].block == 1 && thrice.ranges().back().block == 1);  // a place for slot 0 was left
    const CiphertextBatch again = CiphertextBatch::from_bytes(thrice.to_bytes());
    CHECK(again.to_bytes() == thrice.to_bytes() && again.size() == 9);
    Bytes bytes = ct.to_bytes();
    bytes[after + 5] = 2;  // ranges
    const auto range = bytes.begin() + static_cast<ptrdiff_t>(after + 9 + 4);
    const Bytes copy(range, range + 12);
    bytes.insert(range + 12, copy.begin(), copy.end());
    CHECK_ERROR(CiphertextBatch::from_bytes(bytes), decode, "a row that is there already");
}

// Two that are equal or opposite are found although a third, which begins like them, stands between
void test_equal_keys_apart() {
    const Parameters p = box(3, 0, 9, 7);
    const pyfe::ring::Basis basis(p.primes, kLogRing);
    const std::size_t size = basis.packed_size();
    const Bytes good = made(p, 14).mpk.to_bytes();
    const auto pk = [&](Bytes& key, std::size_t i) { return key.data() + key.size() - (3 - i) * size; };
    Bytes key = good;
    Polynomial v(basis.words());
    basis.unpack({pk(key, 0), size}, v.data());
    v[kRing - 1] = 0;
    basis.pack(v.data(), pk(key, 1));
    CHECK_ERROR((std::copy_n(pk(key, 0), size, pk(key, 2)), MasterPublicKey::from_bytes(key)), decode,
                "pk_0 and pk_2 are equal or opposite");
    basis.unpack({pk(key, 0), size}, v.data());
    basis.negate(v.data(), v.data());
    basis.pack(v.data(), pk(key, 2));
    CHECK_ERROR(MasterPublicKey::from_bytes(key), decode, "pk_0 and pk_2 are equal or opposite");
    v[kRing - 1] = 1;
    basis.pack(v.data(), pk(key, 2));
    CHECK(MasterPublicKey::from_bytes(key).to_bytes() == key);  // three that begin alike
}

void test_bytes() {
    const Parameters p = box(2, 0, 9, 7);
    const Authority a = made(p, 10);
    Stream random(11);
    const Row x = {1, 2, 3, 4, 5, 6};
    const CiphertextBatch ct = encrypt(a.mpk, {x.data(), 3, 2}, random);
    const Bytes good = ct.to_bytes();
    const auto with = [&](std::size_t at, uint8_t value) {
        Bytes bytes = good;
        bytes[at] = value;
        return bytes;
    };
    const std::size_t k = p.primes.size(), primes = 32 + 4 + 3, after = primes + 8 * k + 8;
    CHECK_ERROR(CiphertextBatch::from_bytes(with(36, 12)), decode, "ring dimension");
    CHECK_ERROR(CiphertextBatch::from_bytes(with(37, 38)), decode, "multiple of 4");
    CHECK_ERROR(CiphertextBatch::from_bytes(with(38, 0)), decode, "primes");
    CHECK_ERROR(CiphertextBatch::from_bytes(with(primes, 3)), decode, "prime");
    CHECK_ERROR(CiphertextBatch::from_bytes(with(after, 2)), decode, "combined");
    CHECK_ERROR(CiphertextBatch::from_bytes(with(after + 9, 65)), decode, "bytes");  // count: a tile more
    CHECK_ERROR(CiphertextBatch::from_bytes(with(after + 9, 0)), decode, "count");
    CHECK_ERROR(CiphertextBatch::from_bytes(with(after + 9, 2)), decode, "beyond the patients");
    CHECK_ERROR(CiphertextBatch::from_bytes(Bytes(good.begin(), good.end() - 1)), decode, "bytes");
    Bytes residue = good;
    const std::size_t first = after + 9 + 4 + 12;
    for (std::size_t i = 0; i < 8; ++i) residue[first + i] = 0xff;
    CHECK_ERROR(CiphertextBatch::from_bytes(residue), decode, "block 0, ct_0");
    test_rows_that_are_there_twice(ct, after);
    Bytes key = a.mpk.to_bytes();
    const std::size_t size = pyfe::ring::Basis(p.primes, kLogRing).packed_size();
    std::copy_n(key.end() - static_cast<ptrdiff_t>(2 * size), size, key.end() - static_cast<ptrdiff_t>(size));
    CHECK_ERROR(MasterPublicKey::from_bytes(key), decode, "pk_0 and pk_1 are equal or opposite");
    std::fill(key.end() - static_cast<ptrdiff_t>(size), key.end(), uint8_t{0});
    CHECK_ERROR(MasterPublicKey::from_bytes(key), decode, "pk_1 is 0");
    test_equal_keys_apart();
}

}  // namespace

int main() {
    const std::vector<Parameters> sets = {box(1, 0, 1, 1), box(30, 0, 255, 127), box(64, -1024, 1024, 1024)};
    for (const Kernels* table : all_tables()) {
        for (const Parameters& p : sets) test_fractions(p, *table);
        test_fractions(parameters_R3(), *table);
        for (unsigned b = 4; b <= 112; b += 4) test_tiles(b, *table);
        test_decisions(40, 1950000, 1, -971550, 971550, *table);
        test_decisions(24, 1300, 6, -600, 600, *table);
        test_decisions(40, 4000, 5, 100000, 102000, *table);
        test_decisions(52, 1000, 4, -400, 400, *table);
    }
    test_round(box(1, 0, 1, 1), 1, 1);
    test_round(box(3, -255, 255, 127), 64, 2);
    test_round(box(9, 1000, 1255, 127), 65, 3);  // results far from 0, counted modulo K
    test_round(box(2, 0, 9, 7), 8193, 4);
    test_round(box(64, -1024, 1024, 1024), 65, 12);
    test_round(parameters_R3(), 65, 13);
    test_refused();
    test_a_key_of_multiples();
    test_sums();
    test_bytes();
    return check::result("test_rlwe_verbs");
}
