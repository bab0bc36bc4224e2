#include "plan.hpp"

#include <algorithm>
#include <map>

namespace pyfe::qfe {
namespace {

constexpr double kPairing = 46.5, kTermG1 = 0.1, kTermG2 = 0.25;  // costs in proportion

Sparse sparse(std::span<const int64_t> values, int64_t factor = 1) {
    Sparse out;
    for (size_t i = 0; i < values.size(); ++i)
        if (values[i] != 0) out.push_back({static_cast<uint32_t>(i), values[i] * factor});
    return out;
}

// By columns, <F_j, c> d_j, or by rows, c_i <F_i, d>
std::vector<Term> terms_of_matrix(const Entries& matrix) {
    std::map<uint32_t, Sparse> columns, rows;
    for (const Entry& e : matrix) {
        columns[e.j].push_back({e.i, e.v});
        rows[e.i].push_back({e.j, e.v});
    }
    const auto entries = static_cast<double>(matrix.size());
    const bool by_column = double(columns.size()) * kPairing + entries * kTermG1 <=
                           double(rows.size()) * kPairing + entries * kTermG2;
    std::vector<Term> out;
    for (auto& [at, line] : by_column ? columns : rows) {
        const Sparse one = {{at, 1}};
        out.push_back(by_column ? Term{std::move(line), one} : Term{one, std::move(line)});
    }
    return out;
}

// Whether q u stays within 62 bits
bool may_absorb(std::span<const int64_t> u, int64_t q) {
    return std::ranges::all_of(u, [&](int64_t value) {
        const __int128 product = __int128{value} * q;
        return product >= -schemes::kMaxEnd && product <= schemes::kMaxEnd;
    });
}

void add_unit(Plan& plan, const Forms& forms, size_t h) {
    size_t users = 0, last = 0;
    for (size_t f = 0; f < forms.count(); ++f)
        if (forms.q(f)[h] != 0) ++users, last = f;
    if (users == 0) return;
    if (users == 1 && may_absorb(forms.u(h), forms.q(last)[h])) {
        plan.own[last].push_back({sparse(forms.u(h), forms.q(last)[h]), sparse(forms.v(h))});
        return;
    }
    plan.shared.push_back({sparse(forms.u(h)), sparse(forms.v(h))});
    for (size_t f = 0; f < forms.count(); ++f) plan.powers.push_back(forms.q(f)[h]);
}

}  // namespace

Plan plan_of(const Forms& forms) {
    Plan plan;
    plan.own.resize(forms.count());
    for (size_t h = 0; h < forms.units(); ++h) add_unit(plan, forms, h);
    for (size_t f = 0; !forms.is_factored() && f < forms.count(); ++f)
        plan.own[f] = terms_of_matrix(forms.matrix(f));
    // [unit][form] -> [form][unit]
    const size_t units = plan.shared.size();
    std::vector<int64_t> by_form(plan.powers.size());
    for (size_t at = 0; at < by_form.size(); ++at)
        by_form[at % forms.count() * units + at / forms.count()] = plan.powers[at];
    plan.powers = std::move(by_form);
    return plan;
}

}  // namespace pyfe::qfe
