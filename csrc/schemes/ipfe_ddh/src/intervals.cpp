#include "intervals.hpp"

#include <algorithm>
#include <string>

#include "pyfe/base/error.hpp"
#include "pyfe/dlog/dlog.hpp"

namespace pyfe::ipfe_ddh {

void require_columns(const IntMatrix& m, size_t n, const char* name) {
    if (m.columns != n)
        fail(ErrorKind::parameter, std::string(name) + " has " + std::to_string(m.columns) +
                                       " columns; the parameters have n = " + std::to_string(n));
}

Interval result_interval(const Parameters& p, const int64_t* y, size_t row) {
    const auto refuse = [&] {
        fail(ErrorKind::out_of_range, "y: row " + std::to_string(row) +
                                          ": the result interval is wider than 2^44; smaller weights or "
                                          "columns of fewer bits narrow it");
    };
    const __int128 limit = schemes::kMaxEnd;
    __int128 lo = 0, hi = 0;
    for (size_t i = 0; i < p.n(); ++i) {
        const __int128 a = __int128{y[i]} * p.x.lo[i], b = __int128{y[i]} * p.x.hi[i];
        lo += std::min(a, b);
        hi += std::max(a, b);
        if (lo < -limit || hi > limit) refuse();
    }
    if (hi - lo > __int128{dlog::kMaxWidth}) refuse();
    return {static_cast<int64_t>(lo), static_cast<int64_t>(hi)};
}

void require_row(const Parameters& p, const int64_t* y, size_t row) {
    bool zero = true;
    for (size_t i = 0; i < p.n(); ++i) {
        const uint64_t m = schemes::magnitude(y[i]);
        if (m > p.y_bound)
            fail(ErrorKind::out_of_range, "y: row " + std::to_string(row) + ", coordinate " +
                                              std::to_string(i) + " = " + std::to_string(y[i]) +
                                              " exceeds y_bound = " + std::to_string(p.y_bound));
        zero = zero && m == 0;
    }
    if (zero) fail(ErrorKind::parameter, "y: row " + std::to_string(row) + " is zero");
}

std::vector<Interval> result_intervals(const Parameters& p, const IntMatrix& y) {
    require_columns(y, p.n(), "y");
    if (y.rows == 0) fail(ErrorKind::parameter, "y has no rows");
    std::vector<Interval> out;
    for (size_t f = 0; f < y.rows; ++f) {
        require_row(p, y.data + f * y.columns, f);
        out.push_back(result_interval(p, y.data + f * y.columns, f));
    }
    return out;
}

Interval scaled(const Interval& i, const RowWeight& w, size_t row) {
    const __int128 pos = w.pos, neg = w.neg;
    const __int128 lo = pos * i.lo - neg * i.hi, hi = pos * i.hi - neg * i.lo;
    const __int128 limit = schemes::kMaxEnd;
    if (w.pos >> 61 || w.neg >> 61 || lo < -limit || hi > limit || hi - lo > __int128{dlog::kMaxWidth})
        fail(ErrorKind::out_of_range, "ciphertext row " + std::to_string(row) +
                                          ": the combined result interval is wider than 2^44; combine fewer "
                                          "rows, or with smaller weights");
    return {static_cast<int64_t>(lo), static_cast<int64_t>(hi)};
}

}  // namespace pyfe::ipfe_ddh
