#include "product.hpp"

#include <algorithm>
#include <utility>

#include "cost.hpp"
#include "pyfe/base/parallel.hpp"
#include "real_transform.hpp"

namespace pyfe::counting {
namespace {

Terms terms_of(const Distribution& distribution) {
    Terms out{{}, static_cast<std::uint32_t>(distribution.size() - 1)};
    for (std::size_t z = 0; z < distribution.size(); ++z)
        if (distribution[z] > 0) out.terms.push_back({static_cast<std::uint32_t>(z), distribution[z]});
    return out;
}

Distribution dense(const Terms& factor) {
    Distribution out(factor.degree + std::size_t{1});
    for (const Term& term : factor.terms) out[term.exponent] = term.coefficient;
    return out;
}

std::vector<Complex> spectrum_of(const RealTransform& transform, const Distribution& distribution) {
    std::vector<Complex> out(transform.half());
    std::copy(distribution.begin(), distribution.end(), reinterpret_cast<double*>(out.data()));
    transform.forward(out.data());
    return out;
}

Distribution by_transform(const Distribution& a, const Distribution& b, std::size_t answers) {
    const RealTransform transform(answers);
    std::vector<Complex> product = spectrum_of(transform, a);
    multiply(product, spectrum_of(transform, b), 0, product);
    transform.backward(product.data());
    const auto* const values = reinterpret_cast<const double*>(product.data());
    Distribution out(answers);
    std::transform(values, values + answers, out.begin(), [](double p) { return std::max(p, 0.0); });
    return out;
}

Distribution product(const Distribution& a, const Distribution& b) {
    const std::size_t answers = a.size() + b.size() - 1;
    const Terms shorter = terms_of(a.size() < b.size() ? a : b);
    if (direct_cost(static_cast<double>(shorter.terms.size()), answers) <= transform_cost(4, answers))
        return times(a.size() < b.size() ? b : a, shorter);
    return by_transform(a, b, answers);
}

}  // namespace

Distribution product_of(std::span<const Terms> factors) {
    width_of(factors);
    std::vector<Distribution> parts;
    for (const Terms& factor : factors) parts.push_back(dense(factor));
    while (parts.size() > 1) {
        std::stable_sort(parts.begin(), parts.end(),
                         [](const Distribution& a, const Distribution& b) { return a.size() < b.size(); });
        std::vector<Distribution> products((parts.size() + 1) / 2);
        parallel_for(products.size(), [&](std::size_t i) {
            products[i] =
                2 * i + 1 < parts.size() ? product(parts[2 * i], parts[2 * i + 1]) : std::move(parts[2 * i]);
        });
        parts = std::move(products);
    }
    return parts.empty() ? Distribution{1.0} : std::move(parts.front());
}

}  // namespace pyfe::counting
