// Constant-time cases, one a run: `ctime_runner --list`, `ctime_runner NAME`. Secrets are marked as undefined
// memory (PYFE_CTCHECK), so that valgrind's Memcheck reports each branch and each address that depends on
// one. A clean case must give no report; a planted leak must give one that names the planted function.
//
// A case runs first with nothing marked. The outputs of both runs must be equal: a check that marked too
// little work, or another work, would show.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pyfe/base/ctcheck.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/field/fr.hpp"
#include "pyfe/group/bls12_381/fixed_base.hpp"
#include "pyfe/group/bls12_381/kernels.hpp"
#include "pyfe/group/bls12_381/points.hpp"
#include "pyfe/group/ristretto255/base_tables.hpp"
#include "pyfe/group/ristretto255/fixed_base.hpp"
#include "pyfe/group/ristretto255/kernels.hpp"
#include "pyfe/group/ristretto255/points.hpp"
#include "pyfe/ipfe_ddh/proof.hpp"
#include "pyfe/ipfe_ddh/scheme.hpp"
#include "pyfe/ipfe_rlwe/kernels.hpp"
#include "pyfe/ipfe_rlwe/scheme.hpp"
#include "pyfe/noise/row_noise.hpp"
#include "pyfe/pairing/kernels.hpp"
#include "pyfe/pairing/pairing.hpp"
#include "pyfe/qfe/scheme.hpp"
#include "pyfe/random/chacha20.hpp"
#include "pyfe/random/gaussian.hpp"
#include "pyfe/random/kernels.hpp"
#include "pyfe/ring/kernels.hpp"
#include "pyfe/ring/ntt.hpp"
#include "pyfe/ring/packing.hpp"
#include "support.hpp"

namespace {

namespace ristretto255 = pyfe::group::ristretto255;
using pyfe::field::Scalar;
using pyfe::ipfe_ddh::CiphertextBatch;
using pyfe::ipfe_ddh::IntMatrix;
using pyfe::ipfe_ddh::MasterSecretKey;
using pyfe::ipfe_ddh::Parameters;
using ristretto255::Kernels;
using ristretto255::PointVector;
using support::Bytes;
using support::Stream;

constexpr std::size_t dimension = 3, batch = 9;

// Whether secrets are marked in the run that is going on
bool marking = false;

void hide(const void* data, std::size_t size) {
    if (marking) pyfe::mark_secret(data, size);
}

void hide(const pyfe::ipfe_ddh::SecretScalars& s) { hide(s.data(), s.size() * sizeof(Scalar)); }

// Whether Memcheck holds any bit of these bytes for undefined; no report is made
bool tainted([[maybe_unused]] const Bytes& bytes) {
#ifdef PYFE_CTCHECK
    Bytes bits(bytes.size());
    if (VALGRIND_GET_VBITS(bytes.data(), bits.data(), bits.size()) != 1) return true;  // not under valgrind
    return std::any_of(bits.begin(), bits.end(), [](std::uint8_t b) { return b != 0; });
#else
    return true;
#endif
}

// Set when an output that secrets went into came out as public: the marks had no effect.
bool marks_lost = false;

// What a case computed; it leaves the process, so it is public.
Bytes opened(Bytes out) {
    pyfe::declassify(out.data(), out.size());
    return out;
}

// The same for outputs that the core has not declassified itself: they must carry the mark until here.
Bytes opened_secret(Bytes out) {
    marks_lost = marks_lost || (marking && !tainted(out));
    return opened(std::move(out));
}

Bytes opened_secret(std::span<const std::int64_t> z) {
    Bytes out(z.size_bytes());
    std::memcpy(out.data(), z.data(), out.size());
    return opened_secret(std::move(out));
}

Bytes opened(const Scalar& s) {
    Bytes out(32);
    s.to_bytes(out.data());
    return opened_secret(std::move(out));
}

// Randomness whose every byte is secret
class SecretStream : public pyfe::Random {
  public:
    explicit SecretStream(std::uint64_t seed) : stream_(seed) {}
    void fill(std::uint8_t* out, std::size_t size) override {
        stream_.fill(out, size);
        hide(out, size);
    }

