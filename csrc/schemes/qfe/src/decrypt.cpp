// Decryption of quadratic ciphertexts, eight rows in the lanes:
//   sum_ij F_ij e(c_i, d_j) - e(K, [gamma]_2) - e([gamma]_1, K') = [x^T F y]_T
// since <c_i, d_j> = gamma <alpha_i, beta_j> + x_i y_j. Never n m pairings: a form is a sum of bilinear terms
// <u, c> <v, d>, one a column (or a row, where that is cheaper), or one a unit of a factored form; u and v
// are summed in the groups. A unit that several forms share is paired once and kept in GT, masked as it is by
// gamma.
#include <algorithm>
#include <deque>

#include "lone_row.hpp"
#include "plan.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/dlog/dlog.hpp"
#include "pyfe/group/bls12_381/msm.hpp"
#include "pyfe/qfe/scheme.hpp"
#include "tables.hpp"

namespace pyfe::qfe {
namespace {

using group::bls12_381::Points;
using pairing::Factor, pairing::GtElements;

constexpr size_t kLanes = 8;
constexpr size_t kRowsAtOnce = 512;  // bounds the memory of the values, 576 bytes each
constexpr size_t kMostLines = 64;    // forms whose K' keep their lines, 30 KB each
constexpr size_t kFewRows = 4;       // that are quicker one by one than in lanes of their own

// Coordinates first .. first + count - 1 of up to eight rows, `per` points each: coordinate i of all rows in
// the lanes, at 8 i; spare lanes repeat the last row
template <int Parts>
Points<Parts> by_coordinate(const Points<Parts>& p, size_t per, size_t first, size_t count) {
    Points<Parts> out;
    for (size_t i = 0; i < count; ++i)
        out.blocks.push_back(p.slice(first + i, static_cast<ptrdiff_t>(per), p.size / per).blocks[0]);
    out.size = kLanes * count;
    return out;
}

// Up to eight rows: c_l and d_l, coordinate by coordinate
struct Block {
    G1Points minus_gamma1;
    G2Points gamma2;
    std::vector<G1Points> c;
    std::vector<G2Points> d;

    Block(const RowPoints& rows, const RowLayout& layout)
        : minus_gamma1(negate(by_coordinate(rows.gamma1, 1, 0, 1))),
          gamma2(by_coordinate(rows.gamma2, 1, 0, 1)) {
        for (size_t l = 0; l <= layout.k; ++l) {
            c.push_back(by_coordinate(rows.c, layout.cs(), l * layout.n, layout.n));
            d.push_back(by_coordinate(rows.d, layout.ds(), l * layout.m, layout.m));
        }
    }
};

template <int Parts>
Points<Parts> combine(const Points<Parts>& points, const Sparse& terms) {
    Points<Parts> chosen;
    std::vector<int64_t> weights;
    for (const auto& [i, weight] : terms) {
        chosen.blocks.push_back(points.blocks[i]);
        weights.push_back(weight);
    }
    chosen.size = kLanes * terms.size();
    if (terms.size() == 1 && weights[0] == 1) return chosen;
    return group::bls12_381::msm_cohort_vartime(chosen, weights, kLanes);
}

// A product of pairings under way; it keeps the points
class Product {
  public:
    void add(G1Points p, G2Points q) {
        p_.push_back(std::move(p));
        q_.push_back(std::move(q));
        factors_.push_back({&p_.back(), &q_.back(), nullptr});
    }
    void add(const G1Points& p, const pairing::PreparedPoint& q) { factors_.push_back({&p, nullptr, &q}); }
    void add(const Block& block, const Term& term) {
        for (size_t l = 0; l < block.c.size(); ++l)
            add(combine(block.c[l], term.u), combine(block.d[l], term.v));
    }
    GtElements miller_and_easy_part() const { return pairing::miller_and_easy_part(factors_); }

