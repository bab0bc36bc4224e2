#include "pyfe/qfe/forms.hpp"

#include <algorithm>

#include "pyfe/base/error.hpp"
#include "pyfe/dlog/dlog.hpp"

namespace pyfe::qfe {
namespace {

using dlog::kMaxWidth, schemes::kMaxEnd, schemes::magnitude;
using Wide = __int128;

struct Range {
    Wide lo, hi;
};

std::string place(size_t f, const Entry& e) {
    return "F: form " + std::to_string(f) + ", entry (" + std::to_string(e.i) + ", " + std::to_string(e.j) +
           ")";
}

[[noreturn]] void refuse_range(size_t f) {
    fail(ErrorKind::out_of_range, "F: form " + std::to_string(f) +
                                      ": the result interval is wider than 2^44 or reaches beyond 2^62; use "
                                      "fewer bits");
}

bool too_large(int64_t entry) { return magnitude(entry) > static_cast<uint64_t>(kMaxEnd); }

bool beyond(const Range& r) { return r.lo < -Wide{kMaxEnd} || r.hi > Wide{kMaxEnd}; }

// Both within +-2^62
Range product(const Range& a, const Range& b) {
    const Wide all[4] = {a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi};
    return {*std::min_element(all, all + 4), *std::max_element(all, all + 4)};
}

Range square(const Range& a) {
    const Wide low = a.lo * a.lo, high = a.hi * a.hi;
    return {a.lo <= 0 && a.hi >= 0 ? 0 : std::min(low, high), std::max(low, high)};
}

// A sum of terms c t, t in a known range; `size` bounds every partial sum
class Sum {
  public:
    explicit Sum(size_t form) : form_(form) {}
    void add(int64_t c, const Range& t) {
        if (c == 0) return;
        if (beyond(t)) refuse_range(form_);
        const Range term = product({c, c}, t);
        if (beyond(term)) refuse_range(form_);
        range_.lo += term.lo;
        range_.hi += term.hi;
        size_ += std::max(term.lo < 0 ? -term.lo : term.lo, term.hi < 0 ? -term.hi : term.hi);
        if (size_ > Wide{kMaxEnd}) refuse_range(form_);
    }
    Range range() const { return range_; }

  private:
    size_t form_;
    Range range_{0, 0};
    Wide size_ = 0;
};

Range of(const Box& box, size_t i) { return {box.lo[i], box.hi[i]}; }

Range inner(size_t form, std::span<const int64_t> u, const Box& box) {
    Sum sum(form);
    for (size_t i = 0; i < u.size(); ++i) sum.add(u[i], of(box, i));
    return sum.range();
}

// The coefficients of the monomials x_i x_j, i <= j
Entries symmetric(size_t form, Entries entries) {
    for (Entry& e : entries)
        if (e.i > e.j) std::swap(e.i, e.j);
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return std::pair(a.j, a.i) < std::pair(b.j, b.i); });
    Entries out;
    for (const Entry& e : entries) {
        if (out.empty() || out.back().i != e.i || out.back().j != e.j) {
            out.push_back(e);
            continue;
        }
        if (magnitude(e.v) + magnitude(out.back().v) > static_cast<uint64_t>(kMaxEnd)) refuse_range(form);
        out.back().v += e.v;
    }
    std::erase_if(out, [](const Entry& e) { return e.v == 0; });
    return out;
}

Range by_monomials(size_t f, const Entries& matrix, const Parameters& p) {
    Sum sum(f);
    const Entries entries = p.square ? symmetric(f, matrix) : matrix;
    if (entries.empty())
        fail(ErrorKind::parameter, "F: form " + std::to_string(f) + " is zero" +
                                       (p.square ? ": its two halves cancel, or it has no entries" : ""));
    for (const Entry& e : entries)
        sum.add(e.v, p.square && e.i == e.j ? square(of(p.x, e.i)) : product(of(p.x, e.i), of(p.y, e.j)));
    return sum.range();
}

