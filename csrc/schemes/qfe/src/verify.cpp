// The public check of a function key: it opens the form that it states, on the interval that the form has.
#include <algorithm>

#include "pyfe/base/error.hpp"
#include "pyfe/group/bls12_381/msm.hpp"
#include "pyfe/qfe/scheme.hpp"

namespace pyfe::qfe {
namespace {

// Column by column: sum_i F_ij alpha_il beside beta_jl
std::pair<G1Points, G2Points> by_columns(const MasterPublicKey& mpk, const Entries& matrix) {
    const size_t k = mpk.parameters.k, n = mpk.parameters.n();
    std::vector<uint32_t> columns;
    std::vector<int64_t> rows;  // [column][i]
    for (const Entry& e : matrix) {
        if (columns.empty() || columns.back() != e.j) {
            columns.push_back(e.j);
            rows.resize(rows.size() + n);
        }
        rows[(columns.size() - 1) * n + e.i] = e.v;
    }
    std::vector<G1Points> sums;
    std::vector<G2Points> others;
    for (size_t l = 0; l < k; ++l) {
        sums.push_back(msm_vartime(mpk.alpha.slice(l, ptrdiff_t(k), n), rows, columns.size()));
        for (const uint32_t j : columns) others.push_back(mpk.beta.slice(j * k + l, 1, 1));
    }
    std::vector<const G1Points*> p;
    std::vector<const G2Points*> q;
    for (const G1Points& s : sums) p.push_back(&s);
    for (const G2Points& s : others) q.push_back(&s);
    return {G1Points::concat(p), G2Points::concat(q)};
}

// e(K_f, g2) e(g1, K'_f) for every f
pairing::GtElements of_keys(const FunctionKey& sk) {
    const pairing::Prepared g2(G2Points::generator(1));
    const G1Points g1 = G1Points::generator(sk.K.size);
    const pairing::Factor factors[2] = {{&sk.K, nullptr, &g2.at(0)}, {&g1, &sk.K2, nullptr}};
    return pairing::multi_pair(factors);
}

// [T_f]_T for every f from the public key alone
std::vector<pairing::GtElements> from_units(const MasterPublicKey& mpk, const Forms& f) {
    const size_t k = mpk.parameters.k;
    std::vector<int64_t> u, v, q;
    for (size_t h = 0; h < f.units(); ++h) {
        u.insert(u.end(), f.u(h).begin(), f.u(h).end());
        v.insert(v.end(), f.v(h).begin(), f.v(h).end());
    }
    for (size_t form = 0; form < f.count(); ++form) q.insert(q.end(), f.q(form).begin(), f.q(form).end());
    std::vector<G1Points> a;
    std::vector<G2Points> b;
    for (size_t l = 0; l < k; ++l) {
        a.push_back(msm_vartime(mpk.alpha.slice(l, ptrdiff_t(k), f.n()), u, f.units()));
        b.push_back(msm_vartime(mpk.beta.slice(l, ptrdiff_t(k), f.m()), v, f.units()));
    }
    std::vector<pairing::Factor> factors;
    for (size_t l = 0; l < k; ++l) factors.push_back({&a[l], &b[l], nullptr});
    const pairing::GtElements units = pairing::multi_pair(factors);
    std::vector<pairing::GtElements> each;
    std::vector<const pairing::GtElements*> bases;
    for (size_t h = 0; h < f.units(); ++h) each.push_back(units.slice(h, 1, 1));
    for (const auto& unit : each) bases.push_back(&unit);
    return pairing::multi_exponentiate_vartime(bases, q);
}

std::vector<pairing::GtElements> from_public(const MasterPublicKey& mpk, const Forms& f) {
    if (f.is_factored()) return from_units(mpk, f);
    std::vector<pairing::GtElements> out;
    for (size_t form = 0; form < f.count(); ++form) {
        const auto [p, q] = by_columns(mpk, f.matrix(form));
        out.push_back(pairing::pairing_product(p, q));
    }
    return out;
}

// A form that keygen refuses, zero or too wide, has no interval that fits.
bool intervals_fit(const MasterPublicKey& mpk, const FunctionKey& sk) {
    try {
        for (size_t f = 0; f < sk.forms.count(); ++f) {
            const Interval exact = sk.forms.interval(f, mpk.parameters);
            if (exact.lo != sk.intervals[f].lo || exact.hi != sk.intervals[f].hi) return false;
        }
    } catch (const Error& e) {
        if (e.kind() == ErrorKind::parameter || e.kind() == ErrorKind::out_of_range) return false;
        throw;
    }
    return true;
}

}  // namespace

bool verify_key_vartime(const MasterPublicKey& mpk, const FunctionKey& sk) {
    const Parameters& p = mpk.parameters;
    if (sk.public_key_id != mpk.id || sk.k != p.k || sk.forms.n() != p.n() || sk.forms.m() != p.m())
        return false;
    if (!intervals_fit(mpk, sk)) return false;
    const pairing::GtElements keys = of_keys(sk);
    const std::vector<pairing::GtElements> wanted = from_public(mpk, sk.forms);
    for (size_t f = 0; f < wanted.size(); ++f)
        if (pairing::equal(keys.slice(f, 1, 1), wanted[f])[0] == 0) return false;
    return true;
}

}  // namespace pyfe::qfe
