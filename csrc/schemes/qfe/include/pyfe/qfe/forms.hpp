// Bilinear forms F_1 .. F_C with integer entries, z = x^T F y, as matrices or as products of thin ones.
#pragma once
#include "pyfe/qfe/parameters.hpp"

namespace pyfe::qfe {

struct Entry {
    uint32_t i, j;
    int64_t v;
    bool operator==(const Entry&) const = default;
};
using Entries = std::vector<Entry>;  // by (j, i), no zeros, no place twice

class Forms {
  public:
    // Error(parameter) for an entry outside n x m, a zero, a place out of order or no form at all;
    // Error(out_of_range) for an entry, here or of a factor, beyond 2^62
    static Forms matrices(size_t n, size_t m, std::vector<Entries> forms);
    // F_f = sum_h q_fh u_h v_h^T;  u: [units][n], v: [units][m] (empty: u), q: [C][units]
    static Forms factored(size_t n, size_t m, std::vector<int64_t> u, std::vector<int64_t> v,
                          std::vector<int64_t> q);

    size_t n() const { return n_; }
    size_t m() const { return m_; }
    size_t count() const { return count_; }
    bool is_factored() const { return units_ > 0; }
    size_t units() const { return units_; }
    std::span<const int64_t> u(size_t h) const { return {u_.data() + h * n_, n_}; }
    std::span<const int64_t> v(size_t h) const { return {(same_ ? u_ : v_).data() + h * m_, m_}; }
    std::span<const int64_t> q(size_t f) const { return {q_.data() + f * units_, units_}; }
    bool same() const { return same_; }  // u_h = v_h for all h

    // F_f multiplied out. Error(out_of_range) for an entry beyond 2^62
    Entries matrix(size_t f) const;
    // Error(out_of_range) naming form and place when an entry, or one of a factor, exceeds the bound
    void require_bound(uint64_t bound) const;
    // What form f can give over the boxes: sums over monomials, and over units where there are some, each
    // with the exact range of every term. Error(parameter) for a form that is zero, Error(out_of_range) when
    // it is wider than 2^44 or reaches beyond 2^62.
    Interval interval(size_t f, const Parameters& p) const;

    // u8 kind | matrices: (u64 count | (u32 i | u32 j | i64 v) x count) x C
    //         | factors: u32 units | u8 same | i64 u | i64 v unless same | i64 q
    void write(Writer& out) const;
    static Forms read(Reader& in, size_t n, size_t m, size_t count);

    bool operator==(const Forms&) const = default;

  private:
    Forms(size_t n, size_t m, size_t count) : n_(n), m_(m), count_(count) {}

    size_t n_, m_, count_, units_ = 0;
    bool same_ = false;
    std::vector<Entries> entries_;
    std::vector<int64_t> u_, v_, q_;
};

}  // namespace pyfe::qfe
