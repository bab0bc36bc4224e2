// The groups of BLS12-381 and their pairing: the portable kernels and those of lanes against the group laws,
// bilinearity and each other, byte for byte. What the values are is the
// business of tests/differential; here every room runs under the sanitizers, and a decoder that does not look
// at the subgroup is planted.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "check.hpp"
#include "pyfe/field/fr.hpp"
#include "pyfe/group/bls12_381/base_tables.hpp"
#include "pyfe/group/bls12_381/fixed_base.hpp"
#include "pyfe/group/bls12_381/kernels.hpp"
#include "pyfe/group/bls12_381/membership.hpp"
#include "pyfe/group/bls12_381/msm.hpp"
#include "pyfe/group/bls12_381/points.hpp"
#include "pyfe/group/bls12_381/status.hpp"
#include "pyfe/pairing/kernels.hpp"
#include "pyfe/pairing/pairing.hpp"
#include "pyfe/random/random.hpp"
#include "support.hpp"

namespace {

namespace bls = pyfe::group::bls12_381;
namespace pairing = pyfe::pairing;
using bls::Fr, bls::PublicFr, bls::G1Points, bls::G2Points, bls::Points;
using pairing::GtElements, pairing::Factor;
using support::Bytes, support::from_hex, support::Stream;

// -- tables -----------------------------------------------------------------------------------------------

struct Backend {
    const bls::Kernels* curves;
    const pairing::Kernels* pairings;
};

// The portable tables, and those of lanes: AVX-512 where it is active, else the emulated ones if there are
// any
std::vector<Backend> backends() {
    std::vector<Backend> out = {{&bls::portable_kernels(), &pairing::portable_kernels()}};
    if (pyfe::active_backend() == pyfe::Backend::ifma)
        out.push_back({&bls::ifma_kernels(), &pairing::ifma_kernels()});
#ifdef PYFE_EMULATED_LANES
    else
        out.push_back({&bls::emulated_kernels(), &pairing::emulated_kernels()});
#endif
    return out;
}

// Puts the tables in place of the active ones while it lives.
class UseBackend {
  public:
    explicit UseBackend(const Backend& backend) {
        bls::override_kernels_for_testing(backend.curves);
        pairing::override_kernels_for_testing(backend.pairings);
    }
    ~UseBackend() {
        bls::override_kernels_for_testing(nullptr);
        pairing::override_kernels_for_testing(nullptr);
    }
    UseBackend(const UseBackend&) = delete;
    UseBackend& operator=(const UseBackend&) = delete;
};

// -- scalars ----------------------------------------------------------------------------------------------

Fr random_fr(Stream& random) { return Fr::from_wide_bytes(random.bytes(64).data()); }

// Around zero and r, around powers of |x| and the borders of words and windows
std::vector<Fr> edge_scalars() {
    std::vector<Fr> out;
    for (const std::int64_t k : {0, 1, 2, 7, 8, 9, 15, 16, 17, -1, -2, -8}) out.push_back(Fr::from_int64(k));
    const Fr abs_x = Fr::from_int64(static_cast<std::int64_t>(pyfe::field::bls12_381::kAbsX / 2));
    Fr power = Fr::add(abs_x, abs_x);
    for (int i = 1; i < 4; ++i) {
        for (const std::int64_t k : {-1, 0, 1}) out.push_back(Fr::add(power, Fr::from_int64(k)));
        power = Fr::mul(power, Fr::add(abs_x, abs_x));
    }
    for (const int bit : {63, 64, 127, 128, 254}) {
        Fr k;
        k.w[bit / 64] = std::uint64_t{1} << (bit % 64);
        out.push_back(k);
        out.push_back(Fr::sub(k, Fr::from_int64(1)));
    }
    return out;
}

// -- points outside the subgroup --------------------------------------------------------------------------

// Drawn at random, on the curve; the last of G1 is (0, 2), of order 3
template <int Parts>
std::vector<Bytes> points_outside() {
    if constexpr (Parts == 1) {
        Bytes order_three(48);
        order_three[0] = 0x80;
        return {from_hex("b8b4e652e44da7f2370d9e260e27136550a4a3a6d07f5c0c332f8b1224083fd2"
                         "2b902f8911e81818f8c99d5d5d983195"),
                from_hex("b504d90e945de2e8f54ee781cc75f636d85099095aa300165a67036f9b540d6b"
                         "8f0be21124179c3dd9f73817ce6e118d"),
                order_three};
    } else {
        return {from_hex("a3f1726423e4e765047a2366ad0ce5642c68811a5c14457b0bcd60a2866883662879ef0f7dc9cb307d"
                         "b13d110d2d13fc0a81713531eccc70a5b38c29f942241c95c10d570943c9995d98750da08c351ac849"
                         "0f0016bb18917f4cb926b3d75f89"),
                from_hex("8b590d8b437505eaad41ec062aa815c2252e3287069b4f4cab0e7ffaa23696a492de02dda2774c17c7"
                         "f339b2f6406fd80872d84218a8b5849709e05dd4a183e84644c32a6fe70e5b16b99dc527f20839a4f9"
                         "57888c24a48a202470c78bc0b080")};
    }
}

// The message of the error, or "" when there was none
template <class Action>
std::string refusal(Action action) {
    try {
        action();
    } catch (const pyfe::Error& error) {
        return error.kind() == pyfe::ErrorKind::decode ? error.what() : "another kind";
    }
    return "";
}

// The assertion shared by the decoders and by the plants: each of these is refused, in every lane, with the
// reason that it is not in the subgroup.
template <class Batch>
bool refuses_each(const std::vector<Bytes>& outside, const Bytes& inside) {
    for (const Bytes& bad : outside) {
        for (std::size_t lane = 0; lane < 9; ++lane) {
            Bytes batch;
            for (std::size_t j = 0; j < 9; ++j) {
                const Bytes& one = j == lane ? bad : inside;
                batch.insert(batch.end(), one.begin(), one.end());
            }
            const std::string said = refusal([&] { Batch::decode(batch, "batch"); });
            if (said.find(std::to_string(lane) + " of G") == std::string::npos ||
                said.find("in the subgroup of order r") == std::string::npos)
                return false;
        }
    }
    return true;
}

template <int Parts>
bool refuses_points_outside() {
    return refuses_each<Points<Parts>>(points_outside<Parts>(), Points<Parts>::generator(1).encode());
}

// Zero, -1, and an element of the cyclotomic subgroup
bool refuses_elements_outside() {
    const G1Points p = G1Points::generator(1);
    const G2Points q = G2Points::generator(1);
    const Factor factor[1] = {{&p, &q, nullptr}};
    Bytes minus_one(576);
    const Bytes p_minus_one = from_hex(
        "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaaa");
    std::copy(p_minus_one.begin(), p_minus_one.end(), minus_one.begin());
    return refuses_each<GtElements>({Bytes(576), minus_one, pairing::miller_and_easy_part(factor).encode()},
                                    pairing::pair(p, q).encode());
}

// Everybody is in the subgroup.
template <int Parts>
void members_unchecked(const bls::PointBlock<Parts>*, std::size_t blocks, std::uint8_t* members) {
    std::fill_n(members, 8 * blocks, std::uint8_t{1});
}

void decode_unchecked_gt(const std::uint8_t* in, std::size_t count, pairing::GtBlock* out,
                         std::uint8_t* status) {
    pairing::portable_kernels().decode(in, count, out, status);
    std::replace(status, status + count, static_cast<std::uint8_t>(bls::Status::not_in_subgroup),
                 static_cast<std::uint8_t>(bls::Status::ok));
}

void test_planted_decoders() {
    bls::Kernels curves = bls::portable_kernels();
    pairing::Kernels pairings = pairing::portable_kernels();
    curves.g1.members = members_unchecked<1>;
    curves.g2.members = members_unchecked<2>;
    pairings.decode = decode_unchecked_gt;
    const UseBackend use({&curves, &pairings});
    CHECK(!refuses_points_outside<1>());
    CHECK(!refuses_points_outside<2>());
    CHECK(!refuses_elements_outside());
    // Nothing else is wrong with them.
    const Bytes outside = points_outside<1>()[0];
    CHECK(G1Points::decode(outside, "planted").encode() == outside);
    CHECK(refusal([] { G1Points::decode(Bytes(48), "planted"); }).find("compression") != std::string::npos);
}

// -- the groups -------------------------------------------------------------------------------------------

template <int Parts>
Points<Parts> multiples(const std::vector<Fr>& k) {
    return bls::multiply(Points<Parts>::generator(k.size()), k);
}

template <int Parts>
Points<Parts> multiples(std::initializer_list<std::int64_t> k) {
    std::vector<Fr> scalars;
    for (const std::int64_t one : k) scalars.push_back(Fr::from_int64(one));
    return multiples<Parts>(scalars);
}

// Random combinations accept members, the identity and equal and opposite points among them, and refuse and
// name the same points as the exact test.
template <int Parts>
void test_batched_membership() {
    std::vector<Fr> k;
    for (const std::int64_t one : {1, 2, 2, 2, 0, -2, 5, 5, 9, 0, 11}) k.push_back(Fr::from_int64(one));
    const Points<Parts> batch = multiples<Parts>(k);
    for (int digits = 1; digits <= 4; ++digits)
        CHECK(bls::all_members_vartime(batch, {digits, 2}, pyfe::os_random()));
    CHECK(bls::all_members_vartime(batch, pyfe::os_random()));
    const std::size_t before = bls::batched_membership_from();
    bls::set_batched_membership_from(1);
    CHECK(refuses_points_outside<Parts>());
    bls::set_batched_membership_from(before);
}

void test_membership_shapes() {
    const int passes[bls::kMostMembershipDigits] = {81, 41, 27, 21, 17, 14, 12, 11};
    for (int digits = 1; digits <= bls::kMostMembershipDigits; ++digits)
        CHECK(bls::MembershipShape::of(digits).passes == passes[digits - 1]);
}

template <int Parts>
void test_wire() {
    const Bytes g = Points<Parts>::generator(1).encode();
    CHECK(g[0] == (Parts == 1 ? 0x97 : 0x93));
    Bytes infinity(48 * Parts);
    infinity[0] = 0xc0;
    CHECK(Points<Parts>::identity(1).encode() == infinity);
    for (const std::size_t count : {1, 5, 8, 9, 17}) {
        std::vector<Fr> k(count);
        for (std::size_t j = 0; j < count; ++j) k[j] = Fr::from_int64(std::int64_t(j) - 3);
        const Bytes bytes = multiples<Parts>(k).encode();
        CHECK(Points<Parts>::decode(bytes, "multiples").encode() == bytes);
        CHECK(refusal([&] {
                  Points<Parts>::decode(Bytes(bytes.begin(), bytes.end() - 1), "short");
              }).starts_with("short: length"));
    }
    Bytes both = infinity, beyond(48 * Parts, 0xff), larger = infinity;
    both.back() = 1, beyond[0] = 0x9f, larger[0] |= 0x20;
    for (const Bytes& bad : {both, beyond, larger, Bytes(48 * Parts)})
        CHECK(refusal([&] { Points<Parts>::decode(bad, "bad"); }).starts_with("bad: point 0 of G"));
    CHECK(refuses_points_outside<Parts>());
}

// All multiplications agree on all edge scalars, and are homomorphisms.
template <int Parts>
void test_multiplications() {
    const std::vector<Fr> k = edge_scalars();
    std::vector<Fr> other(k.size()), sum(k.size()), negative(k.size());
    Stream random(31);
    for (std::size_t j = 0; j < k.size(); ++j) {
        other[j] = random_fr(random);
        sum[j] = Fr::add(k[j], other[j]);
        negative[j] = Fr::sub(Fr{}, k[j]);
    }
    const Points<Parts> p = multiples<Parts>(k);
    const Bytes expected = p.encode();
    CHECK(bls::FixedBase<Parts>::generator().multiply(k).encode() == expected);
    CHECK(bls::negate(p).encode() == multiples<Parts>(negative).encode());
    CHECK(bls::add(p, multiples<Parts>(other)).encode() == multiples<Parts>(sum).encode());
    CHECK(bls::add(p, bls::negate(p)).encode() == Points<Parts>::identity(k.size()).encode());
    CHECK(bls::add(p, Points<Parts>::identity(k.size())).encode() == expected);
    CHECK(bls::add(p, p).encode() == bls::multiply(p, std::vector<Fr>(k.size(), Fr::from_int64(2))).encode());
    const Points<Parts> infinity = Points<Parts>::identity(1);
    CHECK(bls::FixedBase<Parts>(infinity).multiply(k).encode() == Points<Parts>::identity(k.size()).encode());
    CHECK(p.slice(3, 2, 5).encode() == multiples<Parts>({k[3], k[5], k[7], k[9], k[11]}).encode());
}

// sum k_j a_j G = (sum k_j a_j) G
template <int Parts>
void test_msm(std::size_t count) {
    Stream random(32);
    std::vector<Fr> a(count);
    std::vector<PublicFr> k(count);
    std::vector<std::int64_t> small(count);
    Fr sum, small_sum;
    for (std::size_t j = 0; j < count; ++j) {
        a[j] = Fr::from_int64(random.integer(-3, 3));  // equal and opposite points, and the identity
        k[j].value = j % 7 == 0 ? Fr::from_int64(-1) : random_fr(random);
        small[j] = j == 0 ? INT64_MIN : j == 1 ? INT64_MAX : random.integer(-1000, 1000);
        sum = Fr::add(sum, Fr::mul(a[j], k[j].value));
        small_sum = Fr::add(small_sum, Fr::mul(a[j], Fr::from_int64(small[j])));
    }
    const Points<Parts> p = bls::FixedBase<Parts>::generator().multiply(a);
    CHECK(bls::msm_vartime(p, std::span<const PublicFr>(k)).encode() == multiples<Parts>({sum}).encode());
    CHECK(bls::msm_vartime(p, std::span<const std::int64_t>(small)).encode() ==
          multiples<Parts>({small_sum}).encode());
}

template <int Parts>
void test_cohort(std::size_t points, std::size_t cohort) {
    Stream random(33);
    std::vector<Fr> a(points * cohort), sums(cohort);
    std::vector<std::int64_t> k(points);
    for (std::size_t j = 0; j < points; ++j) {
        k[j] = random.integer(-300, 300);
        for (std::size_t c = 0; c < cohort; ++c) {
            Fr& one = a[j * cohort + c] = Fr::from_int64(random.integer(-9, 9));
            sums[c] = Fr::add(sums[c], Fr::mul(one, Fr::from_int64(k[j])));
        }
    }
    const Points<Parts> p = bls::FixedBase<Parts>::generator().multiply(a);
    CHECK(bls::msm_cohort_vartime(p, std::span<const std::int64_t>(k), cohort).encode() ==
          multiples<Parts>(sums).encode());
}

// Every pattern of identities among eight lanes
template <int Parts>
void test_infinite_lanes() {
    const Points<Parts> g = multiples<Parts>({1, 2, 3, 4, 5, 6, 7, 8});
    const Bytes finite = g.encode();
    Bytes infinity(48 * Parts);
    infinity[0] = 0xc0;
    for (unsigned pattern = 0; pattern < 256; ++pattern) {
        Points<Parts> p = g;
        Bytes expected = finite;
        for (std::size_t j = 0; j < 8; ++j) {
            if ((pattern >> j & 1) == 0) continue;
            p.blocks[0].infinite[j] = ~std::uint64_t{0};
            std::copy(infinity.begin(), infinity.end(), expected.begin() + std::ptrdiff_t(48 * Parts * j));
        }
        CHECK(p.encode() == expected);
        CHECK(bls::negate(bls::negate(p)).encode() == expected);
    }
}

template <int Parts>
Bytes hashes() {
    std::vector<Bytes> texts;
    for (std::size_t j = 0; j < 9; ++j) texts.push_back(Bytes(j * 17, static_cast<std::uint8_t>(j)));
    const std::vector<std::span<const std::uint8_t>> messages(texts.begin(), texts.end());
    const Bytes out = Points<Parts>::hash(messages, check::bytes("a tag for tests")).encode();
    CHECK(Points<Parts>::decode(out, "hashes").encode() == out);  // in the subgroup
    CHECK_ERROR(Points<Parts>::hash(messages, {}), parameter, "tag is empty");
    return out;
}

// Scalars in common, tables of several points a group: sum_t k_rt P_it + x_i a_r G against one product at a
// time
template <int Parts>
void test_base_tables(std::size_t groups, std::size_t terms, std::uint64_t bound) {
    Stream random(77);
    std::vector<Fr> logs(groups * terms);
    for (Fr& one : logs) one = Fr::from_wide_bytes(random.bytes(64).data());
    const bls::BaseTables<Parts> tables(multiples<Parts>(logs), terms);
    const std::vector<Fr> k = edge_scalars();
    const std::size_t rows = k.size() / terms;
    std::vector<Fr> a(rows), expected;
    for (std::size_t r = 0; r < rows; ++r) a[r] = k[(3 * r + 1) % k.size()];
    std::vector<std::int64_t> x(groups * rows);
    for (std::size_t j = 0; j < x.size(); ++j)
        x[j] = j % 3 == 2 ? random.integer(-std::int64_t(bound), std::int64_t(bound))
                          : (j % 3 == 0 ? 1 : -1) * std::int64_t(bound);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t i = 0; i < groups; ++i) {
            Fr sum = Fr::mul(Fr::from_int64(x[r * groups + i]), a[r]);
            for (std::size_t t = 0; t < terms; ++t)
                sum = Fr::add(sum, Fr::mul(k[r * terms + t], logs[i * terms + t]));
            expected.push_back(sum);
        }
    const std::vector<Fr> used(k.begin(), k.begin() + std::ptrdiff_t(rows * terms));
    CHECK(tables.multiply(used, a, {x, bound, 1}).encode() == multiples<Parts>(expected).encode());
    CHECK_ERROR(tables.multiply(used, a, {x, bound, 2}), parameter, "do not match the tables");
    CHECK_ERROR(bls::BaseTables<Parts>(multiples<Parts>({Fr{}}), 1), parameter, "is the identity");
    CHECK_ERROR(bls::BaseTables<Parts>(multiples<Parts>(logs), groups * terms + 1), parameter,
                "no whole groups");
}

