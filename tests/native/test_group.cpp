// The room group: every kernel table this CPU can run (portable, emulated lanes, AVX-512) against RFC 9496,
// against the group law and against the others, byte for byte.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/field/constants25519.hpp"
#include "pyfe/group/ristretto255/base_tables.hpp"
#include "pyfe/group/ristretto255/fixed_base.hpp"
#include "pyfe/group/ristretto255/kernels.hpp"
#include "pyfe/group/ristretto255/msm.hpp"
#include "pyfe/group/ristretto255/points.hpp"
#include "ristretto255/msm_digits.hpp"
#include "ristretto255/recode.hpp"
#include "support.hpp"

namespace {

namespace ristretto255 = pyfe::group::ristretto255;
using check::hex;
using pyfe::field::Scalar;
using ristretto255::AffineBlock;
using ristretto255::Element;
using ristretto255::Kernels;
using ristretto255::PointBlock;
using ristretto255::PointVector;
using ristretto255::PublicScalar;
using support::Bytes;
using support::from_hex;
using support::negated;
using support::small_scalar;
using support::Stream;
using support::UseKernels;

constexpr std::size_t partial_sizes[] = {1, 5, 7, 8, 9, 17};

std::size_t blocks_of(std::size_t count) { return (count + 7) / 8; }

Bytes concatenated(const std::vector<Bytes>& parts) {
    Bytes out;
    for (const Bytes& part : parts) out.insert(out.end(), part.begin(), part.end());
    return out;
}

// The first rows of 32 bytes, repeated where there are not enough
Bytes rows(const Bytes& from, std::size_t count) {
    Bytes out;
    for (std::size_t j = 0; j < count; ++j) {
        const std::size_t at = 32 * j % from.size();
        out.insert(out.end(), from.begin() + std::ptrdiff_t(at), from.begin() + std::ptrdiff_t(at) + 32);
    }
    return out;
}

Bytes row(const Bytes& from, std::size_t j) {
    return {from.begin() + std::ptrdiff_t(32 * j), from.begin() + std::ptrdiff_t(32 * (j + 1))};
}

// Some points: the identity, +-G, then mapped random bytes
const Bytes& some_points() {
    static const Bytes points = [] {
        Stream random(11);
        const UseKernels portable(ristretto255::portable_kernels());
        const Bytes g = ristretto255::generator_bytes();
        const PointVector v = PointVector::decode(g, "g"), zero = PointVector::decode(Bytes(32, 0), "0");
        return concatenated({Bytes(32, 0), g, ristretto255::subtract(zero, v),
                             ristretto255::from_uniform_bytes(random.bytes(64 * 40))});
    }();
    return points;
}

// -- one kernel table against known answers ---------------------------------------------------------------

// RFC 9496, appendix A.1: 0 G .. 5 G and 15 G
const char* const multiples[] = {"0000000000000000000000000000000000000000000000000000000000000000",
                                 "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
                                 "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
                                 "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
                                 "da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57",
                                 "e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e"};
const char* const fifteen_g = "e0c418f7c8d9c4cdd7395b93ea124f3ad99021bb681dfc3302a9d99a2e53e64e";

// Appendix A.2, at least one of each kind: not reduced, negative, non-square, negative xy, y = 0
const char* const refused[] = {"00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                               "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                               "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                               "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                               "0100000000000000000000000000000000000000000000000000000000000000",
                               "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                               "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
                               "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
                               "4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
                               "de6a7b00deadc788eb6b6c8d20c0ae96c2f2019078fa604fee5b87d6e989ad7b",
                               "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
                               "a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220",
                               "87260f7a2f12495118360f02c26a470f450dadf34a413d21042b43b9d93e1309",
                               "2810e5cbc2cc4d4eece54f61c6f69758e289aa7ab440b3cbeaa21995c2f4232b",
                               "445425117cb8c90edcbc7c1cc0e74f747f2c1efa5630a967c64f287792a48a4b",
                               "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};

// Appendix A.3: three of the first list, and the four inputs that map to one point
const char* const mapped[][2] = {{"5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b4dc772c14d98b696a1"
                                  "bbfb5ca32c436cc61c16563790306c79eaca7705668b47dffe5bb6",
                                  "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46"},
                                 {"f116b34b8f17ceb56e8732a60d913dd10cce47a6d53bee9204be8b44f6678b270102a56902"
                                  "e2488c46120e9276cfe54638286b9e4b3cdb470b542d46c2068d38",
                                  "f26e5b6f7d362d2d2a94c5d0e7602cb4773c95a2e5c31a64f133189fa76ed61b"},
                                 {"8422e1bbdaab52938b81fd602effb6f89110e1e57208ad12d9ad767e2e25510c27140775f9"
                                  "337088b982d83d7fcf0b2fa1edffe51952cbe7365e95c86eaf325c",
                                  "006ccd2a9e6867e6a2c5cea83d3302cc9de128dd2a9a57dd8ee7b9d7ffe02826"},
                                 {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff1200000000"
                                  "000000000000000000000000000000000000000000000000000000",
                                  "304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f"},
                                 {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7fffffffffff"
                                  "ffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                                  "304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f"},
                                 {"0000000000000000000000000000000000000000000000000000000000000080ffffffffff"
                                  "ffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                  "304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f"},
                                 {"00000000000000000000000000000000000000000000000000000000000000001200000000"
                                  "000000000000000000000000000000000000000000000000000080",
                                  "304282791023b73128d277bdcb5c7746ef2eac08dde9f2983379cb8e5ef0517f"}};

void test_decode_known() {
    Bytes all;
    for (const char* text : multiples) all = concatenated({all, from_hex(text)});
    for (const char* text : refused) all = concatenated({all, from_hex(text)});
    all = concatenated({all, from_hex(fifteen_g)});
    const std::vector<std::uint8_t> ok = ristretto255::is_valid(all);
    for (std::size_t j = 0; j < ok.size(); ++j) {
        CHECK(ok[j] == (j < std::size(multiples) || j + 1 == ok.size()));
    }
    CHECK_ERROR(PointVector::decode(all, "list"), decode, "list: point 6 is not a canonical");
    CHECK_ERROR(PointVector::decode(Bytes(31), "short"), decode, "short: length 31 is not a multiple of 32");
}

void test_multiples() {
    std::vector<Scalar> k;
    Bytes expected, points;
    for (std::uint64_t j = 0; j < std::size(multiples); ++j) {
        k.push_back(small_scalar(j));
        expected = concatenated({expected, from_hex(multiples[j])});
        points = concatenated({points, ristretto255::generator_bytes()});
    }
    Bytes out(expected.size());
    ristretto255::mul_base(k, out.data());
    CHECK(out == expected);
    std::fill(out.begin(), out.end(), std::uint8_t{0xaa});
    ristretto255::mul_variable(PointVector::decode(points, "g"), k, out.data());
    CHECK(out == expected);
    const Bytes next =
        ristretto255::add(PointVector::decode(expected, "a"), PointVector::decode(points, "b"));
    for (std::size_t j = 0; j + 1 < std::size(multiples); ++j) CHECK(row(next, j) == row(expected, j + 1));
}

void test_mapped() {
    for (const auto& [input, output] : mapped) {
        CHECK(hex(ristretto255::from_uniform_bytes(from_hex(input))) == output);
    }
    const Bytes dst = check::bytes("PYFE-V1-ipfe-ddh-H-ristretto255_XMD:SHA-512_R255MAP_RO_");
    CHECK(hex(ristretto255::hash_to_group({}, dst)) ==
          "e85e0f65826406835b6f635121aa3eda1e64211ff2e7364c64c4e0043a7e2504");
}

// -- one kernel table against the group law ---------------------------------------------------------------

// k P for each edge scalar k, by double and add on batches of additions: slow, and shares only add() and
// decode
Bytes double_and_add(const Bytes& point, const std::vector<Scalar>& k) {
    Bytes power = rows(point, k.size()), sum(32 * k.size(), 0);
    for (int bit = 0; bit < 253; ++bit) {
        Bytes term(32 * k.size(), 0);
        for (std::size_t j = 0; j < k.size(); ++j) {
            if (k[j].w[bit / 64] >> (bit % 64) & 1) std::memcpy(&term[32 * j], &power[32 * j], 32);
        }
        sum = ristretto255::add(PointVector::decode(sum, "sum"), PointVector::decode(term, "term"));
        const PointVector p = PointVector::decode(power, "power");
        power = ristretto255::add(p, p);
    }
    return sum;
}

void test_edge_scalars() {
    const std::vector<Scalar> k = support::edge_scalars();
    const Bytes p = row(some_points(), 5), expected = double_and_add(p, k);
    Bytes out(expected.size());
    ristretto255::mul_variable(PointVector::decode(rows(p, k.size()), "p"), k, out.data());
    CHECK(out == expected);
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    ristretto255::mul_fixed(PointVector::decode(p, "p"), k, out.data(), 32);
    CHECK(out == expected);
    const Bytes g = ristretto255::generator_bytes(), expected_g = double_and_add(g, k);
    ristretto255::mul_base(k, out.data());
    CHECK(out == expected_g);
    for (std::size_t j = 0; j < k.size(); ++j) {
        CHECK(ristretto255::msm_vartime(PointVector::decode(p, "p"), std::vector<PublicScalar>{{k[j]}}) ==
              row(expected, j));
    }
}

// All multiplications of one point agree, for every size of batch and table
void test_agreement() {
    Stream random(12);
    for (const std::size_t count : partial_sizes) {
        const Bytes bytes = rows(some_points(), count);
        const PointVector points = PointVector::decode(bytes, "points");
        std::vector<Scalar> k(count);
        for (Scalar& s : k) s = random.scalar();
        Bytes fixed(32 * count * count);
        ristretto255::mul_fixed(points, k, fixed.data(), 32 * count);
        for (std::size_t r = 0; r < count; ++r) {
            Bytes variable(32 * count);
            ristretto255::mul_variable(points, std::vector<Scalar>(count, k[r]), variable.data());
            CHECK(
                std::equal(variable.begin(), variable.end(), fixed.begin() + std::ptrdiff_t(32 * count * r)));
        }
    }
}

// r P + x G with |x| <= bound, at both ends of the bound
void test_fixed_add_short() {
    Stream random(13);
    for (const std::uint64_t bound :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{8}, std::uint64_t{255},
          std::uint64_t{1} << 40, std::uint64_t{INT64_MAX}, std::uint64_t{1} << 63}) {
        const std::size_t count = 9, columns = 3;
        const auto top = static_cast<std::int64_t>(std::min(bound, std::uint64_t{INT64_MAX}));
        const std::int64_t bottom = bound > INT64_MAX ? INT64_MIN : -top;
        std::vector<std::int64_t> x(count * columns);
        for (std::size_t j = 0; j < x.size(); ++j) {
            x[j] = j % 4 == 0 ? top : j % 4 == 1 ? bottom : j % 4 == 2 ? 0 : random.integer(bottom, top);
        }
        std::vector<Scalar> k(count), xs;
        for (Scalar& s : k) s = random.scalar();
        k[0] = small_scalar(0);
        for (const std::int64_t v : x) xs.push_back(Scalar::from_int64(v));
        const PointVector bases = PointVector::decode(rows(some_points(), columns), "bases");
        Bytes out(32 * x.size()), k_p(32 * x.size()), x_g(32 * x.size());
        ristretto255::mul_fixed_add_short(bases, k, {x.data(), columns, bound}, out.data(), 32 * columns);
        ristretto255::mul_fixed(bases, k, k_p.data(), 32 * columns);
        ristretto255::mul_base(xs, x_g.data());
        CHECK(out == ristretto255::add(PointVector::decode(k_p, "kP"), PointVector::decode(x_g, "xG")));
    }
}

// Tables of every density against one table a call: numbers for the last points only, rows wider than their
// points, edge scalars, both ends of the bound
void test_base_tables() {
    Stream random(15);
    constexpr std::size_t block_row = 7680;  // bytes of a row of a block's table
    for (const std::size_t count : {1, 2, 7, 8, 9, 17}) {
        for (const std::size_t density : {64, 32, 22, 2, 1}) {
            const std::size_t columns = count - std::min<std::size_t>(count - 1, 2), most = 32 * count + 64;
            std::vector<Scalar> k = support::edge_scalars();
            k.push_back(random.scalar());
            std::vector<std::int64_t> x(k.size() * columns);
            for (std::size_t j = 0; j < x.size(); ++j)
                x[j] = j % 3 == 0 ? 300 : j % 3 == 1 ? -300 : random.integer(-300, 300);
            const PointVector points = PointVector::decode(rows(some_points(), count), "points");
            Bytes ours(most * k.size()), theirs(most * k.size());
            const std::size_t bound = density * blocks_of(count) * block_row;
            const ristretto255::BaseTables tables(points, bound);
            CHECK(tables.bytes() <= bound && tables.bytes() >= bound / 2);
            tables.multiply(k, {x.data(), columns, 300}, ours.data(), most);
            ristretto255::mul_fixed_add_short(points, k, {x.data(), columns, 300}, theirs.data(), most);
            CHECK(ours == theirs);
        }
    }
}

// Every number of rows, on whichever side of the change of tables, and the bound on them
void test_fixed_bases() {
    Stream random(16);
    const PointVector points = PointVector::decode(rows(some_points(), 11), "points");
    ristretto255::FixedBases bases(points);
    for (const std::size_t count : {0, 1, 3, 8, 9, 16, 24, 40, 130}) {
        std::vector<Scalar> k(count);
        for (Scalar& s : k) s = random.scalar();
        std::vector<std::int64_t> x(count * 9);
        for (std::int64_t& v : x) v = random.integer(0, 255);
        Bytes ours(32 * 11 * count), theirs(32 * 11 * count);
        bases.multiply(k, {x.data(), 9, 255}, ours.data(), 32 * 11);
        ristretto255::mul_fixed_add_short(points, k, {x.data(), 9, 255}, theirs.data(), 32 * 11);
        CHECK(ours == theirs);
    }
    using ristretto255::BaseTables;
    CHECK(BaseTables::pay(32, 1) && BaseTables::pay(1002, 1) && BaseTables::pay(65538, 1));
    CHECK(!BaseTables::pay(32, 1024) && !BaseTables::pay(80000, 1));
    bool refused = false;
    try {
        BaseTables(points, 7680);
    } catch (const pyfe::Error& error) {
        refused = error.kind() == pyfe::ErrorKind::parameter;
    }
    CHECK(refused);
}

// Rows of every number decode as a full block of them, and a bad string is marked where it stands
void test_decode_rows() {
    constexpr std::size_t columns = 5;
    for (std::size_t count = 1; count <= 8; ++count) {
        Bytes bytes = rows(some_points(), count * columns);
        bytes[32 * (count * columns - 2)] ^= 1;  // odd: not canonical
        AffineBlock points[columns];
        std::uint8_t ok[columns][8];
        ristretto255::decode_rows(bytes.data(), count, columns, points, ok);
        for (std::size_t c = 0; c < columns; ++c)
            for (std::size_t j = 0; j < 8; ++j) {
                const std::size_t at = std::min(j, count - 1);
                CHECK(ok[c][j] == (at == count - 1 && c == columns - 2 ? 0 : 1));
                if (ok[c][j] == 0) continue;
                const PointVector one = PointVector::decode(row(bytes, at * columns + c), "one");
                for (std::size_t limb = 0; limb < 5; ++limb)
                    CHECK(one.blocks[0].x[limb][0] == points[c].x[limb][j] &&
                          one.blocks[0].y[limb][0] == points[c].y[limb][j]);
            }
    }
}

void test_double_fixed() {
    Stream random(14);
    for (const std::size_t count : partial_sizes) {
        std::vector<Scalar> a(count), b(count);
        for (std::size_t j = 0; j < count; ++j) a[j] = random.scalar(), b[j] = random.scalar();
        a[0] = negated(b[count - 1]);
        const Bytes two = concatenated({row(some_points(), 4), row(some_points(), 6)});
        Bytes out(32 * count), first(32 * count), second(32 * count);
        ristretto255::mul_double_fixed(PointVector::decode(two, "two"), a, b, out.data());
        ristretto255::mul_fixed(PointVector::decode(row(two, 0), "p"), a, first.data(), 32);
        ristretto255::mul_fixed(PointVector::decode(row(two, 1), "q"), b, second.data(), 32);
        CHECK(out == ristretto255::add(PointVector::decode(first, "aP"), PointVector::decode(second, "bQ")));
    }
}

// P and -P cancel, P + 0 = P; also where both operands are equal
void test_addition() {
    const Bytes bytes = some_points(), zeros(bytes.size(), 0);
    const PointVector p = PointVector::decode(bytes, "p"), zero = PointVector::decode(zeros, "0");
    CHECK(ristretto255::subtract(p, p) == zeros);
    CHECK(ristretto255::add(p, zero) == bytes && ristretto255::add(zero, p) == bytes);
    const Bytes minus = ristretto255::subtract(zero, p);
    CHECK(ristretto255::add(p, PointVector::decode(minus, "-p")) == zeros);
    Bytes doubled(bytes.size());
    ristretto255::mul_variable(p, std::vector<Scalar>(p.size, small_scalar(2)), doubled.data());
    CHECK(ristretto255::add(p, p) == doubled);
}

// a P + b Q, also where they cancel; and the same points with another Z
void test_double_variable() {
    Stream random(16);
    for (const std::size_t count : partial_sizes) {
        const Bytes bytes = rows(some_points(), count);
        const PointVector p = PointVector::decode(bytes, "p");
        std::vector<Scalar> a(count), b(count);
        for (std::size_t j = 0; j < count; ++j) {
            a[j] = random.scalar();
            b[j] = j % 3 == 0 ? Scalar::sub(Scalar{}, a[j]) : random.scalar();
        }
        Bytes on_p(32 * count), on_q(32 * count), out(32 * count);
        ristretto255::mul_variable(p, a, on_p.data());
        ristretto255::mul_variable(p, b, on_q.data());
        ristretto255::mul_double_variable(p, p, a, b, out.data());
        CHECK(out == ristretto255::add(PointVector::decode(on_p, "aP"), PointVector::decode(on_q, "bQ")));
        CHECK(row(out, 0) == Bytes(32, 0));
        const ristretto255::Kernels& k = ristretto255::kernels();
        std::vector<PointBlock> points(p.blocks.size());
        k.from_affine(p.blocks.data(), points.size(), points.data());
        k.double_times(points.data(), points.size(), 3);
        const std::vector<AffineBlock> flat = ristretto255::affine(points);
        std::vector<PointBlock> again(points.size());
        k.from_affine(flat.data(), flat.size(), again.data());
        Bytes before(32 * count), after(32 * count);
        k.encode(points.data(), count, before.data(), 32);
        k.encode(again.data(), count, after.data(), 32);
        CHECK(before == after && (count == 1 || before != bytes));  // the first is the identity
    }
    CHECK(ristretto255::affine({}).empty());
}

// Short scalars take as many windows as they need
void test_short_scalars() {
    Stream random(17);
    for (const int bits : {1, 63, 64, 65, 128}) {
        std::vector<Scalar> a(700);
        std::vector<PublicScalar> k(700);
        Scalar sum[1];
        for (std::size_t j = 0; j < a.size(); ++j) {
            a[j] = random.scalar();
            for (int b = 0; b < bits; ++b)  // the first: all ones
                k[j].value.w[b / 64] |= std::uint64_t{j == 0 || random.integer(0, 1) == 1} << (b % 64);
            sum[0] = Scalar::add(sum[0], Scalar::mul(a[j], k[j].value));
        }
        Bytes points(32 * a.size()), expected(32);
        ristretto255::mul_base(a, points.data());
        ristretto255::mul_base(sum, expected.data());
        CHECK(ristretto255::msm_vartime(PointVector::decode(points, "points"), k) == expected);
    }
}

// sum k_j a_j G = (sum k_j a_j) G, below and above the change from Straus to Pippenger
void test_long_vector() {
    Stream random(15);
    for (const std::size_t count : {1, 5, 7, 8, 9, 17, 383, 384, 385, 700}) {
        std::vector<Scalar> a(count);
        std::vector<PublicScalar> k(count);
        Scalar sum[1];
        const std::vector<Scalar> edge = support::edge_scalars();
        for (std::size_t j = 0; j < count; ++j) {
            a[j] = j % 5 == 4 ? Scalar{} : random.scalar();  // some points are the identity
            k[j].value = j % 2 == 0 ? edge[j / 2 % edge.size()] : random.scalar();
            sum[0] = Scalar::add(sum[0], Scalar::mul(a[j], k[j].value));
        }
        Bytes points(32 * count), expected(32);
        ristretto255::mul_base(a, points.data());
        ristretto255::mul_base(sum, expected.data());
        CHECK(ristretto255::msm_vartime(PointVector::decode(points, "points"), k) == expected);
    }
    CHECK(ristretto255::msm_vartime(PointVector{}, {}) == Bytes(32, 0));
}

// Points a_j G of a cohort as blocks C, D, E_1 .. E_n, a patient a lane
std::vector<AffineBlock> cohort(const Kernels& kernels, const std::vector<std::vector<Scalar>>& logs) {
    std::vector<AffineBlock> out(logs.size());
    for (std::size_t i = 0; i < logs.size(); ++i) {
        Bytes bytes(32 * logs[i].size());
        ristretto255::mul_base(logs[i], bytes.data());
        std::uint8_t ok[1][8];
        kernels.decode(bytes.data(), 32, 256, logs[i].size(), 1, &out[i], ok);
        for (const std::uint8_t flag : ok[0]) CHECK(flag == 1);  // spare lanes repeat the last point
    }
    return out;
}

void run_cohort(const Kernels& kernels, std::size_t patients,
                const std::vector<std::vector<std::int64_t>>& y) {
    Stream random(16);
    const std::size_t n = y[0].size(), k = y.size();
    std::vector<std::vector<Scalar>> logs(n + 2, std::vector<Scalar>(patients));
    for (auto& element : logs) {
        for (Scalar& log : element) log = random.scalar();
    }
    logs[2][0] = Scalar{};
    std::vector<std::int64_t> flat;
    std::vector<PublicScalar> s, t;
    for (std::size_t f = 0; f < k; ++f) {
        flat.insert(flat.end(), y[f].begin(), y[f].end());
        s.push_back({f % 3 == 0 ? random.scalar() : f % 3 == 1 ? Scalar{} : negated(small_scalar(1))});
        t.push_back({f % 2 == 0 ? random.scalar() : Scalar{}});
    }
    std::vector<PointBlock> out(k);
    ristretto255::CohortPlan(flat.data(), k, n, s, t).run(cohort(kernels, logs).data(), out.data());
    for (std::size_t f = 0; f < k; ++f) {
        std::vector<Scalar> expected(patients);
        for (std::size_t j = 0; j < patients; ++j) {
            for (std::size_t i = 0; i < n; ++i) {
                const Scalar term = Scalar::mul(Scalar::from_int64(y[f][i]), logs[i + 2][j]);
                expected[j] = Scalar::add(expected[j], term);
            }
            expected[j] = Scalar::sub(expected[j], Scalar::mul(s[f].value, logs[0][j]));
            expected[j] = Scalar::sub(expected[j], Scalar::mul(t[f].value, logs[1][j]));
        }
        Bytes bytes(32 * patients), known(32 * patients);
        kernels.encode(&out[f], patients, bytes.data(), 32);
        ristretto255::mul_base(expected, known.data());
        CHECK(bytes == known);
    }
}

void test_cohort(const Kernels& kernels) {
    run_cohort(kernels, 1, {{1}});
    run_cohort(kernels, 8, {{0, 0, 1}, {-1, 0, 0}, {127, -127, 64}, {0, 0, 0}});
    run_cohort(kernels, 5, {{INT64_MAX, INT64_MIN, INT64_MIN + 1, -1, 3}, {1, 2, -3, 4, -5}});
    Stream random(17);
    std::vector<std::int64_t> y(30);
    for (std::int64_t& v : y) v = random.integer(-255, 255);
    run_cohort(kernels, 7, {y, y, y});
}

// -- one kernel table, points as they may lie in memory ---------------------------------------------------

// Eight affine points (x, y) with the given limbs, one a lane, z = 1
struct SmallPoint {
    const std::uint64_t* x;
    const std::uint64_t* y;
};

constexpr std::uint64_t full = (std::uint64_t{1} << 51) - 1;
constexpr std::uint64_t zero_limbs[5] = {0, 0, 0, 0, 0};
constexpr std::uint64_t p_limbs[5] = {full - 18, full, full, full, full};  // 0, not reduced
constexpr std::uint64_t one_limbs[5] = {1, 0, 0, 0, 0};
constexpr std::uint64_t p_plus_1_limbs[5] = {full - 17, full, full, full, full};  // 1, not reduced
constexpr std::uint64_t minus_1_limbs[5] = {full - 19, full, full, full, full};

PointBlock block_of(const std::vector<SmallPoint>& points, const std::uint64_t* z, const std::uint64_t* t) {
    PointBlock b;
    for (int lane = 0; lane < 8; ++lane) {
        const SmallPoint& p = points[std::size_t(lane) % points.size()];
        for (int i = 0; i < 5; ++i) {
            b.x[i][lane] = p.x[i];
            b.y[i][lane] = p.y[i];
            b.z[i][lane] = z[i];
            b.t[i][lane] = t[i];
        }
    }
    return b;
}

// The four points of order 1, 2 and 4: (0, 1), (0, -1), (i, 0), (-i, 0), reduced or not
std::vector<SmallPoint> four_torsion() {
    static std::uint64_t minus_i[5];
    const std::uint64_t* i_root = pyfe::field::kSqrtM1;
    // p - i: no limb of i exceeds that of p
    for (int i = 0; i < 5; ++i) minus_i[i] = p_limbs[i] - i_root[i];
    return {{zero_limbs, one_limbs}, {zero_limbs, minus_1_limbs}, {i_root, zero_limbs},
            {minus_i, zero_limbs},   {p_limbs, p_plus_1_limbs},   {p_limbs, minus_1_limbs},
            {i_root, p_limbs},       {minus_i, p_limbs}};
}

Bytes encoded(const Kernels& kernels, const PointBlock& p) {
    Bytes out(256);
    kernels.encode(&p, 8, out.data(), 32);
    return out;
}

Bytes doubled_and_encoded(const Kernels& kernels, const PointBlock& p) {
    PointBlock copy = p;
    Element scratch[2];
    Bytes out(256);
    kernels.double_and_encode(&copy, 8, out.data(), 32, scratch);
    return out;
}

// A coset has one encoding: adding 4-torsion changes no byte, and 4-torsion itself is the identity.
void test_torsion(const Kernels& kernels) {
    for (const std::uint64_t* z : {one_limbs, p_plus_1_limbs}) {
        for (const std::uint64_t* t : {zero_limbs, p_limbs}) {
            const PointBlock torsion = block_of(four_torsion(), z, t);
            CHECK(encoded(kernels, torsion) == Bytes(256, 0));
            CHECK(doubled_and_encoded(kernels, torsion) == Bytes(256, 0));
            for (std::size_t j = 0; j < 12; ++j) {
                AffineBlock affine;
                std::uint8_t ok[1][8];
                const Bytes bytes = row(some_points(), j);
                kernels.decode(bytes.data(), 32, 256, 1, 1, &affine, ok);
                PointBlock p, sum;
                kernels.from_affine(&affine, 1, &p);
                kernels.add(&p, &torsion, 1, &sum);
                CHECK(encoded(kernels, sum) == rows(bytes, 8));
                CHECK(doubled_and_encoded(kernels, sum) == doubled_and_encoded(kernels, p));
                kernels.double_times(&p, 1, 1);
                CHECK(doubled_and_encoded(kernels, sum) == encoded(kernels, p));
            }
        }
    }
}

// double_times(m) is 2^m, negate negates; strided output and partial blocks touch no other byte
void test_small_kernels(const Kernels& kernels) {
    for (const std::size_t count : partial_sizes) {
        const Bytes bytes = rows(some_points(), count);
        const PointVector v = PointVector::decode(bytes, "points");
        std::vector<PointBlock> p(blocks_of(count)), q(blocks_of(count));
        kernels.from_affine(v.blocks.data(), p.size(), p.data());
        kernels.negate(p.data(), p.size(), q.data());
        kernels.add(p.data(), q.data(), p.size(), q.data());
        Bytes out(40 * count, 0x55), expected(40 * count, 0x55), product(32 * count);
        kernels.encode(q.data(), count, out.data(), 40);
        for (std::size_t j = 0; j < count; ++j) std::fill_n(expected.begin() + std::ptrdiff_t(40 * j), 32, 0);
        CHECK(out == expected);
        for (const int times : {0, 1, 2, 5, 64}) {
            q = p;
            kernels.double_times(q.data(), q.size(), times);
            Scalar k = small_scalar(1);
            for (int i = 0; i < times; ++i) k = Scalar::add(k, k);
            ristretto255::mul_variable(v, std::vector<Scalar>(count, k), product.data());
            Bytes plain(32 * count);
            kernels.encode(q.data(), count, plain.data(), 32);
            CHECK(plain == product);
        }
    }
}

// Decoding with other strides and partial vectors: rows of a matrix, column by column
void test_decode_strides(const Kernels& kernels) {
    const std::size_t columns = 5;
    for (const std::size_t lanes : {1, 3, 7, 8}) {
        Bytes matrix = rows(some_points(), columns * lanes);
        matrix[32 * columns * (lanes - 1) + 32 * 2] ^= 1;  // the last row, third column: negative
        std::vector<AffineBlock> blocks(columns);
        std::vector<std::uint8_t> ok(8 * columns);
        kernels.decode(matrix.data(), 32 * columns, 32, lanes, columns, blocks.data(),
                       reinterpret_cast<std::uint8_t(*)[8]>(ok.data()));
        for (std::size_t c = 0; c < columns; ++c) {
            for (std::size_t j = 0; j < 8; ++j) CHECK(ok[8 * c + j] == !(c == 2 && j >= lanes - 1));
            if (c == 2) continue;
            PointBlock p;
            kernels.from_affine(&blocks[c], 1, &p);
            const Bytes out = encoded(kernels, p);
            for (std::size_t j = 0; j < lanes; ++j) CHECK(row(out, j) == row(matrix, j * columns + c));
        }
    }
}

// -- all kernel tables give the same bytes ----------------------------------------------------------------

// Strings around the borders of what is canonical, and random ones (half of them even): most are refused
Bytes decode_candidates() {
    Stream random(18);
    Bytes out = some_points();
    for (const char* text : refused) out = concatenated({out, from_hex(text)});
    for (int v = 0; v < 48; ++v) {
        Bytes low(32, 0), high(32, 0xff);
        low[0] = static_cast<std::uint8_t>(v);
        high[0] = static_cast<std::uint8_t>(0xff - v);
        high[31] = 0x7f;
        out = concatenated({out, low, high, random.bytes(32), random.bytes(32)});
        out[out.size() - 32] &= 0xfe;
        out[out.size() - 1] &= 0x7f;
    }
    return out;
}

Bytes montgomery(const Kernels& kernels, const std::vector<PointBlock>& p, std::size_t count) {
    std::vector<pyfe::dlog::MontgomeryPoint> m(count);
    Bytes infinite(count);
    const auto scratch = std::make_unique<Element[]>(2 * p.size());
    support::sweeps_of(kernels).ristretto255_targets(p.data(), count, m.data(), infinite.data(),
                                                     scratch.get());
    for (std::size_t j = 0; j < count; ++j) {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(&m[j]);
        if (infinite[j] == 0) infinite.insert(infinite.end(), bytes, bytes + sizeof m[j]);
    }
    return infinite;
}

Bytes trace_wire(const Kernels& kernels) {
    Stream random(19);
    Bytes out;
    const Bytes candidates = decode_candidates();
    for (const std::size_t count : {std::size_t{1}, std::size_t{5}, std::size_t{7}, std::size_t{8},
                                    std::size_t{9}, std::size_t{17}, candidates.size() / 32}) {
        out = concatenated({out, ristretto255::is_valid(std::span(candidates).first(32 * count))});
        out = concatenated({out, ristretto255::from_uniform_bytes(random.bytes(64 * count))});
    }
    const std::size_t count = some_points().size() / 32;
    const PointVector v = PointVector::decode(some_points(), "points");
    std::vector<PointBlock> p(v.blocks.size());
    kernels.from_affine(v.blocks.data(), p.size(), p.data());
    Bytes plain(32 * count), twice(32 * count);
    kernels.encode(p.data(), count, plain.data(), 32);
    out = concatenated({out, plain, montgomery(kernels, p, count)});
    const auto scratch = std::make_unique<Element[]>(2 * p.size());
    kernels.double_and_encode(p.data(), count, twice.data(), 32, scratch.get());
    return concatenated({out, twice});
}

Bytes trace_secret_scalars() {
    Stream random(20);
    Bytes out;
    for (const std::size_t count : {1, 5, 7, 8, 9, 17, 70}) {
        std::vector<Scalar> k = support::edge_scalars();
        while (k.size() < count) k.push_back(random.scalar());
        k.resize(count);
        const PointVector p = PointVector::decode(rows(some_points(), count), "points");
        Bytes base(32 * count), variable(32 * count), fixed(32 * count * 9), both(32 * count);
        ristretto255::mul_base(k, base.data());
        ristretto255::mul_variable(p, k, variable.data());
        const PointVector nine = PointVector::decode(rows(some_points(), 9), "nine");
        ristretto255::mul_fixed(nine, k, fixed.data(), 32 * 9);
        std::vector<std::int64_t> x(count * 9);
        for (std::int64_t& v : x) v = random.integer(-300, 300);
        out = concatenated({out, base, variable, fixed});
        ristretto255::mul_fixed_add_short(nine, k, {x.data(), 9, 300}, fixed.data(), 32 * 9);
        ristretto255::mul_double_fixed(PointVector::decode(rows(some_points(), 2), "two"), k, k, both.data());
        out = concatenated({out, fixed, both});
        ristretto255::BaseTables(nine).multiply(k, {x.data(), 9, 300}, fixed.data(), 32 * 9);
        out = concatenated({out, fixed});
    }
    return out;
}

Bytes trace_public_scalars(const Kernels& kernels) {
    Stream random(21);
    Bytes out;
    for (const std::size_t count : {1, 5, 7, 8, 9, 17, 400}) {
        std::vector<PublicScalar> k(count);
        for (PublicScalar& s : k) s.value = random.scalar();
        k[0].value = negated(small_scalar(1));
        const PointVector p = PointVector::decode(rows(some_points(), count), "points");
        out = concatenated({out, ristretto255::msm_vartime(p, k)});
    }
    std::vector<std::int64_t> y = {1, -1, 0, 127, -128, 5, 3, INT64_MIN, INT64_MAX, 0, 0, 1};
    const std::vector<PublicScalar> s = {{random.scalar()}, {Scalar{}}}, t = {{Scalar{}}, {random.scalar()}};
    const PointVector points = PointVector::decode(rows(some_points(), 64), "points");
    PointBlock results[2];
    ristretto255::CohortPlan(y.data(), 2, 6, s, t).run(points.blocks.data(), results);
    return concatenated({out, encoded(kernels, results[0]), encoded(kernels, results[1])});
}

void test_same_bytes() {
    std::vector<std::vector<Bytes>> traces;
    for (const Kernels* kernels : support::all_kernels()) {
        const UseKernels use(*kernels);
        traces.push_back({trace_wire(*kernels), trace_secret_scalars(), trace_public_scalars(*kernels)});
    }
    for (std::size_t k = 1; k < traces.size(); ++k) {
        for (std::size_t part = 0; part < traces[k].size(); ++part) {
            CHECK(!traces[k][part].empty() && traces[k][part] == traces[0][part]);
        }
    }
}

// Several threads, several chunks, the memory bound on rows: the same bytes as one thread
void test_threads() {
    Stream random(22);
    std::vector<Scalar> k(1100);
    for (Scalar& s : k) s = random.scalar();
    const PointVector bases = PointVector::decode(rows(some_points(), 2), "bases");
    const unsigned before = pyfe::num_threads();
    std::vector<Bytes> results;
    for (const unsigned threads : {1U, 3U}) {
        pyfe::set_num_threads(threads);
        Bytes fixed(64 * k.size()), base(32 * k.size());
        ristretto255::mul_fixed(bases, k, fixed.data(), 64);
        ristretto255::mul_base(k, base.data());
        Bytes common(64 * k.size());
        const std::vector<std::int64_t> x(k.size(), 7);
        ristretto255::BaseTables(bases).multiply(k, {x.data(), 1, 7}, common.data(), 64);
        results.push_back(concatenated({fixed, base, common}));
    }
    pyfe::set_num_threads(before);
    CHECK(results[0] == results[1]);
}

// -- recodings --------------------------------------------------------------------------------------------

// sum_j digit_j 2^(window j) modulo l
template <class Digit>
Scalar recombined(const std::vector<Digit>& digits, int window) {
    Scalar sum;
    for (std::size_t j = digits.size(); j-- > 0;) {
        for (int i = 0; i < window; ++i) sum = Scalar::add(sum, sum);
        sum = Scalar::add(sum, Scalar::from_int64(digits[j]));
    }
    return sum;
}

bool equal(const Scalar& a, const Scalar& b) { return std::memcmp(a.w, b.w, sizeof a.w) == 0; }

// Windows d stand for the odd digits 2 d - (2^w - 1).
std::vector<int> odd_digits(const Bytes& windows, int window) {
    std::vector<int> out;
    for (const std::uint8_t d : windows) {
        CHECK(d < 1 << window);
        out.push_back(2 * d - ((1 << window) - 1));
    }
    return out;
}

void test_odd_recoding() {
    std::vector<Scalar> all = support::edge_scalars();
    Stream random(23);
    for (int i = 0; i < 30; ++i) all.push_back(random.scalar());
    for (const int window : {4, 5}) {
        const int digits = (255 + window - 1) / window;
        for (const Scalar& k : all) {
            Bytes out(static_cast<std::size_t>(digits));
            ristretto255::recode_odd(k, window, digits, out.data(), 1);
            CHECK(equal(recombined(odd_digits(out, window), window), k));
        }
    }
}

void test_short_recoding() {
    for (const int window : {4, 5}) {
        for (const std::int64_t x :
             {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{7}, std::int64_t{-8},
              std::int64_t{255}, std::int64_t{-4096}, INT64_MAX, INT64_MIN}) {
            const std::uint64_t magnitude =
                x < 0 ? 0 - static_cast<std::uint64_t>(x) : static_cast<std::uint64_t>(x);
            const int digits = ristretto255::short_digits(magnitude, window);
            Bytes out(static_cast<std::size_t>(digits));
            ristretto255::recode_short(x, window, digits, out.data(), 1);
            const Scalar expected = Scalar::from_int64(x);  // 2 x + 1
            CHECK(equal(recombined(odd_digits(out, window), window),
                        Scalar::add(Scalar::add(expected, expected), small_scalar(1))));
        }
    }
}

void test_public_recodings() {
    Stream random(24);
    std::vector<Scalar> all = support::edge_scalars();
    for (int i = 0; i < 30; ++i) all.push_back(random.scalar());
    for (const Scalar& k : all) {
        CHECK(equal(recombined(ristretto255::wnaf5_vartime({k}), 1), k));
        for (const int window : {4, 7, 13}) {
            std::vector<std::int16_t> digits(std::size_t(254 / window + 2));
            ristretto255::signed_digits_vartime({k}, window, static_cast<int>(digits.size()), digits.data(),
                                                1);
            CHECK(equal(recombined(digits, window), k));
            for (const int d : digits) CHECK(d >= -(1 << (window - 1)) && d < 1 << (window - 1));
        }
    }
    for (const std::int64_t y :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{3}, std::int64_t{-127},
          std::int64_t{1} << 62, INT64_MAX, INT64_MIN, INT64_MIN + 1}) {
        std::vector<std::int8_t> naf(std::size_t(ristretto255::naf_bits_vartime(y)));
        ristretto255::naf_vartime(y, static_cast<int>(naf.size()), naf.data());
        CHECK(equal(recombined(naf, 1), Scalar::from_int64(y)));
        for (std::size_t b = 0; b + 1 < naf.size(); ++b) CHECK(naf[b] == 0 || naf[b + 1] == 0);
    }
}

void test_table(const Kernels& kernels) {
    const UseKernels use(kernels);
    test_decode_known();
    test_multiples();
    test_mapped();
    test_edge_scalars();
    test_agreement();
    test_fixed_add_short();
    test_base_tables();
    test_fixed_bases();
    test_decode_rows();
    test_double_fixed();
    test_addition();
    test_long_vector();
    test_short_scalars();
    test_double_variable();
    test_cohort(kernels);
    test_torsion(kernels);
    test_small_kernels(kernels);
    test_decode_strides(kernels);
}

}  // namespace

int main() {
    for (const Kernels* kernels : support::all_kernels()) {
        const unsigned long failed = check::failures;
        test_table(*kernels);
        if (check::failures != failed) std::fprintf(stderr, "  with the kernels %s\n", kernels->name);
    }
    test_same_bytes();
    test_threads();
    test_odd_recoding();
    test_short_recoding();
    test_public_recodings();
    return check::result("test_group");
}