  private:
    std::deque<G1Points> p_;
    std::deque<G2Points> q_;
    std::vector<Factor> factors_;
};

// T_h = e(<u_h, c>, <v_h, d>), and for each form the product of its powers of them
std::vector<GtElements> shared_units(const Plan& plan, const Block& block) {
    std::vector<GtElements> units;
    std::vector<const GtElements*> bases;
    for (const Term& term : plan.shared) {
        checkpoint();
        Product product;
        product.add(block, term);
        units.push_back(product.miller_and_easy_part());
    }
    for (const GtElements& unit : units) bases.push_back(&unit);
    return bases.empty() ? std::vector<GtElements>{}
                         : pairing::multi_exponentiate_vartime(bases, plan.powers);
}

// [x^T F_f y]_T for eight rows and every f
std::vector<GtElements> values_of(const Plan& plan, const FunctionKey& sk, const pairing::Prepared* lines,
                                  const Block& block) {
    const std::vector<GtElements> shared = shared_units(plan, block);
    const G1Points minus_K = negate(sk.K);
    std::vector<GtElements> out;
    for (size_t f = 0; f < sk.forms.count(); ++f) {
        Product product;
        for (const Term& term : plan.own[f]) {
            checkpoint();
            product.add(block, term);
        }
        product.add(minus_K.slice(f, 0, kLanes), block.gamma2);
        if (lines != nullptr)
            product.add(block.minus_gamma1, lines->at(f));
        else
            product.add(G1Points(block.minus_gamma1), sk.K2.slice(f, 0, kLanes));
        GtElements value = product.miller_and_easy_part();
        if (!shared.empty()) value = mul(value, shared[f]);
        finish(value);
        out.push_back(std::move(value));
    }
    return out;
}

// The rows begin at row `first` of the batch.
void logs_of_form(const FunctionKey& sk, size_t f, const GtElements& values, size_t first, int64_t* z) {
    const Interval range = sk.intervals[f];
    std::vector<int64_t> logs(values.size);
    std::vector<uint8_t> found(values.size);
    dlog::solve_vartime(values, range, logs.data(), found.data());
    for (size_t r = 0; r < values.size; ++r) {
        if (found[r] == 0)
            fail(ErrorKind::out_of_range,
                 "row " + std::to_string(first + r) + ", function " + std::to_string(f) + ": no result in [" +
                     std::to_string(range.lo) + ", " + std::to_string(range.hi) +
                     "]: the ciphertext is not one of this public key's, or was changed");
        z[r * sk.forms.count() + f] = logs[r];
    }
}

void require_match(const FunctionKey& sk, const CiphertextBatch& ct) {
    const RowLayout& rows = ct.layout();
    if (sk.public_key_id != ct.public_key_id || sk.k != rows.k)
        fail(ErrorKind::key_mismatch, "the function key and the ciphertexts are under different public keys");
    if (sk.forms.n() != rows.n || sk.forms.m() != rows.m)
        fail(ErrorKind::key_mismatch, "the function key is for rows of " + std::to_string(sk.forms.n()) +
                                          " x " + std::to_string(sk.forms.m()) +
                                          " coordinates, the ciphertexts have " + std::to_string(rows.n) +
                                          " x " + std::to_string(rows.m));
}

// z: [count][C], of the rows from `first` on
void decrypt_rows(const Plan& plan, const FunctionKey& sk, const pairing::Prepared* lines,
                  const CiphertextBatch& ct, size_t first, size_t count, int64_t* z) {
    const size_t rest = count % kLanes, alone = rest <= kFewRows ? rest : 0, together = count - alone;
    ct.prepare(first, count);
    std::vector<GtElements> values(sk.forms.count(), GtElements(together));
    parallel_for(values[0].blocks.size(), [&](size_t b) {
        const RowPoints rows = ct.points(first + kLanes * b, std::min(kLanes, together - kLanes * b));
        const auto block = values_of(plan, sk, lines, Block(rows, ct.layout()));
        for (size_t f = 0; f < values.size(); ++f) values[f].blocks[b] = block[f].blocks[0];
    });
    for (size_t r = together; r < count; ++r) {
        const GtElements row = lone_row(plan, sk, ct.points(first + r, 1));
        for (size_t f = 0; f < values.size(); ++f) {
            const GtElements one = row.slice(f, 1, 1);
            const GtElements* both[2] = {&values[f], &one};
            values[f] = GtElements::concat(both);
        }
    }
    for (size_t f = 0; f < values.size(); ++f) logs_of_form(sk, f, values[f], first, z);
}

}  // namespace

void decrypt_vartime(const FunctionKey& sk, const CiphertextBatch& ct, int64_t* z) {
    require_match(sk, ct);
    const Plan plan = plan_of(sk.forms);
    const pairing::Prepared* lines = nullptr;
    if (sk.forms.count() <= kMostLines)
        lines = &sk.lines->get(&group::bls12_381::kernels(), [&] { return pairing::Prepared(sk.K2); });
    for (size_t first = 0; first < ct.size(); first += kRowsAtOnce) {
        const size_t count = std::min(kRowsAtOnce, ct.size() - first);
        decrypt_rows(plan, sk, lines, ct, first, count, z + first * sk.forms.count());
    }
}

}  // namespace pyfe::qfe