template <int Parts>
void test_group(bool small) {
    test_wire<Parts>();
    test_multiplications<Parts>();
    test_infinite_lanes<Parts>();
    test_batched_membership<Parts>();
    for (const std::size_t count : {std::size_t{1}, std::size_t{9}, std::size_t{small ? 40U : 700U}})
        test_msm<Parts>(count);
    test_cohort<Parts>(3, 5);
    test_base_tables<Parts>(9, 1, 16);
    for (const std::uint64_t bound : {0, 1, 15, 495}) test_base_tables<Parts>(small ? 2 : 8, 3, bound);
    test_base_tables<Parts>(1, 1, std::uint64_t{1} << 62);
    test_cohort<Parts>(small ? 8 : 40, 17);
}

// -- the pairing ------------------------------------------------------------------------------------------

Bytes powers_of_e(const std::vector<Fr>& k) {
    const GtElements e = pairing::pair(G1Points::generator(1), G2Points::generator(1));
    GtElements bases(k.size());
    for (auto& block : bases.blocks) block = e.blocks[0];
    return pairing::exponentiate(bases, k).encode();
}

// e(a G1, b G2) = e(G1, G2)^(a b) for all a and b in 0 .. 7, with lines made on the way and lines kept
void test_bilinear() {
    std::vector<Fr> a, b, ab;
    for (std::int64_t i = 0; i < 64; ++i) {
        a.push_back(Fr::from_int64(i / 8));
        b.push_back(Fr::from_int64(i % 8));
        ab.push_back(Fr::from_int64(i / 8 * (i % 8)));
    }
    const G1Points p = multiples<1>(a);
    const G2Points q = multiples<2>(b);
    const Bytes expected = powers_of_e(ab);
    CHECK(pairing::pair(p, q).encode() == expected);
    const pairing::Prepared ready(q);
    for (std::size_t column = 0; column < 8; ++column) {
        const G1Points row = p.slice(column, 8, 8);
        const Factor factor[1] = {{&row, nullptr, &ready.at(column)}};
        const Bytes out = pairing::multi_pair(factor).encode();
        for (std::size_t i = 0; i < 8; ++i)
            CHECK(std::equal(&out[576 * i], &out[576 * i] + 576, &expected[576 * (8 * i + column)]));
    }
    CHECK(pairing::pairing_product(p, q).encode() == powers_of_e({Fr::from_int64(28 * 28)}));
}

