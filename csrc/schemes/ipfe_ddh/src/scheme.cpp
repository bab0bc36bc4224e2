// ALS16: Agrawal, Libert, Stehle, Fully secure functional encryption for inner products, from standard
// assumptions, CRYPTO 2016 (eprint 2015/608), the DDH scheme. Adaptive IND-CPA, any number of keys. Notation
// of the paper's section 3, written additively:
//   mpk = (G, H, h_1 .. h_n),  h_i = s_i G + t_i H,  msk = (s, t)
#include "pyfe/ipfe_ddh/scheme.hpp"

#include <algorithm>
#include <map>

#include "intervals.hpp"
#include "pyfe/base/ctcheck.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/dlog/dlog.hpp"
#include "pyfe/group/ristretto255/fixed_base.hpp"
#include "pyfe/group/ristretto255/msm.hpp"

namespace pyfe::ipfe_ddh {
namespace {

// Uniform in Z_l \ {0}: 64 bytes modulo l, off uniform by less than 2^-259
SecretScalars nonzero_scalars(size_t count, Random& random) {
    SecretScalars r(count);
    SecretVector<uint8_t> bytes(64);
    for (Scalar& scalar : r) {
        checkpoint();
        uint64_t zero;
        do {
            random.fill(bytes.data(), bytes.size());
            scalar = Scalar::from_wide_bytes(bytes.data());
            zero = scalar.is_zero_mask();
            declassify(&zero, sizeof zero);  // true with probability 2^-252, and then drawn again
        } while (zero != 0);
    }
    return r;
}

// <v, y> mod l, v secret
Scalar inner_product(const SecretScalars& v, const int64_t* y) {
    SecretScalars sum(2);
    for (size_t i = 0; i < v.size(); ++i) {
        if (i % 64 == 0) checkpoint();
        sum[1] = Scalar::mul(v[i], Scalar::from_int64(y[i]));
        sum[0] = Scalar::add(sum[0], sum[1]);
    }
    return sum[0];
}

uint64_t width(const Interval& i) { return static_cast<uint64_t>(i.hi - i.lo); }

// Rows that are searched together
struct Search {
    Interval range;            // holds the results of all of them
    std::vector<size_t> rows;  // empty: all rows
};

// One search for all rows, unless that makes it more than kWider times as wide as the widest of them (weights
// of both signs, say, where no result is near zero): then one for the rows of each weight.
std::vector<Search> searches(const CiphertextBatch& ct, const Interval& one) {
    constexpr uint64_t kWider = 4;
    if (!ct.combined()) return {{one, {}}};
    std::map<std::pair<uint64_t, uint64_t>, std::vector<size_t>> by_weight;
    for (size_t j = 0; j < ct.size(); ++j) by_weight[{ct.weight(j).pos, ct.weight(j).neg}].push_back(j);
    std::vector<Search> each;
    Interval all{INT64_MAX, INT64_MIN};
    uint64_t widest = 1;
    for (auto& [weight, rows] : by_weight) {
        const Interval range = scaled(one, {weight.first, weight.second}, rows[0]);
        all = {std::min(all.lo, range.lo), std::max(all.hi, range.hi)};
        widest = std::max(widest, width(range));
        each.push_back({range, std::move(rows)});
    }
    if (width(all) <= std::min(kWider * widest, dlog::kMaxWidth)) return {{all, {}}};
    return each;
}

// The points of some rows, eight to a block; spare lanes repeat the last one
std::vector<group::PointBlock> gathered(const group::PointBlock* points, const std::vector<size_t>& rows) {
    std::vector<group::PointBlock> out((rows.size() + 7) / 8);
    for (size_t at = 0; at < 8 * out.size(); ++at) {
        const size_t row = rows[std::min(at, rows.size() - 1)];
        const group::PointBlock& from = points[row / 8];
        group::PointBlock& to = out[at / 8];
        for (size_t limb = 0; limb < 5; ++limb) {
            to.x[limb][at % 8] = from.x[limb][row % 8];
            to.y[limb][at % 8] = from.y[limb][row % 8];
            to.z[limb][at % 8] = from.z[limb][row % 8];
            to.t[limb][at % 8] = from.t[limb][row % 8];
        }
    }
    return out;
}

[[noreturn]] void refuse_result(size_t row, size_t f, const Interval& i) {
    fail(ErrorKind::out_of_range, "row " + std::to_string(row) + ", function " + std::to_string(f) +
                                      ": no result in [" + std::to_string(i.lo) + ", " +
                                      std::to_string(i.hi) +
                                      "]: the ciphertext is not one of this public key's, or was changed");
}

void logs_of_function(const FunctionKey& sk, const CiphertextBatch& ct, size_t f,
                      const group::PointBlock* points, int64_t* z) {
    for (const Search& search : searches(ct, sk.intervals[f])) {
        const std::vector<size_t>& rows = search.rows;
        const size_t count = rows.empty() ? ct.size() : rows.size();
        std::vector<int64_t> logs(count);
        std::vector<uint8_t> found(count);
        const std::vector<group::PointBlock> some =
            rows.empty() ? std::vector<group::PointBlock>{} : gathered(points, rows);
        dlog::solve_vartime(rows.empty() ? points : some.data(), count, {search.range.lo, search.range.hi},
                            logs.data(), found.data());
        for (size_t at = 0; at < count; ++at) {
            const size_t j = rows.empty() ? at : rows[at];
            const Interval row = scaled(sk.intervals[f], ct.weight(j), j);
            if (!found[at] || logs[at] < row.lo || logs[at] > row.hi) refuse_result(j, f, row);
            z[j * sk.functions + f] = logs[at];
        }
    }
}

}  // namespace

std::pair<MasterPublicKey, MasterSecretKey> setup(const Parameters& parameters, Random& random) {
    const size_t n = parameters.n();
    SecretScalars s = nonzero_scalars(n, random);
    SecretScalars t = nonzero_scalars(n, random);
    // h_i = s_i G + t_i H
    Bytes h(kPointSize * n);
    group::mul_double_fixed(MasterPublicKey::generators(), {s.data(), n}, {t.data(), n}, h.data());
    declassify(h.data(), h.size());  // the public key
    MasterPublicKey mpk(parameters, std::move(h));
    const Id id = mpk.id;
    return {std::move(mpk), MasterSecretKey(parameters, id, std::move(s), std::move(t))};
}

CiphertextBatch encrypt(const MasterPublicKey& mpk, const IntMatrix& x, Random& random) {
    require_columns(x, mpk.parameters.n(), "x");
    mpk.parameters.x.require_inside(x, "x");                  // names the row and the coordinate
    const SecretScalars r = nonzero_scalars(x.rows, random);  // fresh for every patient, never cached
    const RowLayout layout{x.columns};
    auto [rows, out] = SharedBytes::to_write(x.rows * layout.row_size());
    // C = r G,  D = r H,  E_i = r h_i + x_i G
    mpk.bases->multiply({r.data(), r.size()}, {x.data, x.columns, mpk.parameters.x.largest_magnitude()}, out,
                        layout.row_size());
    return {mpk.id, x.columns, std::move(rows)};
}

FunctionKey keygen(const MasterSecretKey& msk, const IntMatrix& y) {
    FunctionKey sk;
    sk.intervals = result_intervals(msk.parameters, y);
    sk.public_key_id = msk.public_key_id;
    sk.functions = y.rows;
    sk.n = y.columns;
    sk.y.assign(y.data, y.data + y.rows * y.columns);
    for (size_t f = 0; f < sk.functions; ++f) {
        const int64_t* row = y.data + f * sk.n;
        // sk_y = (<s, y>, <t, y>)
        sk.s.push_back({inner_product(msk.s, row)});
        sk.t.push_back({inner_product(msk.t, row)});
    }
    // The function key: it leaves the authority
    for (const auto* part : {&sk.s, &sk.t}) declassify(part->data(), sk.functions * sizeof(PublicScalar));
    return sk;
}

void decrypt_vartime(const FunctionKey& sk, const CiphertextBatch& ct, int64_t* z) {
    if (sk.public_key_id != ct.public_key_id())
        fail(ErrorKind::key_mismatch, "the function key and the ciphertexts are under different public keys");
    if (sk.n != ct.n()) fail(ErrorKind::key_mismatch, "the function key and the ciphertexts differ in n");
    for (size_t f = 0; f < sk.functions; ++f)
        searches(ct, sk.intervals[f]);  // refuses too wide ones before any work
    // sum_i y_i E_i - s_y C - t_y D = <x, y> G, a patient a lane
    const group::CohortPlan plan(sk.y.data(), sk.functions, sk.n, sk.s, sk.t);
    const size_t blocks = (ct.size() + 7) / 8;
    std::vector<group::PointBlock> points(sk.functions * blocks);
    parallel_for(blocks, [&](size_t b) {
        RowLayout::Tile scratch;
        std::vector<group::PointBlock> result(sk.functions);
        plan.run(ct.block(b, scratch), result.data());
        for (size_t f = 0; f < sk.functions; ++f) points[f * blocks + b] = result[f];
    });
    for (size_t f = 0; f < sk.functions && blocks > 0; ++f)
        logs_of_function(sk, ct, f, &points[f * blocks], z);
}

bool verify_key_vartime(const MasterPublicKey& mpk, const FunctionKey& sk) {
    if (sk.public_key_id != mpk.id || sk.n != mpk.parameters.n()) return false;
    const Bytes identity(32, 0);
    for (size_t f = 0; f < sk.functions; ++f) {
        checkpoint();
        const Interval exact = result_interval(mpk.parameters, &sk.y[f * sk.n], f);
        if (exact.lo != sk.intervals[f].lo || exact.hi != sk.intervals[f].hi) return false;
        std::vector<PublicScalar> k = {sk.s[f], sk.t[f]};
        for (size_t i = 0; i < sk.n; ++i)
            k.push_back({Scalar::sub(Scalar{}, Scalar::from_int64(sk.y[f * sk.n + i]))});
        if (group::msm_vartime(mpk.bases->points(), k) != identity) return false;
    }
    return true;
}

}  // namespace pyfe::ipfe_ddh
