// Quadratic functional encryption with masks of dimension k and keys split over both groups, in the frame of
// Baltico, Catalano, Fiore, Gay, Practical functional encryption for quadratic functions with applications to
// predicate encryption, CRYPTO 2017 (eprint 2017/151); layout and proofs: docs/math/qfe.md. Written
// additively, [a]_i = a g_i:
//   mpk = (nonce, [alpha_i]_1, [beta_j]_2),  alpha_i = hash-to-curve, beta_j in Z_r^k,  msk = beta
#include "pyfe/qfe/scheme.hpp"

#include <algorithm>

#include "mask.hpp"
#include "pyfe/base/ctcheck.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/group/bls12_381/fixed_base.hpp"
#include "pyfe/hash/hmac.hpp"
#include "tables.hpp"

namespace pyfe::qfe {
namespace {

using group::bls12_381::G1FixedBase, group::bls12_381::G2FixedBase;

std::span<const Fr> all(const SecretScalars& s) { return {s.data(), s.size()}; }

void require_shape(const IntMatrix& m, size_t columns, const char* name) {
    if (m.columns != columns)
        fail(ErrorKind::parameter, std::string(name) + " has " + std::to_string(m.columns) +
                                       " columns; the parameters have " + std::to_string(columns));
}

// u = HMAC-SHA-512(prf key, scheme, k, mpk, server, epoch, the matrix that T is computed from) mod r: the
// same key for the same matrix, and nothing that beta could be found from. No other form of u ever leaves.
Fr split_secret(const MasterSecretKey& msk, size_t n, size_t m, const Entries& matrix) {
    const std::string tag = msk.parameters.tag("u");
    constexpr uint32_t server = 0, epoch = 0;  // one authority that never shared its key
    Writer w(64 + 16 * matrix.size());
    w.u32(static_cast<uint32_t>(tag.size()));
    w.bytes({reinterpret_cast<const uint8_t*>(tag.data()), tag.size()});
    w.u32(msk.parameters.k).bytes(msk.public_key_id).u32(server).u32(epoch);
    w.u32(static_cast<uint32_t>(n)).u32(static_cast<uint32_t>(m));
    for (const Entry& e : matrix) w.u32(e.i).u32(e.j).i64(e.v);
    HmacSha512 prf({msk.prf_key.data(), msk.prf_key.size()});
    SecretVector<uint8_t> out(64);
    Sha512::Digest digest = prf.update(w.take()).finish();
    std::ranges::copy(digest, out.begin());
    secure_zero(digest.data(), digest.size());
    return Fr::from_wide_bytes(out.data());
}

void add_product(Fr& sum, int64_t a, const Fr& b, SecretScalars& t) {
    checkpoint();
    t[0] = Fr::mul(Fr::from_int64(a), b);
    sum = Fr::add(sum, t[0]);
}

// sum_j v_hj beta_jl at h k + l
SecretScalars unit_masks(const MasterSecretKey& msk, const Forms& f) {
    const size_t k = msk.parameters.k;
    SecretScalars out(f.units() * k), t(1);
    for (size_t h = 0; h < f.units(); ++h)
        for (size_t j = 0; j < f.m(); ++j)
            for (size_t l = 0; l < k; ++l) add_product(out[h * k + l], f.v(h)[j], msk.beta[j * k + l], t);
    return out;
}

// sum_j F_ij beta_jl at i k + l: what alpha_il is multiplied by in T
SecretScalars coefficients(const MasterSecretKey& msk, const Forms& f, size_t form, const Entries& matrix,
                           const SecretScalars& masks) {
    const size_t k = msk.parameters.k;
    SecretScalars out(f.n() * k), t(2);
    if (!f.is_factored()) {
        for (const Entry& e : matrix)
            for (size_t l = 0; l < k; ++l) add_product(out[e.i * k + l], e.v, msk.beta[e.j * k + l], t);
        return out;
    }
    for (size_t h = 0; h < f.units(); ++h)
        for (size_t l = 0; f.q(form)[h] != 0 && l < k; ++l) {
            t[1] = Fr::mul(Fr::from_int64(f.q(form)[h]), masks[h * k + l]);
            for (size_t i = 0; i < f.n(); ++i) add_product(out[i * k + l], f.u(h)[i], t[1], t);
        }
    return out;
}

// Points that would open something: wiped when they go
struct SecretPoints : G1Points {
    explicit SecretPoints(G1Points p) : G1Points(std::move(p)) {}
    SecretPoints(const SecretPoints&) = delete;
    SecretPoints(SecretPoints&&) = default;
    SecretPoints& operator=(SecretPoints&& other) {
        std::swap(blocks, other.blocks);
        std::swap(size, other.size);
        return *this;
    }
    ~SecretPoints() { secure_zero(blocks.data(), blocks.size() * sizeof blocks[0]); }
};

// The sum, by halves
SecretPoints sum(SecretPoints p) {
    while (p.size > 1) {
        const size_t half = (p.size + 1) / 2;
        const SecretPoints first(p.slice(0, 1, half)), second(p.slice(half, 1, p.size - half));
        const G1Points nothing = G1Points::identity(2 * half - p.size);
        const G1Points* both[2] = {&second, &nothing};
        p = SecretPoints(add<1>(first, SecretPoints(G1Points::concat(both))));
    }
    return p;
}

}  // namespace

std::pair<MasterPublicKey, MasterSecretKey> setup(const Parameters& p, Random& random) {
    Id nonce;
    random.fill(nonce.data(), nonce.size());
    SecretScalars beta(p.m() * p.k);
    for (Fr& b : beta) b = draw_nonzero(random);  // the identity would be refused as [beta]_2
    SecretVector<uint8_t> prf_key(32);
    random.fill(prf_key.data(), prf_key.size());
    G2Points beta2 = G2FixedBase::generator().multiply(all(beta));
    const std::pair<const void*, size_t> published[] = {
        {nonce.data(), nonce.size()}, {beta2.blocks.data(), beta2.blocks.size() * sizeof beta2.blocks[0]}};
    for (const auto& [data, size] : published) declassify(data, size);  // the public key
    MasterPublicKey mpk(p, nonce, std::move(beta2));
    MasterSecretKey msk{p, mpk.id, nonce, mpk.alpha, std::move(beta), std::move(prf_key)};
    return {std::move(mpk), std::move(msk)};
}

CiphertextBatch encrypt(const MasterPublicKey& mpk, const IntMatrix& x, const IntMatrix* y, Random& random) {
    const Parameters& p = mpk.parameters;
    if (p.square != (y == nullptr))
        fail(ErrorKind::parameter, p.square ? "y: the parameters are square, x stands on both sides"
                                            : "y is missing: the parameters have two vectors");
    const IntMatrix& right = p.square ? x : *y;
    require_shape(x, p.n(), "x");
    require_shape(right, p.m(), "y");
    if (x.rows != right.rows)
        fail(ErrorKind::parameter,
             "x has " + std::to_string(x.rows) + " rows, y " + std::to_string(right.rows));
    p.x.require_inside(x, "x");
    p.y.require_inside(right, "y");
    const Tables& tables = mpk.tables->get(&group::bls12_381::kernels(), [&] {
        return Tables{{mpk.alpha, p.k}, {mpk.beta, p.k}};
    });
    const RowLayout layout{p.k, p.n(), p.m()};
    return CiphertextBatch::made(mpk.id, layout, x.rows, [&](size_t first, size_t count) {
        const RowScalars s(count, p.k, random);
        const std::span left(x.data + first * p.n(), count * p.n());
        const std::span other(right.data + first * p.m(), count * p.m());
        RowPoints row;
        row.gamma1 = G1FixedBase::generator().multiply(all(s.gamma));
        row.gamma2 = G2FixedBase::generator().multiply(all(s.gamma));
        // c_i = [V^-T (gamma alpha_i; x_i)]_1
        row.c = tables.alpha.multiply(all(s.on_alpha), all(s.on_x), {left, p.x.largest_magnitude(), p.k + 1});
        // d_j = [V (beta_j; y_j)]_2
        row.d = tables.beta.multiply(all(s.on_beta), all(s.on_y), {other, p.y.largest_magnitude(), p.k + 1});
        return row;
    });
}

FunctionKey keygen(const MasterSecretKey& msk, const Forms& f) {
    const Parameters& p = msk.parameters;
    if (f.n() != p.n() || f.m() != p.m())
        fail(ErrorKind::parameter, "F has the shape " + std::to_string(f.n()) + " x " +
                                       std::to_string(f.m()) + "; the parameters have " +
                                       std::to_string(p.n()) + " x " + std::to_string(p.m()));
    f.require_bound(p.f_bound);
    std::vector<Interval> intervals;
    for (size_t form = 0; form < f.count(); ++form) intervals.push_back(f.interval(form, p));
    const SecretScalars masks = unit_masks(msk, f);
    SecretScalars u(f.count()), minus_u(f.count());
    std::vector<SecretPoints> T;
    std::vector<const G1Points*> each;
    for (size_t form = 0; form < f.count(); ++form) {
        const Entries matrix = f.matrix(form);
        u[form] = split_secret(msk, f.n(), f.m(), matrix);
        minus_u[form] = Fr::sub(Fr{}, u[form]);
        // [T]_1 = sum_i < sum_j F_ij beta_j, [alpha_i]_1 >
        const SecretScalars on_alpha = coefficients(msk, f, form, matrix, masks);
        checkpoint();
        T.push_back(sum(SecretPoints(multiply(msk.alpha, all(on_alpha)))));
    }
    for (const SecretPoints& t : T) each.push_back(&t);
    // K = [T - u]_1, K' = [u]_2
    const SecretPoints all_T(G1Points::concat(each)), split(G1FixedBase::generator().multiply(all(minus_u)));
    G1Points K = add<1>(all_T, split);
    G2Points K2 = G2FixedBase::generator().multiply(all(u));
    return {msk.public_key_id, p.k, f, std::move(intervals), std::move(K), std::move(K2)};
}

}  // namespace pyfe::qfe