// Identities in some lanes of P, in others of Q; each factor alone and all together
void test_infinite_pairs() {
    const auto pattern_of = [](unsigned pattern, std::int64_t scale, std::vector<Fr>& k) {
        for (std::size_t j = 0; j < 8; ++j)
            k[j] = Fr::from_int64((pattern >> j & 1) != 0 ? 0 : scale + std::int64_t(j));
    };
    for (const unsigned pattern : {0x00U, 0xffU, 0x01U, 0x80U, 0x55U, 0xfeU, 0x7fU}) {
        std::vector<Fr> a(8), b(8), c(8), sum(8);
        pattern_of(pattern, 2, a);
        pattern_of(pattern >> 1, 3, b);
        pattern_of(~pattern, 5, c);
        for (std::size_t j = 0; j < 8; ++j)
            sum[j] = Fr::add(Fr::mul(a[j], b[j]), Fr::mul(c[j], Fr::from_int64(6)));
        const G1Points p = multiples<1>(a), r = multiples<1>(c);
        const G2Points q = multiples<2>(b);
        const pairing::Prepared ready(multiples<2>({6, 0}));
        const Factor factors[3] = {
            {&p, &q, nullptr}, {&r, nullptr, &ready.at(0)}, {&p, nullptr, &ready.at(1)}};
        CHECK(pairing::multi_pair(factors).encode() == powers_of_e(sum));
    }
}

