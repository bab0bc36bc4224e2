// The scheme ipfe-ddh: the four verbs on every kernel table, known answers, refusals, combined rows.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "check.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/group/ristretto255/kernels.hpp"
#include "pyfe/ipfe_ddh/proof.hpp"
#include "pyfe/ipfe_ddh/scheme.hpp"
#include "support.hpp"

namespace {

namespace ristretto255 = pyfe::group::ristretto255;
using check::hex;
using pyfe::ipfe_ddh::CiphertextBatch;
using pyfe::ipfe_ddh::FunctionKey;
using pyfe::ipfe_ddh::Id;
using pyfe::ipfe_ddh::IntMatrix;
using pyfe::ipfe_ddh::MasterPublicKey;
using pyfe::ipfe_ddh::MasterSecretKey;
using pyfe::ipfe_ddh::Parameters;
using support::Bytes;
using support::from_hex;
using support::Stream;
using support::UseKernels;

using Row = std::vector<std::int64_t>;
using Rows = std::vector<Row>;

struct Matrix {
    std::size_t columns;
    Row flat;
    explicit Matrix(const Rows& rows) : columns(rows[0].size()) {
        for (const Row& row : rows) flat.insert(flat.end(), row.begin(), row.end());
    }
    operator IntMatrix() const { return {flat.data(), flat.size() / columns, columns}; }
};

Parameters box(std::size_t n, std::int64_t lo, std::int64_t hi, std::uint64_t y_bound) {
    return {Row(n, lo), Row(n, hi), y_bound, Id{}};
}

Row decrypted(const FunctionKey& sk, const CiphertextBatch& ct) {
    Row z(ct.size() * sk.functions, 77);
    pyfe::ipfe_ddh::decrypt_vartime(sk, ct, z.data());
    return z;
}

Row products(const Rows& x, const Rows& y) {
    Row out;
    for (const Row& a : x) {
        for (const Row& b : y) {
            std::int64_t sum = 0;
            for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
            out.push_back(sum);
        }
    }
    return out;
}

// Gives out the bytes it was made with; then it fails, as a dry source of entropy does.
class Listed : public pyfe::Random {
  public:
    explicit Listed(Bytes data) : data_(std::move(data)) {}
    void fill(std::uint8_t* out, std::size_t size) override {
        if (size > data_.size() - at_) pyfe::fail(pyfe::ErrorKind::randomness, "dry");
        std::memcpy(out, data_.data() + at_, size);
        at_ += size;
    }

