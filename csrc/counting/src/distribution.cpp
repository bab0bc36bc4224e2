#include "distribution.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"

namespace pyfe::counting {
namespace {

Terms collected(const Variable& variable, std::optional<std::uint8_t> label) {
    std::vector<Term> all;
    for (const Level& level : variable)
        if (level.probability > 0 && (!label || level.label == *label))
            all.push_back({level.share, level.probability});
    std::stable_sort(all.begin(), all.end(),
                     [](const Term& a, const Term& b) { return a.exponent < b.exponent; });
    Terms out;
    for (const Level& level : variable) out.degree = std::max(out.degree, level.share);
    for (const Term& term : all) {
        if (out.terms.empty() || out.terms.back().exponent != term.exponent)
            out.terms.push_back(term);
        else
            out.terms.back().coefficient += term.coefficient;
    }
    return out;
}

}  // namespace

Certain::Certain(double probability) : least_(probability * (1 - 1e-9)) {
    if (!(probability > 0.5 && probability <= 1))
        fail(ErrorKind::parameter, "counting: what counts as certain is a probability above 0.5");
}

void require_valid(std::span<const Variable> variables) {
    constexpr double rounded_one = 1 + 1e-9;
    for (const Variable& variable : variables) {
        if (variable.empty()) fail(ErrorKind::parameter, "counting: a variable without levels");
        for (const Level& level : variable) {
            if (level.label >= most_classes)
                fail(ErrorKind::parameter,
                     "counting: the class " + std::to_string(level.label) + " is not below 8");
            if (!(level.probability >= 0 && level.probability <= rounded_one))
                fail(ErrorKind::parameter, "counting: a probability is not from 0 to 1");
        }
    }
}

Terms terms_of(const Variable& variable) { return collected(variable, std::nullopt); }
Terms terms_of(const Variable& variable, std::uint8_t label) { return collected(variable, label); }

std::size_t width_of(std::span<const Terms> factors) {
    std::uint64_t width = 0;
    for (const Terms& factor : factors) {
        width += factor.degree;
        if (width > most_width)
            fail(ErrorKind::out_of_range,
                 "counting: a score of more than " + std::to_string(most_width) + " answers");
    }
    return width;
}

Padded::Padded(const Distribution& values, std::size_t pad) : data_(values.size() + 2 * pad), pad_(pad) {
    std::copy(values.begin(), values.end(), data_.begin() + static_cast<std::ptrdiff_t>(pad));
}

// Four terms a pass: the sums are loaded and stored a quarter as often.
void add_shifted(const double* in, std::span<const Term> terms, std::size_t first, std::size_t count,
                 double* out) {
    const auto shifted = [&](const Term& term) {
        return in + (static_cast<std::ptrdiff_t>(first) - static_cast<std::ptrdiff_t>(term.exponent));
    };
    double* __restrict sum = out;
    std::size_t k = 0;
    for (; k + 4 <= terms.size(); k += 4) {
        const double* a = shifted(terms[k]);
        const double* b = shifted(terms[k + 1]);
        const double* c = shifted(terms[k + 2]);
        const double* d = shifted(terms[k + 3]);
        const double p = terms[k].coefficient, q = terms[k + 1].coefficient;
        const double r = terms[k + 2].coefficient, s = terms[k + 3].coefficient;
        for (std::size_t z = 0; z < count; ++z) sum[z] += (p * a[z] + q * b[z]) + (r * c[z] + s * d[z]);
    }
    for (; k < terms.size(); ++k) {
        const double* a = shifted(terms[k]);
        const double p = terms[k].coefficient;
        for (std::size_t z = 0; z < count; ++z) sum[z] += p * a[z];
    }
}

Distribution times(const Distribution& distribution, const Terms& factor) {
    constexpr std::size_t stays_in_cache = 1024;
    const Padded in(distribution, factor.degree);
    Distribution out(distribution.size() + factor.degree);
    parallel_for(tasks_for(out.size()), [&](std::size_t task) {
        const std::size_t end = std::min(out.size(), (task + 1) * answers_a_task);
        for (std::size_t z = task * answers_a_task; z < end; z += stays_in_cache)
            add_shifted(in.zero(), factor.terms, z, std::min(stays_in_cache, end - z), out.data() + z);
    });
    return out;
}

}  // namespace pyfe::counting
