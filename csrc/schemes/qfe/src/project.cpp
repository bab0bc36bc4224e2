// Linear maps of ciphertexts, which need no key: c -> P c, d -> Q d encrypt P x and Q y under the same gamma.
#include <algorithm>

#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/group/bls12_381/msm.hpp"
#include "pyfe/qfe/scheme.hpp"

namespace pyfe::qfe {
namespace {

using group::bls12_381::Points;

void require_map(const IntMatrix& p, size_t n, const char* name) {
    if (p.rows == 0 || p.columns != n)
        fail(ErrorKind::parameter, std::string(name) + " has " + std::to_string(p.rows) + " rows of " +
                                       std::to_string(p.columns) + "; it must have rows of " +
                                       std::to_string(n));
}

// Each run of p.columns points, one a row of the batch and an l, becomes a run of p.rows.
template <int Parts>
Points<Parts> mapped(const Points<Parts>& points, const IntMatrix& p) {
    const size_t runs = points.size / p.columns;
    std::vector<Points<Parts>> parts(runs);
    parallel_for(runs, [&](size_t run) {
        parts[run] = msm_vartime(points.slice(run * p.columns, 1, p.columns),
                                 std::span(p.data, p.rows * p.columns), p.rows);
    });
    std::vector<const Points<Parts>*> all;
    for (const Points<Parts>& part : parts) all.push_back(&part);
    return Points<Parts>::concat(all);
}

// P^T F Q, as a factored form or a matrix
Forms pulled_back(const Forms& f, const IntMatrix& p, const IntMatrix& q) {
    std::vector<Entries> forms;
    for (size_t form = 0; form < f.count(); ++form) {
        const Entries inner = f.matrix(form);
        std::vector<int64_t> u, v, weights;
        for (const Entry& e : inner) {
            u.insert(u.end(), p.data + e.i * p.columns, p.data + (e.i + 1) * p.columns);
            v.insert(v.end(), q.data + e.j * q.columns, q.data + (e.j + 1) * q.columns);
            weights.push_back(e.v);
        }
        forms.push_back(inner.empty() ? Entries{}
                                      : Forms::factored(p.columns, q.columns, u, v, weights).matrix(0));
    }
    return Forms::matrices(p.columns, q.columns, std::move(forms));
}

}  // namespace

CiphertextBatch project_vartime(const CiphertextBatch& ct, const IntMatrix& p, const IntMatrix* q) {
    const IntMatrix& right = q == nullptr ? p : *q;
    require_map(p, ct.layout().n, "P");
    require_map(right, ct.layout().m, "Q");
    const RowLayout layout{ct.layout().k, p.rows, right.rows};
    return CiphertextBatch::made(ct.public_key_id, layout, ct.size(), [&](size_t first, size_t count) {
        ct.prepare(first, count);
        RowPoints rows = ct.points(first, count);
        rows.c = mapped(rows.c, p);
        rows.d = mapped(rows.d, right);
        return rows;
    });
}

FunctionKey project_key(const FunctionKey& sk, const IntMatrix& p, const IntMatrix* q, Forms f) {
    const IntMatrix& right = q == nullptr ? p : *q;
    require_map(p, sk.forms.n(), "P");
    require_map(right, sk.forms.m(), "Q");
    if (f.n() != p.rows || f.m() != right.rows || f.count() != sk.forms.count())
        fail(ErrorKind::parameter, "F: the forms on projected rows do not have the shape of P and Q");
    const Forms whole = pulled_back(f, p, right);
    for (size_t form = 0; form < f.count(); ++form)
        if (whole.matrix(form) != sk.forms.matrix(form))
            fail(ErrorKind::parameter,
                 "F: form " + std::to_string(form) +
                     " is not the key's: P^T F Q must equal the form it was issued for");
    return {sk.public_key_id, sk.k, std::move(f), sk.intervals, sk.K, sk.K2};
}

}  // namespace pyfe::qfe
