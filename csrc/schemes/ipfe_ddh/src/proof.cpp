// Verifiable decryption of ALS16. For a row and a function y the key (s_y, t_y) satisfies
//
//   K_y = s_y G + t_y H = sum_i y_i h_i   and   L = sum_i y_i E_i - z G = s_y C + t_y D .
//
// Weights sigma_f of the functions and rho_j of the rows make one statement of all of them,
//
//   s = sum_f sigma_f s_f,  t likewise,  K = sum_f sigma_f K_f,
//   C = sum_j rho_j C_j,  D likewise,    L = sum_jf rho_j sigma_f L_jf ,
//
// which Okamoto's proof of a representation (CRYPTO 1992) shows with e, u = a + e s, v = b + e t, for the
// commitments T1 = a G + b H and T2 = a C + b D. What it rests on: docs/math/score-proofs.md.
#include "pyfe/ipfe_ddh/proof.hpp"

#include <algorithm>
#include <string>

#include "intervals.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/group/ristretto255/kernels.hpp"
#include "pyfe/group/ristretto255/msm.hpp"
#include "pyfe/hash/hmac.hpp"
#include "transcript.hpp"

namespace pyfe::ipfe_ddh {
namespace {

using group::AffineBlock;
using group::PointBlock;
using group::PointVector;

// Blocks of eight rows
constexpr size_t kBlocksAtOnce = 2048;  // bounds the memory of a proof, whatever the batch
constexpr size_t kBlocksTogether = 32;  // share an inversion; a task of a thread

PublicScalar negated(const Scalar& k) { return {Scalar::sub(Scalar{}, k)}; }

// sum_j k_j P_j of encoded points
Bytes combined_vartime(const Bytes& points, std::span<const PublicScalar> k) {
    return group::msm_vartime(PointVector::decode(points, "proof of scores"), k);
}

// Sums over the rows: C = sum_j rho_j C_j, D likewise, and, of the functions that the plan is of, sum_j rho_j
// sum_i y_i E_ji. Rows come in parts, which are added at the end.
class RowSums {
  public:
    RowSums(const CiphertextBatch& ct, std::span<const PublicScalar> rho, const group::CohortPlan* plan,
            size_t functions)
        : ct_(ct), rho_(rho), plan_(plan), parts_(2 + functions) {
        const size_t blocks = (ct.size() + 7) / 8;
        for (size_t first = 0; first < blocks; first += kBlocksAtOnce) {
            checkpoint();
            add(first, std::min(kBlocksAtOnce, blocks - first));
        }
    }
    Bytes C() const { return sum(0); }
    Bytes D() const { return sum(1); }
    Bytes function(size_t f) const { return sum(2 + f); }

  private:
    void add(size_t first, size_t blocks) {
        const size_t rows = std::min(8 * blocks, ct_.size() - 8 * first), functions = parts_.size() - 2;
        std::vector<PointVector> columns(parts_.size());
        for (PointVector& column : columns) column.blocks.resize(blocks), column.size = rows;
        parallel_for((blocks + kBlocksTogether - 1) / kBlocksTogether, [&](size_t task) {
            const size_t start = task * kBlocksTogether, count = std::min(kBlocksTogether, blocks - start);
            std::vector<PointBlock> sums(count * functions);
            RowLayout::Tile scratch;
            for (size_t b = 0; b < count; ++b) {
                const AffineBlock* row = ct_.block(first + start + b, scratch);
                for (size_t c = 0; c < 2; ++c) columns[c].blocks[start + b] = row[c];
                if (functions > 0) plan_->run(row, &sums[b * functions]);
            }
            const std::vector<AffineBlock> flat = group::affine(sums);
            for (size_t at = 0; at < flat.size(); ++at)
                columns[2 + at % functions].blocks[start + at / functions] = flat[at];
        });
        for (size_t c = 0; c < columns.size(); ++c) {
            const Bytes part = group::msm_vartime(columns[c], rho_.subspan(8 * first, rows));
            parts_[c].insert(parts_[c].end(), part.begin(), part.end());
        }
    }
    Bytes sum(size_t c) const {
        const std::vector<PublicScalar> ones(parts_[c].size() / kPointSize, {Scalar::from_int64(1)});
        return combined_vartime(parts_[c], ones);
    }

