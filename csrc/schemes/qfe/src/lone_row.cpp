#include "lone_row.hpp"

#include "pyfe/group/bls12_381/msm.hpp"

namespace pyfe::qfe {
namespace {

using group::bls12_381::Points;
using pairing::Factor, pairing::GtElements;

bool is_one_coordinate(const Sparse& terms) { return terms.size() == 1 && terms[0].second == 1; }

// sum_i u_i p_i for every u; a coordinate by itself is taken as it is
template <int Parts>
Points<Parts> sums(const Points<Parts>& p, const std::vector<const Sparse*>& all) {
    std::vector<int64_t> weights;
    for (const Sparse* u : all) {
        if (is_one_coordinate(*u)) continue;
        weights.resize(weights.size() + p.size);
        for (const auto& [i, weight] : *u) weights[weights.size() - p.size + i] = weight;
    }
    const Points<Parts> summed = msm_vartime(p, weights, weights.size() / p.size);
    std::vector<Points<Parts>> each;
    std::vector<const Points<Parts>*> parts;
    size_t next = 0;
    for (const Sparse* u : all)
        each.push_back(is_one_coordinate(*u) ? p.slice((*u)[0].first, 1, 1) : summed.slice(next++, 1, 1));
    for (const Points<Parts>& point : each) parts.push_back(&point);
    return Points<Parts>::concat(parts);
}

// The coordinates of c and d of the row, and its [gamma]
struct Row {
    std::vector<G1Points> c;
    std::vector<G2Points> d;
    G1Points minus_gamma1;
    G2Points gamma2;

    Row(const RowPoints& row, const FunctionKey& sk) : minus_gamma1(negate(row.gamma1)), gamma2(row.gamma2) {
        for (size_t l = 0; l <= sk.k; ++l) {
            c.push_back(row.c.slice(l * sk.forms.n(), 1, sk.forms.n()));
            d.push_back(row.d.slice(l * sk.forms.m(), 1, sk.forms.m()));
        }
    }
    // <u, c_l> and <v, d_l> of all terms, for each l
    std::pair<std::vector<G1Points>, std::vector<G2Points>> of(const std::vector<Term>& terms) const {
        std::vector<const Sparse*> left, right;
        for (const Term& term : terms) {
            left.push_back(&term.u);
            right.push_back(&term.v);
        }
        std::pair<std::vector<G1Points>, std::vector<G2Points>> out;
        for (size_t l = 0; l < c.size(); ++l) {
            out.first.push_back(sums(c[l], left));
            out.second.push_back(sums(d[l], right));
        }
        return out;
    }
};

template <class T>
std::vector<const T*> pointers(const std::vector<T>& items) {
    std::vector<const T*> out;
    for (const T& item : items) out.push_back(&item);
    return out;
}

// The product of the terms that form f has for itself
GtElements own(const Row& row, const std::vector<Term>& terms) {
    if (terms.empty()) return GtElements::one(1);
    const auto [p, q] = row.of(terms);
    return pairing::pairing_product(G1Points::concat(pointers(p)), G2Points::concat(pointers(q)));
}

// For every form the product of its powers of the shared units, a unit a lane while they are made
GtElements shared(const Plan& plan, const Row& row, size_t forms) {
    if (plan.shared.empty()) return GtElements::one(forms);
    const auto [p, q] = row.of(plan.shared);
    std::vector<Factor> factors;
    for (size_t l = 0; l < p.size(); ++l) factors.push_back({&p[l], &q[l], nullptr});
    const GtElements units = pairing::miller_and_easy_part(factors);
    std::vector<GtElements> each;
    for (size_t h = 0; h < units.size; ++h) each.push_back(units.slice(h, 1, 1));
    GtElements out =
        GtElements::concat(pointers(pairing::multi_exponentiate_vartime(pointers(each), plan.powers)));
    finish(out);
    return out;
}

// - e(K_f, [gamma]_2) - e([gamma]_1, K'_f), a form a lane
GtElements of_keys(const FunctionKey& sk, const Row& row) {
    const G1Points minus_K = negate(sk.K), gamma1 = row.minus_gamma1.slice(0, 0, sk.K.size);
    const G2Points gamma2 = row.gamma2.slice(0, 0, sk.K.size);
    const Factor factors[2] = {{&minus_K, &gamma2, nullptr}, {&gamma1, &sk.K2, nullptr}};
    return pairing::multi_pair(factors);
}

}  // namespace

GtElements lone_row(const Plan& plan, const FunctionKey& sk, const RowPoints& points) {
    const Row row(points, sk);
    std::vector<GtElements> terms;
    for (const std::vector<Term>& each : plan.own) terms.push_back(own(row, each));
    return mul(mul(GtElements::concat(pointers(terms)), shared(plan, row, terms.size())), of_keys(sk, row));
}

}  // namespace pyfe::qfe