  private:
    Stream stream_;
};

Parameters parameters() {
    return {std::vector<std::int64_t>(dimension, -100), std::vector<std::int64_t>(dimension, 155), 127, {}};
}

// Entries at both ends, zeros, both signs
std::vector<std::int64_t> plain_rows() {
    Stream random(1);
    std::vector<std::int64_t> x = {-100, 155, 0, 1, -1, 7};
    while (x.size() < batch * dimension) x.push_back(random.integer(-100, 155));
    return x;
}

pyfe::ipfe_ddh::SecretScalars secret_scalars(std::size_t count) {
    Stream random(2);
    pyfe::ipfe_ddh::SecretScalars k(count);
    for (std::size_t j = 2; j < count; ++j) k[j] = random.scalar();
    if (count > 1) k[1] = support::negated(support::small_scalar(1));  // k[0] = 0
    hide(k);
    return k;
}

Bytes point_bytes(std::size_t count) {
    Stream random(3);
    return ristretto255::from_uniform_bytes(random.bytes(64 * count));
}

// -- clean cases ------------------------------------------------------------------------------------------

Bytes run_setup() {
    SecretStream random(4);
    const auto [mpk, msk] = pyfe::ipfe_ddh::setup(parameters(), random);
    return opened(mpk.to_bytes());
}

// x and r are secret
Bytes run_encrypt() {
    Stream public_random(5);
    const auto [mpk, msk] = pyfe::ipfe_ddh::setup(parameters(), public_random);
    const std::vector<std::int64_t> x = plain_rows();
    hide(x.data(), x.size() * sizeof x[0]);
    SecretStream random(6);
    return opened_secret(
        pyfe::ipfe_ddh::encrypt(mpk, IntMatrix{x.data(), batch, dimension}, random).to_bytes());
}

Bytes run_keygen() {
    Stream public_random(7);
    const auto [mpk, msk] = pyfe::ipfe_ddh::setup(parameters(), public_random);
    hide(msk.s);
    hide(msk.t);
    const std::int64_t y[2 * dimension] = {127, -127, 0, 1, 2, -3};
    return opened(pyfe::ipfe_ddh::keygen(msk, IntMatrix{y, 2, dimension}).to_bytes());
}

// The key's two scalars and the nonces are secret; nothing of the proof is declassified on the way
Bytes run_prove() {
    Stream public_random(9);
    const auto [mpk, msk] = pyfe::ipfe_ddh::setup(parameters(), public_random);
    const std::int64_t y[2 * dimension] = {127, -127, 0, 1, 2, -3};
    const pyfe::ipfe_ddh::FunctionKey sk = pyfe::ipfe_ddh::keygen(msk, IntMatrix{y, 2, dimension});
    const std::vector<std::int64_t> x = plain_rows();
    const CiphertextBatch ct =
        pyfe::ipfe_ddh::encrypt(mpk, IntMatrix{x.data(), batch, dimension}, public_random);
    std::vector<std::int64_t> z(2 * batch);  // as if decrypted
    for (std::size_t j = 0; j < z.size(); ++j)
        for (std::size_t i = 0; i < dimension; ++i)
            z[j] += x[j / 2 * dimension + i] * y[j % 2 * dimension + i];
    for (const auto* part : {&sk.s, &sk.t}) hide(part->data(), part->size() * sizeof(part->front()));
    SecretStream random(10);
    const Bytes proof = opened_secret(pyfe::ipfe_ddh::prove(sk, ct, z.data(), {}, random).to_bytes());
    const IntMatrix functions{y, 2, dimension};
    const auto read = pyfe::ipfe_ddh::ScoreProof::from_bytes(proof);
    if (!pyfe::ipfe_ddh::verify_scores_vartime(mpk, functions, ct, z.data(), {}, read)) return {};
    return proof;
}

Bytes run_mul_double_variable() {
    const PointVector points = PointVector::decode(point_bytes(batch), "points");
    const auto k = secret_scalars(batch);
    Bytes out(32 * batch);
    ristretto255::mul_double_variable(points, points, {k.data(), k.size()}, {k.data(), k.size()}, out.data());
    return opened_secret(std::move(out));
}

// The sealed file's payload: to bytes and back
Bytes run_master_key_bytes() {
    Stream public_random(8);
    const auto [mpk, msk] = pyfe::ipfe_ddh::setup(parameters(), public_random);
    hide(msk.s);
    hide(msk.t);
    const Bytes bytes = msk.to_bytes();
    return opened_secret(MasterSecretKey::from_bytes(bytes).to_bytes());
}

Bytes run_mul_variable() {
    const PointVector points = PointVector::decode(point_bytes(batch), "points");
    const auto k = secret_scalars(batch);
    Bytes out(32 * batch);
    ristretto255::mul_variable(points, {k.data(), k.size()}, out.data());
    return opened_secret(std::move(out));
}

Bytes run_mul_fixed() {
    const PointVector bases = PointVector::decode(point_bytes(2), "bases");
    const auto k = secret_scalars(batch);
    Bytes out(64 * batch);
    ristretto255::mul_fixed(bases, {k.data(), k.size()}, out.data(), 64);
    return opened_secret(std::move(out));
}

// A row a lane, tables for the call; and a point a lane, tables that stay: dense and sparse
Bytes run_mul_fixed_add_short() {
    const PointVector bases = PointVector::decode(point_bytes(dimension), "bases");
    const auto k = secret_scalars(batch);
    const std::vector<std::int64_t> x = plain_rows();
    hide(x.data(), x.size() * sizeof x[0]);
    Bytes out(32 * dimension * batch);
    ristretto255::mul_fixed_add_short(bases, {k.data(), k.size()}, {x.data(), dimension, 155}, out.data(),
                                      32 * dimension);
    return opened_secret(std::move(out));
}

Bytes run_base_tables() {
    const PointVector bases = PointVector::decode(point_bytes(dimension), "bases");
    const auto k = secret_scalars(2);
    const std::vector<std::int64_t> x = plain_rows();
    hide(x.data(), x.size() * sizeof x[0]);
    Bytes out(32 * dimension * 4);
    ristretto255::BaseTables(bases).multiply({k.data(), 2}, {x.data(), dimension, 155}, out.data(),
                                             32 * dimension);
    const ristretto255::BaseTables sparse(bases, std::size_t{1} << 16);
    sparse.multiply({k.data(), 2}, {x.data(), dimension, 155}, &out[32 * dimension * 2], 32 * dimension);
    return opened_secret(std::move(out));
}

Bytes run_mul_double_fixed() {
    const PointVector bases = PointVector::decode(point_bytes(2), "bases");
    const auto k = secret_scalars(batch);
    Bytes out(32 * batch);
    ristretto255::mul_double_fixed(bases, {k.data(), k.size()}, {k.data(), k.size()}, out.data());
    return opened_secret(std::move(out));
}

Bytes run_mul_base() {
    const auto k = secret_scalars(batch);
    Bytes out(32 * batch);
    ristretto255::mul_base({k.data(), k.size()}, out.data());
    return opened_secret(std::move(out));
}

// Points that are secret themselves: encoding them must not depend on which they are. One is the identity.
Bytes run_encode() {
    const Kernels& kernels = ristretto255::kernels();
    Bytes bytes = point_bytes(batch);
    std::fill_n(bytes.begin() + 32, 32, std::uint8_t{0});
    const PointVector points = PointVector::decode(bytes, "points");
    pyfe::SecretVector<ristretto255::PointBlock> p(points.blocks.size());
    pyfe::SecretVector<ristretto255::Element> scratch(2 * p.size());
    kernels.from_affine(points.blocks.data(), p.size(), p.data());
    hide(p.data(), p.size() * sizeof p[0]);
    Bytes out(64 * batch);
    kernels.encode(p.data(), batch, out.data(), 32);
    kernels.double_and_encode(p.data(), batch, out.data() + 32 * batch, 32, scratch.data());
    return opened_secret(std::move(out));
}

Bytes run_one_way_map() {
    Stream random(9);
    const Bytes in = random.bytes(64 * batch);
    hide(in.data(), in.size());
    return opened_secret(ristretto255::from_uniform_bytes(in));
}

Bytes run_scalar_mul() {
    const auto k = secret_scalars(4);
    return opened(Scalar::add(Scalar::mul(k[2], k[3]), Scalar::mul(k[0], k[1])));
}

Bytes run_scalar_add() {
    const auto k = secret_scalars(4);
    return opened(Scalar::half(Scalar::sub(Scalar::add(k[1], k[2]), k[3])));
}

Bytes run_scalar_invert() { return opened(Scalar::invert(secret_scalars(3)[2])); }

Bytes run_scalar_reduce() {
    Stream random(10);
    const Bytes in = random.bytes(64);
    hide(in.data(), in.size());
    return opened(Scalar::from_wide_bytes(in.data()));
}

Bytes run_scalar_codec() {
    Bytes bytes(32);
    secret_scalars(3)[2].to_bytes(bytes.data());
    std::uint64_t ok;
    Bytes out = opened(Scalar::add(Scalar::from_bytes(bytes.data(), &ok), Scalar::from_int64(-5)));
    pyfe::declassify(&ok, sizeof ok);
    out.push_back(static_cast<std::uint8_t>(ok));
    return out;
}

Bytes run_scalar_from_int64() {
    const std::vector<std::int64_t> x = plain_rows();
    hide(x.data(), x.size() * sizeof x[0]);
    Scalar sum;
    for (const std::int64_t v : x) sum = Scalar::add(sum, Scalar::from_int64(v));
    return opened(sum);
}

// -- clean cases, BLS12-381 -------------------------------------------------------------------------------

namespace bls = pyfe::group::bls12_381;
namespace pairing = pyfe::pairing;
using bls::Fr, bls::G1Points, bls::G2Points, bls::Points;
using pairing::GtElements;

// The tables of one backend
struct Backend {
    const bls::Kernels* curves;
    const pairing::Kernels* pairings;

