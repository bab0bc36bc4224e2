#include "pyfe/toy/scheme.hpp"

#include <algorithm>

#include "pyfe/base/error.hpp"

namespace pyfe::toy {
namespace {

Number inner_product(const Number* v, const int64_t* y, size_t n) {
    Number sum = 0;
    for (size_t i = 0; i < n; ++i) sum = add(sum, multiply(v[i], from_int64(y[i])));
    return sum;
}

Interval result_interval(const Parameters& p, const int64_t* y) {
    __int128 lo = 0, hi = 0;
    for (size_t i = 0; i < p.n(); ++i) {
        const __int128 a = __int128{y[i]} * p.x.lo[i], b = __int128{y[i]} * p.x.hi[i];
        lo += std::min(a, b);
        hi += std::max(a, b);
        if (lo < -schemes::kMaxEnd || hi > schemes::kMaxEnd || hi - lo > __int128{kWidest})
            fail(ErrorKind::out_of_range, "toy: the result interval is wider than 2^60");
    }
    return {static_cast<int64_t>(lo), static_cast<int64_t>(hi)};
}

}  // namespace

std::pair<MasterPublicKey, MasterSecretKey> setup(const Parameters& parameters, Random& random) {
    std::vector<Number> s;
    for (size_t i = 0; i < parameters.n(); ++i) s.push_back(draw(random));
    MasterPublicKey mpk(parameters, std::move(s));
    return {mpk, MasterSecretKey{mpk}};
}

CiphertextBatch encrypt(const MasterPublicKey& mpk, const IntMatrix& x, Random& random) {
    if (x.columns != mpk.s.size()) fail(ErrorKind::parameter, "toy: x has another number of columns");
    mpk.parameters.x.require_inside(x, "x");
    constexpr size_t rows = CiphertextBatch::kBlockRows;
    CiphertextBatch ct{mpk.id, x.columns, {}, {}};
    for (size_t row = 0; row < x.rows; ++row) {
        if (row % rows == 0) ct.blocks.push_back({draw(random), std::vector<Number>(rows * ct.n)});
        CiphertextBatch::Block& block = ct.blocks.back();
        // E_ji = x_ji + r s_i
        for (size_t i = 0; i < ct.n; ++i)
            block.e[row % rows * ct.n + i] =
                add(from_int64(x.data[row * ct.n + i]), multiply(block.r, mpk.s[i]));
        ct.places.push_back({static_cast<uint32_t>(row / rows), static_cast<uint8_t>(row % rows)});
    }
    return ct;
}

FunctionKey keygen(const MasterSecretKey& msk, const IntMatrix& y) {
    const Parameters& p = msk.mpk.parameters;
    if (y.columns != p.n() || y.rows == 0) fail(ErrorKind::parameter, "toy: y has another shape");
    FunctionKey sk{msk.mpk.id, y.rows, y.columns, {y.data, y.data + y.rows * y.columns}, {}, {}, {}};
    for (size_t f = 0; f < sk.count; ++f) {
        const int64_t* row = y.data + f * sk.n;
        for (size_t i = 0; i < sk.n; ++i)
            if (schemes::magnitude(row[i]) > p.y_bound)
                fail(ErrorKind::out_of_range, "toy: y exceeds y_bound");
        sk.intervals.push_back(result_interval(p, row));
        sk.s_y.push_back(inner_product(msk.mpk.s.data(), row, sk.n));
    }
    return sk;
}

void decrypt(const FunctionKey& sk, const CiphertextBatch& ct, int64_t* z) {
    if (sk.public_key_id != ct.public_key_id || sk.n != ct.n)
        fail(ErrorKind::key_mismatch, "the function key and the ciphertexts are under different public keys");
    for (size_t row = 0; row < ct.size(); ++row)
        for (size_t f = 0; f < sk.count; ++f) {
            // sum_i y_i E_i - r s_y, which lies near 0 or near p
            const Number u =
                subtract(inner_product(ct.e(row), &sk.y[f * sk.n], sk.n), multiply(ct.r(row), sk.s_y[f]));
            const __int128 value =
                u > kPrime / 2 ? -static_cast<__int128>(kPrime - u) : static_cast<__int128>(u);
            if (value < sk.intervals[f].lo || value > sk.intervals[f].hi)
                fail(ErrorKind::out_of_range, "row " + std::to_string(row) + ", function " +
                                                  std::to_string(f) +
                                                  ": the result is not in the key's interval");
            z[row * sk.count + f] = static_cast<int64_t>(value);
        }
}

bool verify_key(const MasterPublicKey& mpk, const FunctionKey& sk) {
    if (sk.public_key_id != mpk.id || sk.n != mpk.s.size()) return false;
    const FunctionKey again = keygen({mpk}, {sk.y.data(), sk.count, sk.n});
    const auto same = [](const Interval& a, const Interval& b) { return a.lo == b.lo && a.hi == b.hi; };
    return again.s_y == sk.s_y && std::ranges::equal(again.intervals, sk.intervals, same);
}

}  // namespace pyfe::toy