void test_gt() {
    const std::vector<Fr> k = edge_scalars();
    const Bytes bytes = powers_of_e(k), one = GtElements::one(1).encode();
    const GtElements f = GtElements::decode(bytes, "powers");
    CHECK(f.encode() == bytes);
    CHECK(one.size() == 576 && one[47] == 1 && std::count(one.begin(), one.end(), 0) == 575);
    CHECK(pairing::mul(f, pairing::invert(f)).encode() == GtElements::one(f.size).encode());
    CHECK(pairing::equal(f, f) == Bytes(f.size, 1));
    CHECK(pairing::equal(f, pairing::mul(f, f))[1] == 0);
    Fr sum;
    for (const Fr& one_k : k) sum = Fr::add(sum, one_k);
    CHECK(pairing::product(f).encode() == powers_of_e({sum}));
    CHECK(pairing::product(GtElements{}).encode() == one);
    const GtElements g = f.slice(k.size() - 1, -1, k.size());
    const GtElements* bases[2] = {&f, &g};
    const std::int64_t rows[] = {3, -5, 0, 0, 1, INT64_MAX, INT64_MIN, 0};
    const auto out = pairing::multi_exponentiate_vartime(bases, rows);
    CHECK(out.size() == 4);
    for (std::size_t r = 0; r < out.size(); ++r) {
        std::vector<Fr> expected;
        for (std::size_t j = 0; j < k.size(); ++j)
            expected.push_back(Fr::add(Fr::mul(k[j], Fr::from_int64(rows[2 * r])),
                                       Fr::mul(k[k.size() - 1 - j], Fr::from_int64(rows[2 * r + 1]))));
        CHECK(out[r].encode() == powers_of_e(expected));
    }
    Bytes beyond = one;
    std::fill_n(beyond.begin() + 48, 48, std::uint8_t{0xff});
    CHECK_ERROR(GtElements::decode(beyond, "beyond"), decode, "not below p");
    CHECK(refuses_elements_outside());
}

// -- everything, table by table ---------------------------------------------------------------------------

// Bytes that all tables must agree on
Bytes test_backend(const Backend& backend) {
    const UseBackend use(backend);
    const bool small =
        backend.curves != &bls::portable_kernels() && pyfe::active_backend() != pyfe::Backend::ifma;
    test_group<1>(small);
    test_group<2>(small);
    test_bilinear();
    test_infinite_pairs();
    test_gt();
    Bytes trace = hashes<1>();
    const Bytes in_g2 = hashes<2>(), in_gt = powers_of_e(edge_scalars());
    trace.insert(trace.end(), in_g2.begin(), in_g2.end());
    trace.insert(trace.end(), in_gt.begin(), in_gt.end());
    return trace;
}

}  // namespace

int main() {
    std::vector<Bytes> traces;
    for (const Backend& backend : backends()) {
        const unsigned long failed = check::failures;
        traces.push_back(test_backend(backend));
        if (check::failures != failed)
            std::fprintf(stderr, "  with the kernels %s\n", backend.pairings->name);
        CHECK(traces.back() == traces[0]);
    }
    test_planted_decoders();
    test_membership_shapes();
    return check::result("test_bls12_381");
}