    const CiphertextBatch& ct_;
    const std::span<const PublicScalar> rho_;
    const group::CohortPlan* const plan_;
    std::vector<Bytes> parts_;
};

// sum_f sigma_f k_f
Scalar weighted(std::span<const PublicScalar> sigma, const std::vector<PublicScalar>& k) {
    SecretScalars sum(2);
    for (size_t f = 0; f < sigma.size(); ++f) {
        sum[1] = Scalar::mul(sigma[f].value, k[f].value);
        sum[0] = Scalar::add(sum[0], sum[1]);
    }
    return sum[0];
}

// (a, b) = HMAC-SHA-512 under 64 fresh bytes of tag | S | s | t | 0 or 1, modulo l, off uniform by less than
// 2^-259. A source of randomness that repeats itself then still gives other nonces for another statement: two
// challenges for the same nonces would be the key.
SecretScalars nonces(const Digest& statement, const SecretScalars& key, Random& random) {
    constexpr std::string_view tag = "PYFE-V1-ipfe-ddh-ristretto255-score-proof-nonce";
    SecretVector<uint8_t> fresh(64), secret(2 * kScalarSize);
    random.fill(fresh.data(), fresh.size());
    for (size_t i = 0; i < 2; ++i) key[i].to_bytes(&secret[kScalarSize * i]);
    SecretScalars out(2);
    for (uint8_t i = 0; i < 2; ++i) {
        HmacSha512 mac({fresh.data(), fresh.size()});
        mac.update({reinterpret_cast<const uint8_t*>(tag.data()), tag.size()});
        mac.update(statement).update({secret.data(), secret.size()}).update({&i, 1});
        Digest wide = mac.finish();
        out[i] = Scalar::from_wide_bytes(wide.data());
        secure_zero(wide.data(), wide.size());
    }
    return out;
}

// K = s G + t H, L = s C + t D, T1 = a G + b H, T2 = a C + b D: four lanes of one multiplication
Bytes commitments(const Bytes& C, const Bytes& D, const SecretScalars& key, const SecretScalars& nonce) {
    const Bytes both = MasterPublicKey::generator_bytes();
    Bytes on_a, on_b;
    for (int twice = 0; twice < 2; ++twice) {
        on_a.insert(on_a.end(), both.begin(), both.begin() + kPointSize);
        on_a.insert(on_a.end(), C.begin(), C.end());
        on_b.insert(on_b.end(), both.begin() + kPointSize, both.end());
        on_b.insert(on_b.end(), D.begin(), D.end());
    }
    SecretScalars a(4), b(4);
    for (size_t lane = 0; lane < 4; ++lane) {
        a[lane] = lane < 2 ? key[0] : nonce[0];
        b[lane] = lane < 2 ? key[1] : nonce[1];
    }
    Bytes out(4 * kPointSize);
    group::mul_double_variable(PointVector::decode(on_a, "G, C"), PointVector::decode(on_b, "H, D"),
                               {a.data(), 4}, {b.data(), 4}, out.data());
    return out;
}

std::span<const uint8_t> point(const Bytes& points, size_t j) {
    return {&points[kPointSize * j], kPointSize};
}

// y_i = sum_f sigma_f y_fi modulo l
std::vector<PublicScalar> combined_function(const IntMatrix& y, std::span<const PublicScalar> sigma) {
    std::vector<PublicScalar> out(y.columns);
    for (size_t f = 0; f < y.rows; ++f)
        for (size_t i = 0; i < y.columns; ++i)
            out[i].value = Scalar::add(
                out[i].value, Scalar::mul(sigma[f].value, Scalar::from_int64(y.data[f * y.columns + i])));
    return out;
}

// sum_jf rho_j sigma_f z_jf modulo l
Scalar combined_score(const Statement& s, std::span<const PublicScalar> rho,
                      std::span<const PublicScalar> sigma) {
    Scalar sum;
    for (size_t j = 0; j < rho.size(); ++j) {
        if (j % 1024 == 0) checkpoint();
        Scalar row;
        for (size_t f = 0; f < sigma.size(); ++f)
            row =
                Scalar::add(row, Scalar::mul(sigma[f].value, Scalar::from_int64(s.z[j * sigma.size() + f])));
        sum = Scalar::add(sum, Scalar::mul(rho[j].value, row));
    }
    return sum;
}

// K = sum_i y_i h_i
Bytes key_point(const MasterPublicKey& mpk, const std::vector<PublicScalar>& y) {
    std::vector<PublicScalar> k(2);  // of G and H
    k.insert(k.end(), y.begin(), y.end());
    return group::msm_vartime(mpk.bases->points(), k);
}

// L = sum_f sigma_f (sum_j rho_j sum_i y_fi E_ji) - (sum_jf rho_j sigma_f z_jf) G
Bytes score_point(const Statement& s, const RowSums& sums, std::span<const PublicScalar> rho,
                  std::span<const PublicScalar> sigma) {
    Bytes points = group::generator_bytes();
    std::vector<PublicScalar> k = {negated(combined_score(s, rho, sigma))};
    for (size_t f = 0; f < sigma.size(); ++f) {
        const Bytes part = sums.function(f);
        points.insert(points.end(), part.begin(), part.end());
        k.push_back(sigma[f]);
    }
    return combined_vartime(points, k);
}

// u P + v Q - e R
Bytes commitment_again(const Bytes& P_and_Q, const Bytes& R, const ScoreProof& proof) {
    Bytes points = P_and_Q;
    points.insert(points.end(), R.begin(), R.end());
    return combined_vartime(points, std::vector<PublicScalar>{proof.u, proof.v, negated(proof.e.value)});
}

void require_one_key(const Id& key, const CiphertextBatch& ct, size_t n) {
    if (key != ct.public_key_id() || n != ct.n())
        fail(ErrorKind::key_mismatch, "proof of scores: key and ciphertexts are under different public keys");
}

void require_scores_inside(const Statement& s) {
    for (size_t row = 0; row < s.ct.size(); ++row) {
        if (row % 1024 == 0) checkpoint();
        for (size_t f = 0; f < s.y.rows; ++f) {
            const Interval i = scaled(s.intervals[f], s.ct.weight(row), row);
            const int64_t z = s.z[row * s.y.rows + f];
            if (z < i.lo || z > i.hi)
                fail(ErrorKind::out_of_range, "row " + std::to_string(row) + ", function " +
                                                  std::to_string(f) + ": the score is outside [" +
                                                  std::to_string(i.lo) + ", " + std::to_string(i.hi) + "]");
        }
    }
}

PublicScalar read_scalar(Reader& in, const char* field) {
    uint64_t ok;
    const Scalar s = Scalar::from_bytes(in.bytes(kScalarSize, field).data(), &ok);
    if (ok == 0) in.refuse(field, "is not below the group order");
    return {s};
}

}  // namespace

Bytes ScoreProof::to_bytes() const {
    Writer w;
    w.bytes(public_key_id).u64(rows).u32(functions);
    uint8_t bytes[kScalarSize];
    for (const PublicScalar* k : {&e, &u, &v}) {
        k->value.to_bytes(bytes);
        w.bytes(bytes);
    }
    return w.take();
}

ScoreProof ScoreProof::from_bytes(std::span<const uint8_t> data) {
    Reader in(data, "score proof");
    ScoreProof proof;
    proof.public_key_id = in.array<32>("public key id");
    proof.rows = in.u64("rows");
    proof.functions = in.u32("functions");
    if (proof.functions == 0) in.refuse("functions", "is 0, must be at least 1");
    proof.e = read_scalar(in, "e");
    proof.u = read_scalar(in, "u");
    proof.v = read_scalar(in, "v");
    in.finish();
    return proof;
}

ScoreProof prove(const FunctionKey& sk, const CiphertextBatch& ct, const int64_t* z,
                 std::span<const uint8_t> about, Random& random) {
    require_one_key(sk.public_key_id, ct, sk.n);
    const Statement statement{sk.public_key_id, about, {sk.y.data(), sk.functions, sk.n},
                              sk.intervals,     ct,    z};
    const Digest digest = statement.digest();
    const std::vector<PublicScalar> sigma = weights(digest, Role::functions, sk.functions);
    const std::vector<PublicScalar> rho = weights(digest, Role::rows, ct.size());
    const RowSums sums(ct, rho, nullptr, 0);
    const Bytes C = sums.C(), D = sums.D();

    SecretScalars key(2), product(1);
    key[0] = weighted(sigma, sk.s);
    key[1] = weighted(sigma, sk.t);
    const SecretScalars nonce = nonces(digest, key, random);
    const Bytes points = commitments(C, D, key, nonce);
    ScoreProof proof{sk.public_key_id, ct.size(), static_cast<uint32_t>(sk.functions), {}, {}, {}};
    proof.e.value =
        challenge(digest, {point(points, 0), point(points, 1), C, D, point(points, 2), point(points, 3)});
    // u = a + e s,  v = b + e t
    product[0] = Scalar::mul(proof.e.value, key[0]);
    proof.u.value = Scalar::add(nonce[0], product[0]);
    product[0] = Scalar::mul(proof.e.value, key[1]);
    proof.v.value = Scalar::add(nonce[1], product[0]);
    return proof;
}

bool verify_scores_vartime(const MasterPublicKey& mpk, const IntMatrix& y, const CiphertextBatch& ct,
                           const int64_t* z, std::span<const uint8_t> about, const ScoreProof& proof) {
    require_one_key(mpk.id, ct, mpk.parameters.n());
    if (proof.public_key_id != mpk.id)
        fail(ErrorKind::key_mismatch, "proof of scores: it belongs to another public key");
    if (proof.rows != ct.size() || proof.functions != y.rows)
        fail(ErrorKind::key_mismatch, "proof of scores: it is of " + std::to_string(proof.rows) +
                                          " rows and " + std::to_string(proof.functions) +
                                          " functions, not of " + std::to_string(ct.size()) + " and " +
                                          std::to_string(y.rows));
    const std::vector<Interval> intervals = result_intervals(mpk.parameters, y);
    const Statement statement{mpk.id, about, y, intervals, ct, z};
    require_scores_inside(statement);
    const Digest digest = statement.digest();
    const std::vector<PublicScalar> sigma = weights(digest, Role::functions, y.rows);
    const std::vector<PublicScalar> rho = weights(digest, Role::rows, ct.size());

    const std::vector<PublicScalar> none(y.rows);  // the rows' C and D have no part in sum_i y_i E_i
    const group::CohortPlan plan(y.data, y.rows, y.columns, none, none);
    const RowSums sums(ct, rho, &plan, y.rows);
    const Bytes C = sums.C(), D = sums.D();
    const Bytes K = key_point(mpk, combined_function(y, sigma)), L = score_point(statement, sums, rho, sigma);
    // T1 = u G + v H - e K,  T2 = u C + v D - e L
    Bytes C_and_D = C;
    C_and_D.insert(C_and_D.end(), D.begin(), D.end());
    const Bytes T1 = commitment_again(MasterPublicKey::generator_bytes(), K, proof);
    const Bytes T2 = commitment_again(C_and_D, L, proof);
    const Scalar e = challenge(digest, {K, L, C, D, T1, T2});
    return Scalar::sub(e, proof.e.value).is_zero_mask() != 0;
}

}  // namespace pyfe::ipfe_ddh