    void use() const {
        bls::override_kernels_for_testing(curves);
        pairing::override_kernels_for_testing(pairings);
    }
};

// One block of lanes, not full: what a lane does does not depend on how many there are.
constexpr std::size_t few = 7;

constexpr Backend active_backend = {nullptr, nullptr};

template <int Parts>
void hide(const Points<Parts>& p) {
    hide(p.blocks.data(), p.blocks.size() * sizeof p.blocks[0]);
}
void hide(const GtElements& f) { hide(f.blocks.data(), f.blocks.size() * sizeof f.blocks[0]); }

// 0, -1, 1, 2, then any
pyfe::SecretVector<Fr> secret_exponents(std::size_t count) {
    Stream random(14);
    pyfe::SecretVector<Fr> k(count);
    for (std::size_t j = 0; j < count; ++j)
        k[j] = j < 4 ? Fr::from_int64(j == 1   ? -1
                                      : j == 0 ? 0
                                               : int(j) - 1)
                     : Fr::from_wide_bytes(random.bytes(64).data());
    hide(k.data(), k.size() * sizeof(Fr));
    return k;
}

// Multiples of the generator, still public: the identity at `infinite`, if that is one of them
template <int Parts>
Points<Parts> some_points(std::uint64_t seed, std::size_t infinite) {
    Stream random(seed);
    std::vector<Fr> k(few);
    for (Fr& one : k) one = Fr::from_wide_bytes(random.bytes(64).data());
    if (infinite < few) k[infinite] = Fr{};
    return bls::FixedBase<Parts>::generator().multiply(k);
}

template <int Parts>
Points<Parts> secret_points(std::uint64_t seed, std::size_t infinite) {
    Points<Parts> p = some_points<Parts>(seed, infinite);
    hide(p);
    return p;
}

// Elements of GT, one of them 1; made once, for both runs
GtElements secret_elements() {
    static const GtElements made = pairing::pair(some_points<1>(33, 2), some_points<2>(34, 2));
    GtElements f = made;
    hide(f);
    return f;
}

// Secret messages
template <int Parts>
Bytes run_hash_to_curve() {
    Stream random(13);
    const Bytes in = random.bytes(40 * few);
    hide(in.data(), in.size());
    std::vector<std::span<const std::uint8_t>> messages;
    for (std::size_t j = 0; j < few; ++j) messages.push_back({&in[40 * j], 40});
    const std::uint8_t dst[] = {'t', 'a', 'g'};
    return opened_secret(Points<Parts>::hash(messages, dst).encode());
}

// With an operand at infinity, equal operands, and opposite ones
template <int Parts>
Bytes run_curve_add() {
    const Points<Parts> p = secret_points<Parts>(15, 3), q = secret_points<Parts>(16, 4);
    const Points<Parts> sum = bls::add(bls::add(p, q), bls::negate(q));
    return opened_secret(bls::add(sum, bls::negate(p)).encode());
}

template <int Parts>
Bytes run_curve_multiply() {
    const auto k = secret_exponents(few);
    return opened_secret(bls::multiply(secret_points<Parts>(17, 5), {k.data(), k.size()}).encode());
}

template <int Parts>
Bytes run_fixed_base() {
    const bls::FixedBase<Parts> base(some_points<Parts>(18, 1).slice(0, 1, 1));
    const auto k = secret_exponents(few);
    return opened_secret(base.multiply({k.data(), k.size()}).encode());
}

// Projective points that are secret themselves, on their way to bytes
template <int Parts>
Bytes run_curve_encode(const bls::CurveKernels<Parts>& kernels) {
    const Points<Parts> flat = some_points<Parts>(19, 6);
    struct alignas(64) Slab {
        bls::Coordinate<Parts> value;
    };
    pyfe::SecretVector<bls::PointBlock<Parts>> p(flat.blocks.size());
    pyfe::SecretVector<Slab> scratch(p.size());
    kernels.from_affine(flat.blocks.data(), p.size(), p.data());
    kernels.double_times(p.data(), p.size(), 1);
    hide(p.data(), p.size() * sizeof p[0]);
    Points<Parts> out = flat;
    kernels.to_affine(p.data(), p.size(), out.blocks.data(), &scratch[0].value);
    Bytes bytes = out.encode();
    Bytes equal(8 * p.size());
    kernels.equal(p.data(), p.data(), p.size(), equal.data());
    bytes.insert(bytes.end(), equal.begin(), equal.end());
    return opened_secret(std::move(bytes));
}

Bytes run_pair() {
    return opened_secret(pairing::pair(secret_points<1>(20, 2), secret_points<2>(21, 5)).encode());
}

// Two fresh pairs and two whose point of G2 is public and prepared
Bytes run_multi_pair() {
    const pairing::Prepared ready(some_points<2>(22, 6));
    const G1Points p[4] = {secret_points<1>(23, 0), secret_points<1>(24, 1), secret_points<1>(25, 2),
                           secret_points<1>(26, 3)};
    const G2Points q[2] = {secret_points<2>(27, 4), secret_points<2>(28, 1)};
    const pairing::Factor factors[4] = {{&p[0], &q[0], nullptr},
                                        {&p[1], nullptr, &ready.at(0)},
                                        {&p[2], &q[1], nullptr},
                                        {&p[3], nullptr, &ready.at(6)}};
    return opened_secret(pairing::multi_pair(factors).encode());
}

Bytes run_pairing_product() {
    return opened_secret(pairing::pairing_product(secret_points<1>(29, 2), secret_points<2>(30, 5)).encode());
}

// Lines of secret points; whether one is the identity is public.
Bytes run_prepare() {
    G2Points q = some_points<2>(31, few);
    for (auto& block : q.blocks) {
        hide(block.x, sizeof block.x);
        hide(block.y, sizeof block.y);
    }
    const pairing::Prepared ready(q);
    const G1Points p = some_points<1>(32, 1);
    const pairing::Factor factors[1] = {{&p, nullptr, &ready.at(3)}};
    return opened_secret(pairing::multi_pair(factors).encode());
}

Bytes run_gt_mul() {
    const GtElements f = secret_elements(), g = f.slice(few - 1, -1, few);
    const GtElements h = pairing::product(pairing::mul(f, pairing::invert(g)));
    Bytes out = h.encode(), equal = pairing::equal(f, g);
    out.insert(out.end(), equal.begin(), equal.end());
    return opened_secret(std::move(out));
}

Bytes run_gt_exponentiate() {
    const auto k = secret_exponents(few);
    return opened_secret(pairing::exponentiate(secret_elements(), {k.data(), k.size()}).encode());
}

Bytes run_gt_encode() { return opened_secret(secret_elements().encode()); }

Bytes opened(const Fr& k) {
    Bytes out(32);
    k.to_bytes(out.data());
    return opened_secret(std::move(out));
}

Bytes run_fr_add() {
    const auto k = secret_exponents(6);
    return opened(Fr::sub(Fr::add(k[1], k[4]), k[5]));
}

Bytes run_fr_mul() {
    const auto k = secret_exponents(6);
    return opened(Fr::add(Fr::mul(k[4], k[5]), Fr::mul(k[0], k[1])));
}

Bytes run_fr_invert() {
    const auto k = secret_exponents(5);
    return opened(Fr::add(Fr::invert(k[4]), Fr::invert(k[0])));
}

Bytes run_fr_reduce() {
    Stream random(41);
    const Bytes in = random.bytes(64);
    hide(in.data(), in.size());
    return opened(Fr::from_wide_bytes(in.data()));
}

Bytes run_fr_codec() {
    Bytes bytes(32);
    secret_exponents(5)[4].to_bytes(bytes.data());
    std::uint64_t ok;
    Bytes out = opened(Fr::from_bytes(bytes.data(), &ok));
    pyfe::declassify(&ok, sizeof ok);
    out.push_back(static_cast<std::uint8_t>(ok));
    return out;
}

Bytes run_fr_from_int64() {
    const std::vector<std::int64_t> x = plain_rows();
    hide(x.data(), x.size() * sizeof x[0]);
    Fr sum;
    for (const std::int64_t v : x) sum = Fr::add(sum, Fr::from_int64(v));
    return opened(sum);
}

Bytes run_fr_digits_of_x() {
    std::uint64_t digits[4], sum = 0;
    const auto k = secret_exponents(6);
    Bytes out(32);
    for (std::size_t j = 0; j < k.size(); ++j) {
        k[j].digits_of_x(digits);
        for (int i = 0; i < 4; ++i) {
            sum += digits[i] * (j + 2);
            std::memcpy(&out[8 * std::size_t(i)], &sum, 8);
        }
    }
    return opened_secret(std::move(out));
}

// -- inner products from Ring-LWE ---------------------------------------------------------------------------

namespace rlwe = pyfe::ipfe_rlwe;

rlwe::Parameters lattice() { return {{-3, 0}, {3, 9}, 5, 1, {}}; }

Bytes run_rlwe_setup() {
    SecretStream random(40);
    const auto [mpk, msk] = rlwe::setup(lattice(), random);
    return opened(mpk.to_bytes());
}

// x, r, f_0 and f_i are secret
Bytes run_rlwe_encrypt() {
    Stream public_random(41);
    const auto [mpk, msk] = rlwe::setup(lattice(), public_random);
    const std::vector<std::int64_t> x = {-3, 9, 0, 4, 3, 0};
    hide(x.data(), x.size() * sizeof x[0]);
    SecretStream random(42);
    return opened(rlwe::encrypt(mpk, IntMatrix{x.data(), 3, 2}, random).to_bytes());
}

Bytes run_rlwe_keygen() {
    SecretStream random(43);
    const auto [mpk, msk] = rlwe::setup(lattice(), random);
    const std::int64_t y[] = {5, -5, 0, 1};
    return opened(rlwe::keygen(msk, IntMatrix{y, 2, 2}).to_bytes());
}

// The key polynomial, the products with it and what is rounded off are secret; whether anything is refused is
// not
Bytes opened_with_secret_key(const rlwe::FunctionKey& sk, const rlwe::CiphertextBatch& ct) {
    std::vector<std::int64_t> z(ct.size() * sk.functions);
    try {
        rlwe::decrypt_vartime(sk, ct, z.data());
    } catch (const pyfe::Error& e) {
        return {static_cast<std::uint8_t>(e.kind())};
    }
    return opened_secret(z);
}

// Honest ciphertexts and damaged ones, of one word a slot and of two
Bytes run_rlwe_decrypt() {
    Bytes out;
    for (const rlwe::Parameters& p :
         {lattice(), rlwe::Parameters{{-8388608, 0}, {8388607, 9}, 1 << 19, 1, {}}}) {
        Stream random(44);
        const auto [mpk, msk] = rlwe::setup(p, random);
        const std::int64_t y[] = {5, -5, 0, 1}, x[] = {-3, 9, 0, 4, 3, 0};
        const rlwe::FunctionKey sk = rlwe::keygen(msk, IntMatrix{y, 2, 2});
        const rlwe::CiphertextBatch ct = rlwe::encrypt(mpk, IntMatrix{x, 3, 2}, random);
        Bytes damaged = ct.to_bytes();
        damaged.back() ^= 0x80;
        hide(sk.sk.data(), sk.sk.size() * sizeof(std::int64_t));
        for (const rlwe::Polynomial& one : sk.prepared().sk) hide(one.data(), one.size() * sizeof one[0]);
        for (const rlwe::CiphertextBatch& batch : {ct, rlwe::CiphertextBatch::from_bytes(damaged)}) {
            const Bytes z = opened_with_secret_key(sk, batch);
            out.insert(out.end(), z.begin(), z.end());
        }
    }
    return out;
}

// -- clean cases, quadratic forms ---------------------------------------------------------------------------

namespace qfe = pyfe::qfe;

// Bounds that need two digits of x; three coordinates and two
template <int k>
qfe::Parameters quadratic() {
    return {k, {{-100, 0, 1}, {155, 1, 1}}, {{-3, -20}, {3, 20}}, 127, {}};
}

Bytes opened(const qfe::MasterPublicKey& mpk, const qfe::MasterSecretKey& msk) {
    Bytes out = mpk.to_bytes(), secret = opened_secret(msk.to_bytes());
    out.insert(out.end(), secret.begin(), secret.end());
    return opened(std::move(out));
}

template <int k>
Bytes run_qfe_setup() {
    SecretStream random(61);
    const auto [mpk, msk] = qfe::setup(quadratic<k>(), random);
    return opened(mpk, msk);
}

// x, y, gamma and V are secret
template <int k>
Bytes run_qfe_encrypt() {
    Stream public_random(62);
    const auto [mpk, msk] = qfe::setup(quadratic<k>(), public_random);
    const std::vector<std::int64_t> x = {-100, 0, 1, 155, 1, 1}, y = {-3, 20, 0, 0};
    hide(x.data(), x.size() * sizeof x[0]);
    hide(y.data(), y.size() * sizeof y[0]);
    SecretStream random(63);
    const IntMatrix right = {y.data(), 2, 2};
    return opened_secret(qfe::encrypt(mpk, IntMatrix{x.data(), 2, 3}, &right, random).to_bytes());
}

void hide(const qfe::MasterSecretKey& msk) {
    hide(msk.beta.data(), msk.beta.size() * sizeof(Fr));
    hide(msk.prf_key.data(), msk.prf_key.size());
}

// A matrix, and a form in factors
template <int k>
Bytes run_qfe_keygen() {
    Stream public_random(64);
    const auto [mpk, msk] = qfe::setup(quadratic<k>(), public_random);
    hide(msk);
    Bytes out = opened_secret(
        qfe::keygen(msk, qfe::Forms::matrices(3, 2, {{{0, 0, 5}, {2, 0, -127}, {1, 1, 1}}})).to_bytes());
    const Bytes other = opened_secret(
        qfe::keygen(msk, qfe::Forms::factored(3, 2, {1, 0, -3, 2, 2, 2}, {1, 4, -1, 0}, {3, 0, -1, 2}))
            .to_bytes());
    out.insert(out.end(), other.begin(), other.end());
    return out;
}

Bytes run_qfe_master_key_bytes() {
    Stream public_random(65);
    const auto [mpk, msk] = qfe::setup(quadratic<3>(), public_random);
    hide(msk);
    return opened_secret(qfe::MasterSecretKey::from_bytes(msk.to_bytes()).to_bytes());
}

// -- clean cases, random draws ------------------------------------------------------------------------------

Bytes secret_seeds(std::size_t count) {
    Stream random(71);
    Bytes seeds = random.bytes(pyfe::ChaCha20Random::seed_size * count);
    hide(seeds.data(), seeds.size());
    return seeds;
}

// In pieces that leave a part of a block
Bytes run_chacha20() {
    const Bytes seed = secret_seeds(1);
    pyfe::ChaCha20Random stream{std::span<const std::uint8_t, 32>(seed)};
    Bytes out(700);
    stream.fill(out.data(), 1);
    stream.fill(out.data() + 1, 130);
    stream.fill(out.data() + 131, 569);
    return opened_secret(std::move(out));
}

// One of each base, with and without a part y
Bytes run_gaussian() {
    SecretStream random(72);
    std::vector<std::int64_t> z;
    for (const std::uint64_t sigma : {256UL, 333UL, 9 * 256UL, 128 * 256UL, 1UL << 56, 1UL << 57}) {
        z.resize(z.size() + 30);
        pyfe::DiscreteGaussian(sigma).sample(random, &z[z.size() - 30], 30);
    }
    return opened_secret(z);
}

Bytes run_gaussian_rows() {
    std::vector<std::int64_t> z(3 * 5);
    pyfe::DiscreteGaussian(128 * 256).sample_rows(secret_seeds(5), 3, z.data());
    return opened_secret(z);
}

// The secret and the rows are hidden; more slots than one, and rows that end within a block of the hash
Bytes run_row_noise() {
    Stream random(73);
    const Bytes secret = random.bytes(pyfe::RowNoise::secret_size), rows = random.bytes(5 * 72);
    hide(secret.data(), secret.size());
    hide(rows.data(), rows.size());
    const std::uint8_t context[3] = {1, 2, 3};
    const std::uint64_t slots[2] = {0, 7};
    std::vector<std::int64_t> z(5 * 2);
    pyfe::RowNoise(std::span<const std::uint8_t, 32>(secret), context, 128 * 256)
        .draw(rows, 72, slots, z.data());
    return opened_secret(z);
}

// -- clean cases, rings -------------------------------------------------------------------------------------

namespace ring = pyfe::ring;
using Words = std::vector<std::uint64_t>;

// 1 modulo 4096, of 47, 49 and 50 bits: each leaves other room for lazy words
constexpr std::uint64_t ring_primes[] = {140737488273409, 562949953392641, 1125899906826241};
constexpr int ring_log = 11;

Words secret_residues(std::uint64_t q, std::uint64_t seed) {
    Stream random(seed);
    Words out(std::size_t{1} << ring_log);
    for (std::uint64_t& word : out) word = random.next() % q;
    out[0] = 0, out[1] = q - 1;
    hide(out.data(), out.size() * sizeof out[0]);
    return out;
}

void append(Bytes& out, const Words& words) {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(words.data());
    out.insert(out.end(), bytes, bytes + words.size() * sizeof words[0]);
}

Bytes run_ring_transforms() {
    Bytes out;
    for (const std::uint64_t q : ring_primes) {
        const ring::Ntt ntt(q, ring_log);
        Words there = secret_residues(q, 81), back = there;
        ntt.forward(there.data());
        ntt.inverse(back.data());
        append(out, there), append(out, back);
    }
    return opened_secret(std::move(out));
}

Bytes run_ring_words() {
    Bytes out;
    for (const std::uint64_t q : ring_primes) {
        const ring::Ntt ntt(q, ring_log);
        const Words a = secret_residues(q, 82), b = secret_residues(q, 83);
        Words r = secret_residues(q, 84), z = secret_residues(~std::uint64_t{0}, 85);
        ntt.mul_add(a.data(), b.data(), r.data());
        ntt.sub(a.data(), r.data(), r.data());
        ntt.negate(r.data(), r.data());
        ntt.add(b.data(), r.data(), r.data());
        ntt.mul(r.data(), r.data(), r.data());
        const auto* const integers = reinterpret_cast<const std::int64_t*>(z.data());
        ntt.scale_add(integers[2], a.data(), r.data());
        ntt.scale(integers[3], r.data(), r.data());
        append(out, r);
        ntt.from_signed(integers, z.data());
        append(out, z);
    }
    return opened_secret(std::move(out));
}

Bytes run_ring_pack() {
    const ring::Modulus modulus = ring::Modulus::of(ring_primes[1]);
    const Words a = secret_residues(modulus.q, 86);
    Bytes out(ring::packed_size(modulus, a.size()));
    ring::pack(modulus, a.data(), a.size(), out.data());
    return opened_secret(std::move(out));
}

Bytes on_ring_kernels(const ring::Kernels& kernels, Bytes (*run)()) {
    ring::override_kernels_for_testing(&kernels);
    Bytes out = run();
    ring::override_kernels_for_testing(nullptr);
    return out;
}

// -- planted leaks ----------------------------------------------------------------------------------------

// Neither inlined nor made branch-free by the optimiser: each path writes to a volatile.
volatile std::uint64_t sink = 0;
volatile std::uint8_t substitution[256];

[[gnu::noinline]] void planted_branch_on_msk(const Scalar& s) {
    if (s.w[0] >> 7 & 1) {
        sink = 1;
    } else {
        sink = sink + 2;
    }
}

[[gnu::noinline]] void planted_index_by_x(std::int64_t x) {
    sink = substitution[static_cast<std::uint8_t>(x)];
}

[[gnu::noinline]] void planted_branch_on_r(const Scalar& r) {
    for (std::uint64_t w = r.w[3]; w != 0; w >>= 1) sink = sink + 1;  // as long as r is
}

Bytes run_plant_msk() {
    Stream random(11);
    const auto [mpk, msk] = pyfe::ipfe_ddh::setup(parameters(), random);
    hide(msk.s);
    planted_branch_on_msk(msk.s[0]);
    return {};
}

Bytes run_plant_x() {
    const std::vector<std::int64_t> x = plain_rows();
    hide(x.data(), x.size() * sizeof x[0]);
    planted_index_by_x(x[4]);
    return {};
}

Bytes run_plant_r() {
    SecretStream random(12);
    std::uint8_t bytes[64];
    random.fill(bytes, sizeof bytes);
    planted_branch_on_r(Scalar::from_wide_bytes(bytes));
    return {};
}

// Kernels with a leak, in the place of the portable ones: the secret must carry its mark all the way to where
// a real leak would be.
[[gnu::noinline]] void planted_lookup_by_exponent(const pairing::GtBlock* in, const std::uint8_t* columns,
                                                  std::size_t blocks, pairing::GtBlock* out) {
    std::vector<pairing::GtBlock> powers(8, *in);  // entry f^i for the index i of a column
    sink = sink + powers[columns[0] & 7].c[0][0];
    pairing::portable_kernels().exponentiate(in, columns, blocks, out);
}

[[gnu::noinline]] void planted_branch_on_digit(const bls::PointBlock<1>* in, const std::uint8_t* digits,
                                               std::size_t blocks, bls::PointBlock<1>* out) {
    if (digits[0] != 8) sink = sink + 1;  // a digit of zero, and its addition, left out
    bls::portable_kernels().g1.multiply(in, digits, blocks, out);
}

Bytes run_plant_gt() {
    pairing::Kernels kernels = pairing::portable_kernels();
    kernels.exponentiate = planted_lookup_by_exponent;
    Backend{&bls::portable_kernels(), &kernels}.use();
    Bytes out = run_gt_exponentiate();
    active_backend.use();
    return out;
}

Bytes run_plant_g1() {
    bls::Kernels kernels = bls::portable_kernels();
    kernels.g1.multiply = planted_branch_on_digit;
    Backend{&kernels, &pairing::portable_kernels()}.use();
    Bytes out = run_curve_multiply<1>();
    active_backend.use();
    return out;
}

// An address by a draw, be it kept or not
[[gnu::noinline]] void planted_index_by_draw(const pyfe::gaussian::Shape& shape, int count,
                                             const pyfe::random::RandomWords* words, std::size_t groups,
                                             std::int64_t (*z)[pyfe::random::group], std::uint8_t* accepted) {
    pyfe::random::portable_kernels().candidates(shape, count, words, groups, z, accepted);
    sink = sink + substitution[static_cast<std::uint8_t>(z[0][0])];
}

Bytes with_planted_draws(Bytes (*run)()) {
    pyfe::random::Kernels kernels = pyfe::random::portable_kernels();
    kernels.candidates = planted_index_by_draw;
    pyfe::random::override_kernels_for_testing(&kernels);
    Bytes out = run();
    pyfe::random::override_kernels_for_testing(nullptr);
    return out;
}

Bytes run_plant_gaussian() { return with_planted_draws(run_gaussian); }

[[gnu::noinline]] void planted_branch_on_residue(const ring::Transform& transform, std::uint64_t* a) {
    if (a[0] >= transform.modulus.q / 2) sink = sink + 1;
    ring::portable_kernels().forward(transform, a);
}

// Of a fraction, which in a decryption is z
[[gnu::noinline]] void planted_branch_on_word(const rlwe::FractionShape& shape, const std::uint64_t* residues,
                                              std::size_t stride, std::size_t count, std::uint64_t* low,
                                              std::uint64_t* high) {
    rlwe::portable_kernels().compress(shape, residues, stride, count, low, high);
    if (low[0] >> (shape.b - 1) & 1) sink = sink + 1;
}

Bytes with_planted_fractions(Bytes (*run)()) {
    rlwe::Kernels kernels = rlwe::portable_kernels();
    kernels.compress = planted_branch_on_word;
    rlwe::override_kernels_for_testing(&kernels);
    Bytes out = run();
    rlwe::override_kernels_for_testing(nullptr);
    return out;
}

Bytes with_planted_transforms(Bytes (*run)()) {
    ring::Kernels kernels = ring::portable_kernels();
    kernels.forward = planted_branch_on_residue;
    return on_ring_kernels(kernels, run);
}

Bytes run_plant_noise() { return with_planted_draws(run_row_noise); }

// -- the table of cases -----------------------------------------------------------------------------------

struct Case {
    std::string name;
    std::string plant;  // the function that must be reported; empty: no report
    const Kernels* kernels;
    std::function<Bytes()> run;
};

void add_bls12_381(std::vector<Case>& out, const Backend& backend) {
    const auto clean = [&](const char* name, Bytes (*run)()) {
        out.push_back(
            {std::string(backend.pairings->name) + "." + name, "", &ristretto255::portable_kernels(), [=] {
                 backend.use();
                 Bytes bytes = run();
                 active_backend.use();
                 return bytes;
             }});
    };
    clean("hash_to_g1", run_hash_to_curve<1>);
    clean("hash_to_g2", run_hash_to_curve<2>);
    clean("g1.add", run_curve_add<1>);
    clean("g2.add", run_curve_add<2>);
    clean("g1.multiply", run_curve_multiply<1>);
    clean("g2.multiply", run_curve_multiply<2>);
    clean("g1.fixed_base", run_fixed_base<1>);
    clean("g2.fixed_base", run_fixed_base<2>);
    clean("g1.encode", [] { return run_curve_encode(bls::kernels().g1); });
    clean("g2.encode", [] { return run_curve_encode(bls::kernels().g2); });
    clean("pair", run_pair);
    clean("multi_pair", run_multi_pair);
    clean("pairing_product", run_pairing_product);
    clean("prepare", run_prepare);
    clean("gt.mul", run_gt_mul);
    clean("gt.exponentiate", run_gt_exponentiate);
    clean("gt.encode", run_gt_encode);
    clean("qfe.setup", run_qfe_setup<1>);
    clean("qfe.encrypt", run_qfe_encrypt<1>);
    clean("qfe.keygen", run_qfe_keygen<1>);
    clean("qfe.encrypt.k3", run_qfe_encrypt<3>);
    clean("qfe.keygen.k3", run_qfe_keygen<3>);
}

std::vector<Case> all_cases() {
    std::vector<Case> out;
    for (const Kernels* kernels : {&ristretto255::portable_kernels(), &ristretto255::emulated_kernels()}) {
        const auto clean = [&](const char* name, std::function<Bytes()> run) {
            out.push_back({std::string(kernels->name) + "." + name, "", kernels, std::move(run)});
        };
        clean("setup", run_setup);
        clean("encrypt", run_encrypt);
        clean("keygen", run_keygen);
        clean("prove", run_prove);
        clean("mul_double_variable", run_mul_double_variable);
        clean("mul_variable", run_mul_variable);
        clean("mul_fixed", run_mul_fixed);
        clean("mul_fixed_add_short", run_mul_fixed_add_short);
        clean("base_tables", run_base_tables);
        clean("mul_double_fixed", run_mul_double_fixed);
        clean("mul_base", run_mul_base);
        clean("encode", run_encode);
        clean("one_way_map", run_one_way_map);
    }
    add_bls12_381(out, {&bls::portable_kernels(), &pairing::portable_kernels()});
    add_bls12_381(out, {&bls::emulated_kernels(), &pairing::emulated_kernels()});
    const Kernels* portable = &ristretto255::portable_kernels();
    out.push_back({"master_key_bytes", "", portable, run_master_key_bytes});
    out.push_back({"qfe.master_key_bytes", "", portable, run_qfe_master_key_bytes});
    out.push_back({"scalar.mul", "", portable, run_scalar_mul});
    out.push_back({"scalar.add", "", portable, run_scalar_add});
    out.push_back({"scalar.invert", "", portable, run_scalar_invert});
    out.push_back({"scalar.reduce", "", portable, run_scalar_reduce});
    out.push_back({"scalar.codec", "", portable, run_scalar_codec});
    out.push_back({"scalar.from_int64", "", portable, run_scalar_from_int64});
    out.push_back({"fr.add", "", portable, run_fr_add});
    out.push_back({"fr.mul", "", portable, run_fr_mul});
    out.push_back({"fr.invert", "", portable, run_fr_invert});
    out.push_back({"fr.reduce", "", portable, run_fr_reduce});
    out.push_back({"fr.codec", "", portable, run_fr_codec});
    out.push_back({"fr.from_int64", "", portable, run_fr_from_int64});
    out.push_back({"fr.digits_of_x", "", portable, run_fr_digits_of_x});
    out.push_back({"random.chacha20", "", portable, run_chacha20});
    out.push_back({"random.gaussian", "", portable, run_gaussian});
    out.push_back({"random.gaussian_rows", "", portable, run_gaussian_rows});
    out.push_back({"noise.row_noise", "", portable, run_row_noise});
    for (const ring::Kernels* k : {&ring::portable_kernels(), &ring::emulated_kernels()}) {
        const auto clean = [&](const char* name, Bytes (*run)()) {
            out.push_back(
                {std::string(k->name) + "." + name, "", portable, [=] { return on_ring_kernels(*k, run); }});
        };
        clean("rlwe.setup", run_rlwe_setup);
        clean("rlwe.encrypt", run_rlwe_encrypt);
        clean("rlwe.keygen", run_rlwe_keygen);
        clean("rlwe.decrypt", run_rlwe_decrypt);
        clean("ring.transforms", run_ring_transforms);
        clean("ring.words", run_ring_words);
    }
    out.push_back({"ring.pack", "", portable, run_ring_pack});
    const auto leaks = [&](const char* name, const char* where, Bytes (*with)(Bytes(*)()), Bytes (*run)()) {
        out.push_back({name, where, portable, [=] { return with(run); }});
    };
    leaks("plant.ring", "planted_branch_on_residue", with_planted_transforms, run_ring_transforms);
    leaks("plant.rlwe.setup", "planted_branch_on_residue", with_planted_transforms, run_rlwe_setup);
    leaks("plant.rlwe.keygen", "planted_index_by_draw", with_planted_draws, run_rlwe_keygen);
    leaks("plant.rlwe.encrypt", "planted_branch_on_word", with_planted_fractions, run_rlwe_encrypt);
    leaks("plant.rlwe.decrypt", "planted_branch_on_word", with_planted_fractions, run_rlwe_decrypt);
    out.push_back({"plant.noise", "planted_index_by_draw", portable, run_plant_noise});
    out.push_back({"plant.msk", "planted_branch_on_msk", portable, run_plant_msk});
    out.push_back({"plant.x", "planted_index_by_x", portable, run_plant_x});
    out.push_back({"plant.r", "planted_branch_on_r", portable, run_plant_r});
    out.push_back({"plant.gt", "planted_lookup_by_exponent", portable, run_plant_gt});
    out.push_back({"plant.g1", "planted_branch_on_digit", portable, run_plant_g1});
    out.push_back({"plant.gaussian", "planted_index_by_draw", portable, run_plant_gaussian});
    return out;
}

int failed(const Case& one, const char* why) {
    std::fprintf(stderr, "%s: %s\n", one.name.c_str(), why);
    return 1;
}

int run_case(const Case& one) {
    const support::UseKernels use(*one.kernels);
    pyfe::set_num_threads(1);
    const Bytes expected = one.run();
    marking = true;
    const Bytes out = one.run();
    marking = false;
    if (out != expected) return failed(one, "the outputs with and without marks differ");
    return marks_lost ? failed(one, "an output that depends on a secret is not marked") : 0;
}

int list(const std::vector<Case>& cases) {
    for (const Case& one : cases) {
        if (one.plant.empty()) {
            std::printf("clean %s\n", one.name.c_str());
        } else {
            std::printf("plant %s %s\n", one.name.c_str(), one.plant.c_str());
        }
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<Case> cases = all_cases();
    const std::string_view wanted = argc == 2 ? argv[1] : "";
    if (wanted == "--list") return list(cases);
    for (const Case& one : cases) {
        if (one.name == wanted) return run_case(one);
    }
    std::fprintf(stderr, "usage: ctime_runner --list | NAME\n");
    return 2;
}