Range by_units(size_t f, const Forms& forms, const Parameters& p) {
    Sum sum(f);
    for (size_t h = 0; h < forms.units(); ++h) {
        if (forms.q(f)[h] == 0) continue;
        const Range a = inner(f, forms.u(h), p.x), b = inner(f, forms.v(h), p.y);
        const bool squared = p.square && std::ranges::equal(forms.u(h), forms.v(h));
        sum.add(forms.q(f)[h], squared ? square(a) : product(a, b));
    }
    return sum.range();
}

void require_entries(size_t n, size_t m, size_t f, const Entries& entries) {
    const Entry* last = nullptr;
    for (const Entry& e : entries) {
        if (e.i >= n || e.j >= m)
            fail(ErrorKind::parameter,
                 place(f, e) + " lies outside " + std::to_string(n) + " x " + std::to_string(m));
        if (e.v == 0) fail(ErrorKind::parameter, place(f, e) + " is a zero");
        if (too_large(e.v)) fail(ErrorKind::out_of_range, place(f, e) + " is beyond 2^62");
        if (last != nullptr && std::pair(last->j, last->i) >= std::pair(e.j, e.i))
            fail(ErrorKind::parameter, place(f, e) + " is out of order");
        last = &e;
    }
}

}  // namespace

Forms Forms::matrices(size_t n, size_t m, std::vector<Entries> forms) {
    if (forms.empty()) fail(ErrorKind::parameter, "F: there is no form");
    for (size_t f = 0; f < forms.size(); ++f) require_entries(n, m, f, forms[f]);
    Forms out(n, m, forms.size());
    out.entries_ = std::move(forms);
    return out;
}

Forms Forms::factored(size_t n, size_t m, std::vector<int64_t> u, std::vector<int64_t> v,
                      std::vector<int64_t> q) {
    const size_t units = n == 0 ? 0 : u.size() / n;
    if (units == 0 || u.size() != units * n || q.empty() || q.size() % units != 0 ||
        (v.empty() ? n != m : v.size() != units * m))
        fail(ErrorKind::parameter, "F: the shapes of the factors u, v and q do not match");
    for (const auto* part : {&u, &v, &q})
        if (std::ranges::any_of(*part, too_large))
            fail(ErrorKind::out_of_range, "F: an entry of the factors is beyond 2^62");
    Forms out(n, m, q.size() / units);
    out.units_ = units;
    out.same_ = v.empty() || u == v;
    out.u_ = std::move(u);
    if (!out.same_) out.v_ = std::move(v);
    out.q_ = std::move(q);
    return out;
}

// Whether no sum of the products can leave 62 bits: then int64 will do, and nothing needs watching.
bool Forms::is_narrow(size_t f) const {
    const auto largest = [](std::span<const int64_t> values) {
        Wide most = 0;
        for (const int64_t value : values) most = std::max(most, Wide{magnitude(value)});
        return most;
    };
    Wide sum = 0;
    for (size_t h = 0; h < units_; ++h) {
        const Wide uv = largest(u(h)) * largest(v(h)), q_h = magnitude(q(f)[h]);
        if (uv > Wide{kMaxEnd} || uv * q_h > Wide{kMaxEnd}) return false;
        sum += uv * q_h;
        if (sum > Wide{kMaxEnd}) return false;
    }
    return true;
}

// sum_h q_h v_hj u_h, when no such sum leaves 62 bits
void Forms::multiply_out(size_t f, size_t j, std::vector<int64_t>& column) const {
    std::fill(column.begin(), column.end(), 0);
    for (size_t h = 0; h < units_; ++h) {
        const int64_t c = q(f)[h] * v(h)[j];
        const int64_t* row = u(h).data();
        if (c != 0)
            for (size_t i = 0; i < n_; ++i) column[i] += c * row[i];
    }
}

// Refuses a column in which a sum of absolute values leaves 62 bits.
void Forms::require_column(size_t f, size_t j) const {
    std::vector<Wide> size(n_);
    for (size_t h = 0; h < units_; ++h) {
        const Wide c = Wide{magnitude(q(f)[h])} * magnitude(v(h)[j]);
        if (c > Wide{kMaxEnd}) refuse_range(f);
        for (size_t i = 0; i < n_; ++i) {
            size[i] += c * magnitude(u(h)[i]);
            if (size[i] > Wide{kMaxEnd}) refuse_range(f);
        }
    }
}