  private:
    Bytes data_;
    std::size_t at_ = 0;
};

// -- known answers: the setting "one bit" of tests/vectors/ipfe_ddh.json ----------------------------------

void test_known_answer() {
    const char* const setup_random =
        "edd3f55c1a631258d69cf7a2def9de140000000000000000000000000000001000000000000000000000000000000000"
        "00000000000000000000000000000000d8e9095839668ac7c084eb39b69f3485da9d431a7538b43ec84b99b1226d896d"
        "7f06e41ce5235695adab9020934bacad00f608e0dd0aa1a12c66575b08b2ce6f00000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "ffffffffffffffffffffffffffffffff";
    const char* const encrypt_random =
        "edd3f55c1a631258d69cf7a2def9de140000000000000000000000000000001000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000000000000000000000000000000000000000000000ffffffffffffffffffffffffffffffff"
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    const Parameters parameters = box(1, 0, 1, 1);
    CHECK(hex(parameters.id()) == "bfb78bf15af2f877b05c31dc20a5942af97f3a05a58f8eb6ec220e772abf618b");
    Listed source(from_hex(setup_random));
    const auto [mpk, msk] = pyfe::ipfe_ddh::setup(parameters, source);
    CHECK(hex(mpk.to_bytes()) ==
          "010000000000000000000000010000000000000001000000000000000000000000000000000000000000000000000000"
          "0000000000000000000000007618c2a3c19ba6e9e23030bbf36fbef3798b9458a9dcf6ab67273ca8a40c4666");
    CHECK(hex(mpk.id) == "3221f4a4357125b498e24d50a06b9b009d5ebfcb51a95b6574af09035dbd0aac");
    CHECK(hex(msk.to_bytes()) ==
          "010000000000000000000000010000000000000001000000000000000000000000000000000000000000000000000000"
          "0000000000000000000000003221f4a4357125b498e24d50a06b9b009d5ebfcb51a95b6574af09035dbd0aacde7a248c"
          "c8de3a4d287ad68458e170f042dce527b328274db26b6376a07a0707000f9c44e31106a447938568a71b0ed065bef517"
          "d273ecce3d9a307c1b419903");
    const FunctionKey sk = pyfe::ipfe_ddh::keygen(msk, Matrix({{1}, {-1}}));
    CHECK(hex(sk.to_bytes()) ==
          "3221f4a4357125b498e24d50a06b9b009d5ebfcb51a95b6574af09035dbd0aac02000000010000000100000000000000"
          "ffffffffffffffff00000000000000000100000000000000ffffffffffffffff0000000000000000de7a248cc8de3a4d"
          "287ad68458e170f042dce527b328274db26b6376a07a0707000f9c44e31106a447938568a71b0ed065bef517d273ecce"
          "3d9a307c1b4199030f59d1d05184d70aae22211e86186e24bd231ad84cd7d8b24d949c895f85f808edc4591837510cb4"
          "8e09723a37ded0449a410ae82d8c1331c265cf83e4be660c");
    Listed more(from_hex(encrypt_random));
    const CiphertextBatch ct = pyfe::ipfe_ddh::encrypt(mpk, Matrix(Rows{{0}}), more);
    CHECK(hex(ct.to_bytes()) ==
          "3221f4a4357125b498e24d50a06b9b009d5ebfcb51a95b6574af09035dbd0aac01000000000000000100000000c80b7e"
          "4d05ae260beb5fce8c88b9f7fddc78df8019dec4bdaf9ae2de32cd203f42c5beab3f26bdaa314fc79d7ae89b769b3ca7"
          "e06ebd0d9bd66b74c400e55c6872c2045bb840ebd7c75ae9e519cacf65f9ebd57cc1bfbe8987151451e1dd5e22");
    CHECK(decrypted(sk, ct) == (Row{0, 0}));
}

// -- all verbs --------------------------------------------------------------------------------------------

// One n, one batch: bytes of every object, checked on the way
Bytes run_verbs(std::size_t n, std::size_t batch, std::uint64_t seed) {
    Stream random(seed);
    const Parameters parameters = box(n, -100, 155, 127);
    const auto [mpk, msk] = pyfe::ipfe_ddh::setup(parameters, random);
    Rows x(batch, Row(n)), y(3, Row(n));
    for (Row& row : x) {
        for (std::int64_t& v : row) v = random.integer(-100, 155);
    }
    for (Row& row : y) {
        for (std::int64_t& v : row) v = random.integer(-127, 127);
    }
    y[0][0] = 127;
    for (std::size_t f = 0; f < 2 && f < batch; ++f) {  // both ends of the first function's interval
        for (std::size_t i = 0; i < n; ++i) x[f][i] = (y[0][i] > 0) == (f == 0) ? 155 : -100;
    }
    y[1][n - 1] = 1;
    y[2][0] = -1;
    const FunctionKey sk = pyfe::ipfe_ddh::keygen(msk, Matrix(y));
    const CiphertextBatch ct = pyfe::ipfe_ddh::encrypt(mpk, Matrix(x), random);
    CHECK(pyfe::ipfe_ddh::verify_key_vartime(mpk, sk));
    const Row expected = products(x, y);
    CHECK(expected[0] == sk.intervals[0].hi);
    CHECK(batch < 2 || expected[3] == sk.intervals[0].lo);
    CHECK(decrypted(sk, ct) == expected);
    const Bytes ct_bytes = ct.to_bytes(), sk_bytes = sk.to_bytes(), mpk_bytes = mpk.to_bytes(),
                msk_bytes = msk.to_bytes();
    const CiphertextBatch ct_back = CiphertextBatch::from_bytes(ct_bytes);
    const FunctionKey sk_back = FunctionKey::from_bytes(sk_bytes);
    CHECK(decrypted(sk_back, ct_back) == expected);
    CHECK(ct_back.to_bytes() == ct_bytes && sk_back.to_bytes() == sk_bytes);
    CHECK(MasterPublicKey::from_bytes(mpk_bytes).id == mpk.id);
    const MasterSecretKey msk_back = MasterSecretKey::from_bytes(msk_bytes);
    CHECK(msk_back.to_bytes() == msk_bytes);
    CHECK(pyfe::ipfe_ddh::keygen(msk_back, Matrix(y)).to_bytes() == sk_bytes);
    Bytes all = mpk_bytes;
    for (const Bytes& part : {msk_bytes, sk_bytes, ct_bytes}) all.insert(all.end(), part.begin(), part.end());
    return all;
}

void test_verbs() {
    std::uint64_t seed = 100;
    for (const std::size_t n : {1, 2, 8, 13}) {
        for (const std::size_t batch : {1, 5, 8, 9}) {
            ++seed;
            std::vector<Bytes> bytes;
            for (const ristretto255::Kernels* kernels : support::all_kernels()) {
                const UseKernels use(*kernels);
                bytes.push_back(run_verbs(n, batch, seed));
            }
            for (const Bytes& other : bytes) CHECK(other == bytes[0]);
        }
    }
}

void test_threads() {
    const unsigned before = pyfe::num_threads();
    pyfe::set_num_threads(1);
    const Bytes one = run_verbs(20, 70, 7);
    pyfe::set_num_threads(4);
    CHECK(run_verbs(20, 70, 7) == one);
    pyfe::set_num_threads(before);
}

struct Example {
    MasterPublicKey mpk;
    MasterSecretKey msk;
    FunctionKey sk;
    CiphertextBatch ct;
    Rows x, y;
};

Example example(std::uint64_t seed, std::size_t batch = 5) {
    Stream random(seed);
    auto [mpk, msk] = pyfe::ipfe_ddh::setup(box(3, -10, 20, 7), random);
    const Rows y = {{1, -2, 7}, {0, 0, -1}};
    Rows x;
    for (std::size_t j = 0; j < batch; ++j) {
        x.push_back({random.integer(-10, 20), random.integer(-10, 20), random.integer(-10, 20)});
    }
    FunctionKey sk = pyfe::ipfe_ddh::keygen(msk, Matrix(y));
    CiphertextBatch ct = pyfe::ipfe_ddh::encrypt(mpk, Matrix(x), random);
    return {std::move(mpk), std::move(msk), std::move(sk), std::move(ct), x, y};
}

// -- refusals ---------------------------------------------------------------------------------------------

void test_parameters() {
    const Id id{};
    CHECK_ERROR(Parameters({}, {}, 1, id), parameter, "n is 0");
    CHECK_ERROR(Parameters({0, 1}, {1}, 1, id), parameter, "x_lo has 2 entries, x_hi 1");
    CHECK_ERROR(Parameters({0, 5}, {1, 4}, 1, id), parameter, "coordinate 1: x_lo = 5 exceeds x_hi = 4");
    CHECK_ERROR(Parameters({0}, {1}, 0, id), parameter, "y_bound = 0");
    CHECK_ERROR(Parameters({0}, {1}, std::uint64_t{1} << 63, id), parameter, "y_bound");
    Parameters a = box(2, 0, 1, 1), b = box(2, 0, 1, 2), c = box(2, 0, 1, 1);
    c.context[31] = 1;
    CHECK(a.id() != b.id() && a.id() != c.id() && a.id() == box(2, 0, 1, 1).id());
}

void test_encrypt_refusals() {
    const Example e = example(1);
    Stream random(2);
    CHECK_ERROR(pyfe::ipfe_ddh::encrypt(e.mpk, Matrix({{0, 0}}), random), parameter, "x has 2 columns");
    for (const std::int64_t outside : {std::int64_t{21}, std::int64_t{-11}, INT64_MAX, INT64_MIN}) {
        CHECK_ERROR(
            pyfe::ipfe_ddh::encrypt(e.mpk, Matrix({{20, 20, 20}, {0, outside, 0}, {99, 0, 0}}), random),
            out_of_range, "x: row 1, coordinate 1 is outside [-10, 20]");
    }
    Listed dry(Bytes(64 * 2 + 63, 1));
    CHECK_ERROR(pyfe::ipfe_ddh::encrypt(e.mpk, Matrix({{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}), dry), randomness,
                "dry");
    Listed short_setup(Bytes(64, 1));
    CHECK_ERROR(pyfe::ipfe_ddh::setup(box(1, 0, 1, 1), short_setup), randomness, "dry");
    // Zero is drawn again: two zeros, then a one.
    Bytes zeros(192, 0);
    zeros[128] = 1;
    Listed drawn_again(zeros);
    CHECK(pyfe::ipfe_ddh::encrypt(e.mpk, Matrix({{0, 0, 0}}), drawn_again).size() == 1);
}

void test_keygen_refusals() {
    const Example e = example(3);
    CHECK_ERROR(pyfe::ipfe_ddh::keygen(e.msk, Matrix({{1, 2}})), parameter, "y has 2 columns");
    CHECK_ERROR(pyfe::ipfe_ddh::keygen(e.msk, IntMatrix{nullptr, 0, 3}), parameter, "y has no rows");
    CHECK_ERROR(pyfe::ipfe_ddh::keygen(e.msk, Matrix({{1, 0, 0}, {0, 0, 0}})), parameter, "y: row 1 is zero");
    CHECK_ERROR(pyfe::ipfe_ddh::keygen(e.msk, Matrix({{0, 0, 8}})), out_of_range,
                "y: row 0, coordinate 2 = 8 exceeds y_bound = 7");
    CHECK_ERROR(pyfe::ipfe_ddh::keygen(e.msk, Matrix({{0, INT64_MIN, 0}})), out_of_range, "coordinate 1");
    Stream random(4);
    const std::int64_t half = std::int64_t{1} << 43;
    const auto wide = pyfe::ipfe_ddh::setup(box(1, -half, half, 3), random);
    CHECK(pyfe::ipfe_ddh::keygen(wide.second, Matrix(Rows{{-1}})).intervals[0].hi == half);  // width 2^44
    CHECK_ERROR(pyfe::ipfe_ddh::keygen(wide.second, Matrix(Rows{{2}})), out_of_range, "wider than 2^44");
    const auto widest = pyfe::ipfe_ddh::setup(box(2, INT64_MIN, INT64_MAX, INT64_MAX), random);
    CHECK_ERROR(pyfe::ipfe_ddh::keygen(widest.second, Matrix({{INT64_MAX, -INT64_MAX}})), out_of_range,
                "smaller weights");
}

// Other keys are refused by their ids: at once, whatever the width of the search would be.
void test_mismatch() {
    const Example a = example(5), b = example(6);
    Row z(10);
    const auto start = std::chrono::steady_clock::now();
    CHECK_ERROR(pyfe::ipfe_ddh::decrypt_vartime(a.sk, b.ct, z.data()), key_mismatch, "different public keys");
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(50));  // also under qemu
    FunctionKey wrong_n = a.sk;
    wrong_n.n = 2;
    CHECK_ERROR(pyfe::ipfe_ddh::decrypt_vartime(wrong_n, a.ct, z.data()), key_mismatch, "differ in n");
    CHECK(!pyfe::ipfe_ddh::verify_key_vartime(b.mpk, a.sk));
}

// Whatever is changed in a function key, verify_key notices or decryption finds no result.
void test_altered_keys() {
    const Example e = example(7);
    const auto altered = [&](auto change) {
        FunctionKey sk = FunctionKey::from_bytes(e.sk.to_bytes());
        change(sk);
        return sk;
    };
    const auto verified = [&](const FunctionKey& sk) {
        return pyfe::ipfe_ddh::verify_key_vartime(e.mpk, sk);
    };
    CHECK(verified(altered([](FunctionKey&) {})));
    CHECK(!verified(altered([](FunctionKey& sk) { sk.y[0] += 1; })));
    CHECK(!verified(altered([](FunctionKey& sk) { sk.y[5] += 1; })));
    CHECK(!verified(altered([](FunctionKey& sk) { sk.intervals[1].lo -= 1; })));
    CHECK(!verified(altered([](FunctionKey& sk) { sk.intervals[0].hi += 1; })));
    CHECK(!verified(altered([](FunctionKey& sk) { std::swap(sk.s, sk.t); })));
    const FunctionKey wrong = altered([](FunctionKey& sk) { sk.s[1] = {support::small_scalar(5)}; });
    CHECK(!verified(wrong));
    Row z(10);
    CHECK_ERROR(pyfe::ipfe_ddh::decrypt_vartime(wrong, e.ct, z.data()), out_of_range,
                "row 0, function 1: no result in [-20, 10]");
    const FunctionKey narrow = altered([&](FunctionKey& sk) {
        const std::int64_t worst = *std::max_element(sk.y.begin(), sk.y.end());
        sk.intervals[0] = {1000 + worst, 2000 + worst};
    });
    CHECK_ERROR(pyfe::ipfe_ddh::decrypt_vartime(narrow, e.ct, z.data()), out_of_range,
                "function 0: no result");
}

// -- rows -------------------------------------------------------------------------------------------------

Rows rows_of(const Rows& x, std::size_t start, std::size_t stop) {
    return {x.begin() + std::ptrdiff_t(start), x.begin() + std::ptrdiff_t(stop)};
}

void test_slices() {
    const Example e = example(8, 20);
    const CiphertextBatch read = CiphertextBatch::from_bytes(e.ct.to_bytes());  // with decoded points
    for (const CiphertextBatch* ct : {&e.ct, &read}) {
        for (const auto& [start, stop] : {std::pair<std::size_t, std::size_t>{0, 20},
                                          {0, 3},
                                          {8, 20},
                                          {8, 16},
                                          {3, 12},
                                          {19, 20},
                                          {5, 5}}) {
            CHECK(decrypted(e.sk, ct->slice(start, stop)) == products(rows_of(e.x, start, stop), e.y));
        }
        CHECK_ERROR(ct->slice(3, 21), parameter, "slice 3:21 of 20 rows");
        CHECK_ERROR(ct->slice(4, 3), parameter, "slice 4:3");
        const CiphertextBatch low = ct->slice(0, 7), high = ct->slice(7, 20), none = ct->slice(2, 2);
        CHECK(CiphertextBatch::concat({&low, &none, &high}).to_bytes() == e.ct.to_bytes());
    }
    CHECK_ERROR(CiphertextBatch::concat({}), parameter, "no batches");
    const Example other = example(9);
    CHECK_ERROR(CiphertextBatch::concat({&e.ct, &other.ct}), key_mismatch, "different public keys");
}

void test_combined() {
    const Example e = example(10);
    const Row w = {3, -1, 0, 2, -5};
    Row total(3, 0);
    for (std::size_t j = 0; j < 5; ++j) {
        for (std::size_t i = 0; i < 3; ++i) total[i] += w[j] * e.x[j][i];
    }
    const CiphertextBatch sum = e.ct.weighted_sum_vartime(w);
    CHECK(sum.combined() && sum.size() == 1 && sum.weight(0).pos == 5 && sum.weight(0).neg == 6);
    CHECK(decrypted(e.sk, sum) == products({total}, e.y));
    const CiphertextBatch back = CiphertextBatch::from_bytes(sum.to_bytes());
    CHECK(back.weight(0) == sum.weight(0) && decrypted(e.sk, back) == products({total}, e.y));
    // A sum of sums: signs and magnitudes of the weights go through
    const CiphertextBatch mixed = CiphertextBatch::concat({&sum, &e.ct});
    CHECK(mixed.combined() && mixed.weight(1).pos == 1 && mixed.weight(1).neg == 0);
    const CiphertextBatch again = mixed.weighted_sum_vartime(Row{-2, 1, 0, 0, 0, 0});
    CHECK(again.weight(0).pos == 2 * 6 + 1 && again.weight(0).neg == 2 * 5);
    Row twice(3);
    for (std::size_t i = 0; i < 3; ++i) twice[i] = -2 * total[i] + e.x[0][i];
    CHECK(decrypted(e.sk, again) == products({twice}, e.y));
    const CiphertextBatch difference = CiphertextBatch::combine_vartime({&e.ct, &e.ct}, Row{1, -1});
    CHECK(decrypted(e.sk, difference) == Row(10, 0));
}

void test_combined_refusals() {
    const Example e = example(11), other = example(12), longer = example(11, 6);
    CHECK_ERROR(e.ct.weighted_sum_vartime(Row{1, 2}), parameter, "2 weights for 5 rows");
    CHECK_ERROR(e.ct.slice(0, 0).weighted_sum_vartime(Row{}), parameter, "0 weights for 0 rows");
    CHECK_ERROR(CiphertextBatch::combine_vartime({&e.ct, &other.ct}, Row{1, 1}), key_mismatch,
                "different public keys");
    CHECK_ERROR(CiphertextBatch::combine_vartime({&e.ct, &longer.ct}, Row{1, 1}), parameter,
                "batches of 5 and 6 rows");
    CHECK_ERROR(e.ct.weighted_sum_vartime(Row{INT64_MAX, INT64_MAX, INT64_MAX, 0, 0}), out_of_range,
                "the total weight exceeds 2^64 - 1");
    const CiphertextBatch wide = e.ct.weighted_sum_vartime(Row{std::int64_t{1} << 40, 0, 0, 0, 0});
    Row z(10);
    CHECK_ERROR(pyfe::ipfe_ddh::decrypt_vartime(e.sk, wide, z.data()), out_of_range, "wider than 2^44");
}

void test_decode_refusals() {
    const Example e = example(13);
    Bytes bytes = e.ct.to_bytes();
    bytes[45 + 32 * (5 * 1 + 3)] ^= 1;  // second row, coordinate 1: an odd number is no encoding
    CHECK_ERROR(CiphertextBatch::from_bytes(bytes), decode, "row 1, element E_1 is not a canonical");
    Bytes mpk = e.mpk.to_bytes();
    const auto h = mpk.end() - 96;
    std::copy(h, h + 32, h + 64);
    CHECK_ERROR(MasterPublicKey::from_bytes(mpk), decode, "h_0 equals h_2");
    std::fill(h + 32, h + 64, std::uint8_t{0});
    std::fill(h + 64, h + 96, std::uint8_t{0});
    CHECK_ERROR(MasterPublicKey::from_bytes(mpk), decode, "h_1 is the identity");
    Bytes msk = e.msk.to_bytes();
    std::fill(msk.end() - 32, msk.end(), std::uint8_t{0xff});
    CHECK_ERROR(MasterSecretKey::from_bytes(msk), decode, "is not below the group order");
}

// A row whose plaintext lies outside the box: anybody can make one (the scheme is malleable), nothing is
// misread.
void test_beyond_the_interval() {
    Stream random(14);
    const auto [mpk, msk] = pyfe::ipfe_ddh::setup(box(1, 0, 255, 1), random);
    const MasterPublicKey wider(box(1, -1, 256, 1), mpk.h_bytes);
    const FunctionKey sk = pyfe::ipfe_ddh::keygen(msk, Matrix(Rows{{1}}));
    for (const std::int64_t outside : {-1, 256}) {
        Bytes made = pyfe::ipfe_ddh::encrypt(wider, Matrix({{255}, {outside}}), random).to_bytes();
        std::copy(mpk.id.begin(), mpk.id.end(), made.begin());
        const CiphertextBatch ct = CiphertextBatch::from_bytes(made);
        Row z(2);
        CHECK_ERROR(pyfe::ipfe_ddh::decrypt_vartime(sk, ct, z.data()), out_of_range,
                    "row 1, function 0: no result in [0, 255]");
    }
}

// -- proofs -----------------------------------------------------------------------------------------------

using pyfe::ipfe_ddh::ScoreProof;

const Bytes about = {1, 2, 3};

bool proven(const Example& e, const CiphertextBatch& ct, const Row& z, const ScoreProof& proof) {
    return pyfe::ipfe_ddh::verify_scores_vartime(e.mpk, Matrix(e.y), ct, z.data(), about, proof);
}

// Every number of rows around the borders of blocks and of what shares an inversion, combined rows, and none;
// the same bytes from every kernel table
void test_proofs() {
    for (const std::size_t rows : {0, 1, 8, 9, 300}) {
        std::vector<Bytes> bytes;
        for (const ristretto255::Kernels* kernels : support::all_kernels()) {
            const UseKernels use(*kernels);
            const Example e = example(16, 300);
            const CiphertextBatch ct = e.ct.slice(0, rows);
            Stream random(17);
            const Row z = products(rows_of(e.x, 0, rows), e.y);
            const ScoreProof proof = pyfe::ipfe_ddh::prove(e.sk, ct, z.data(), about, random);
            CHECK(proof.rows == rows && proof.functions == 2);
            bytes.push_back(proof.to_bytes());
            const ScoreProof read = ScoreProof::from_bytes(bytes.back());
            CHECK(read.to_bytes() == bytes.back() && proven(e, ct, z, read));
            CHECK(proven(e, CiphertextBatch::from_bytes(ct.to_bytes()), z, read));
        }
        for (const Bytes& other : bytes) CHECK(other == bytes[0]);
    }
    const Example e = example(18);
    Stream random(19);
    const CiphertextBatch sum = e.ct.weighted_sum_vartime(Row{3, -1, 0, 2, -5});
    const Row z = decrypted(e.sk, sum);
    CHECK(proven(e, sum, z, pyfe::ipfe_ddh::prove(e.sk, sum, z.data(), about, random)));
}

// Whatever is changed is noticed: by the proof, by the interval, or by who belongs to whom
void test_altered_proofs() {
    const Example e = example(20), other = example(21);
    Stream random(22);
    const Row z = decrypted(e.sk, e.ct);
    const ScoreProof proof = pyfe::ipfe_ddh::prove(e.sk, e.ct, z.data(), about, random);
    CHECK(proven(e, e.ct, z, proof));
    for (std::size_t j = 0; j < z.size(); ++j) {
        Row wrong = z;
        wrong[j] += wrong[j] < 0 ? 1 : -1;
        CHECK(!proven(e, e.ct, wrong, proof));
        wrong[j] = 1000;
        CHECK_ERROR(proven(e, e.ct, wrong, proof), out_of_range,
                    "row " + std::to_string(j / 2) + ", function " + std::to_string(j % 2) +
                        ": the score is outside [");
        CHECK(!proven(e, e.ct, z, pyfe::ipfe_ddh::prove(e.sk, e.ct, wrong.data(), about, random)));
    }
    for (std::size_t bit = 0; bit < 3 * 256; bit += 7) {
        Bytes bytes = proof.to_bytes();
        bytes[44 + bit / 8] = static_cast<std::uint8_t>(bytes[44 + bit / 8] ^ 1 << bit % 8);
        try {
            CHECK(!proven(e, e.ct, z, ScoreProof::from_bytes(bytes)));
        } catch (const pyfe::Error& error) {
            CHECK(std::string(error.what()).find("is not below the group order") != std::string::npos);
        }
    }
    const CiphertextBatch a = e.ct.slice(0, 2), b = e.ct.slice(2, 5),
                          turned = CiphertextBatch::concat({&b, &a});
    CHECK(!proven(e, turned, z, proof));
    CHECK(!pyfe::ipfe_ddh::verify_scores_vartime(e.mpk, Matrix(e.y), e.ct, z.data(), {}, proof));
    CHECK(!pyfe::ipfe_ddh::verify_scores_vartime(e.mpk, Matrix({{1, -2, 6}, {0, 0, -1}}), e.ct, z.data(),
                                                 about, proof));
    CHECK_ERROR(proven(e, a, z, proof), key_mismatch, "it is of 5 rows and 2 functions, not of 2 and 2");
    CHECK_ERROR(proven(other, other.ct, z, proof), key_mismatch, "another public key");
    CHECK_ERROR(proven(other, e.ct, z, proof), key_mismatch, "different public keys");
    CHECK_ERROR(pyfe::ipfe_ddh::prove(other.sk, e.ct, z.data(), about, random), key_mismatch,
                "different public keys");
    Listed dry(Bytes(63, 1));
    CHECK_ERROR(pyfe::ipfe_ddh::prove(e.sk, e.ct, z.data(), about, dry), randomness, "dry");
}

// A whole key, as a service without Python reads it: what it opens, and how that is read.
void test_readout() {
    using pyfe::schemes::Label, pyfe::schemes::Link, pyfe::schemes::Readout;
    const Example e = example(15);
    Readout readout;
    readout.intercepts = {-3, 4};
    readout.scales = {0.5, 0.25};
    readout.max_errors = {0, 0.125};
    readout.link = Link::softmax;
    readout.classes = {{Label::Type::text, "no"}, {Label::Type::integer, "-1"}};
    const FunctionKey key = pyfe::schemes::with_readout(e.sk, readout);
    const Bytes written = key.to_bytes();
    const FunctionKey read = FunctionKey::from_bytes(written);
    CHECK(!e.sk.readout && !FunctionKey::from_bytes(e.sk.to_bytes()).readout);
    CHECK(read.readout == readout && read.to_bytes() == written);
    CHECK(decrypted(read, e.ct) == products(e.x, e.y));
    for (std::size_t size = 0; size < written.size(); ++size)
        CHECK_ERROR(FunctionKey::from_bytes({written.data(), size}), decode, "function key: ");

    readout.classes[1].text = "01";
    CHECK_ERROR(pyfe::schemes::with_readout(e.sk, readout), parameter, "label of class 1");
    readout.classes.clear();
    CHECK_ERROR(pyfe::schemes::with_readout(e.sk, readout), parameter, "the link needs classes");
    readout.link = Link::identity;
    readout.intercepts[1] = INT64_MIN;
    CHECK_ERROR(pyfe::schemes::with_readout(e.sk, readout), parameter, "out of 62 bits");
    readout.intercepts.pop_back();
    CHECK_ERROR(pyfe::schemes::with_readout(e.sk, readout), parameter, "one intercept, scale");
}

}  // namespace

int main() {
    for (const ristretto255::Kernels* kernels : support::all_kernels()) {
        const UseKernels use(*kernels);
        test_known_answer();
        test_slices();
        test_combined();
    }
    test_verbs();
    test_threads();
    test_parameters();
    test_encrypt_refusals();
    test_keygen_refusals();
    test_mismatch();
    test_altered_keys();
    test_combined_refusals();
    test_decode_refusals();
    test_beyond_the_interval();
    test_proofs();
    test_altered_proofs();
    test_readout();
    return check::result("test_ipfe_ddh");
}