Entries Forms::matrix(size_t f) const {
    if (!is_factored()) return entries_[f];
    Entries out;
    const bool narrow = is_narrow(f);
    std::vector<int64_t> column(n_);
    for (size_t j = 0; j < m_; ++j) {
        if (!narrow) require_column(f, j);
        multiply_out(f, j, column);
        for (size_t i = 0; i < n_; ++i)
            if (column[i] != 0)
                out.push_back({static_cast<uint32_t>(i), static_cast<uint32_t>(j), column[i]});
    }
    return out;
}

void Forms::require_bound(uint64_t bound) const {
    const auto refuse = [&](const std::string& where, int64_t v) {
        fail(ErrorKind::out_of_range,
             where + " = " + std::to_string(v) + " exceeds f_bound = " + std::to_string(bound));
    };
    for (size_t f = 0; f < entries_.size(); ++f)
        for (const Entry& e : entries_[f])
            if (magnitude(e.v) > bound) refuse(place(f, e), e.v);
    const auto check = [&](const std::vector<int64_t>& values, size_t columns, const char* name) {
        for (size_t at = 0; at < values.size(); ++at)
            if (magnitude(values[at]) > bound)
                refuse(std::string("F: ") + name + "[" + std::to_string(at / columns) + "][" +
                           std::to_string(at % columns) + "]",
                       values[at]);
    };
    check(u_, n_, "u");
    check(v_, m_, "v");
    check(q_, units_, "q");
}

Interval Forms::interval(size_t f, const Parameters& p) const {
    Range r = by_monomials(f, matrix(f), p);
    if (is_factored()) {
        const Range units = by_units(f, *this, p);
        r = {std::max(r.lo, units.lo), std::min(r.hi, units.hi)};
    }
    if (beyond(r) || r.hi - r.lo > Wide{kMaxWidth}) refuse_range(f);
    return {static_cast<int64_t>(r.lo), static_cast<int64_t>(r.hi)};
}

void Forms::write(Writer& out) const {
    out.u8(is_factored());
    for (const Entries& form : entries_) {
        out.u64(form.size());
        for (const Entry& e : form) out.u32(e.i).u32(e.j).i64(e.v);
    }
    if (!is_factored()) return;
    out.u32(static_cast<uint32_t>(units_)).u8(same_);
    for (const auto* part : {&u_, &v_, &q_})
        for (const int64_t value : *part) out.i64(value);
}

Forms Forms::read(Reader& in, size_t n, size_t m, size_t count) {
    const uint8_t kind = in.u8("kind of forms");
    if (kind > 1) in.refuse("kind of forms", "must be 0 or 1");
    const auto integers = [&](size_t rows, size_t columns, const char* name) {
        in.require_items(uint64_t{rows} * columns, 8, name);
        std::vector<int64_t> values(rows * columns);
        for (int64_t& value : values) value = in.i64(name);
        return values;
    };
    try {
        if (kind == 0) {
            std::vector<Entries> forms;
            for (size_t f = 0; f < count; ++f) {
                const uint64_t size = in.u64("entries");
                if (size == 0) in.refuse("entries", "are none, a form has at least one");
                in.require_items(size, 16, "entries");
                Entries entries(size);
                for (Entry& e : entries) e = {in.u32("i"), in.u32("j"), in.i64("F_ij")};
                forms.push_back(std::move(entries));
            }
            return matrices(n, m, std::move(forms));
        }
        const uint32_t units = in.u32("units");
        const uint8_t same = in.u8("same");
        if (units == 0 || same > 1 || (same == 1 && n != m)) in.refuse("same", "does not go with the shape");
        std::vector<int64_t> u = integers(units, n, "u"), v = integers(same == 1 ? 0 : units, m, "v");
        if (same == 0 && u == v) in.refuse("same", "is 0, but u equals v");
        return factored(n, m, std::move(u), std::move(v), integers(count, units, "q"));
    } catch (const Error& e) {
        if (e.kind() == ErrorKind::decode) throw;
        fail(ErrorKind::decode, std::string("function key: ") + e.what());
    }
}

}  // namespace pyfe::qfe
