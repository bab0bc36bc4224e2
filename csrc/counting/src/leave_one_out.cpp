#include "leave_one_out.hpp"

#include <algorithm>
#include <bit>

#include "cost.hpp"
#include "pyfe/base/parallel.hpp"
#include "real_transform.hpp"

namespace pyfe::counting {
namespace {

// ------------------------------------------------------------------------------------------- directly

Distribution times_all(Distribution distribution, std::span<const Terms> factors) {
    for (const Terms& factor : factors) distribution = times(distribution, factor);
    return distribution;
}

void halve(std::span<const Terms> all, std::size_t first, std::size_t count, const Distribution& others,
           const UseOthers& use) {
    if (count == 1) return use(first, others);
    const std::size_t half = count / 2;
    halve(all, first, half, times_all(others, all.subspan(first + half, count - half)), use);
    halve(all, first + half, count - half, times_all(others, all.subspan(first, half)), use);
}

// -------------------------------------------------------------------------------------- by transforms

using Spectrum = std::vector<Complex>;

// Spectra held at once: 256 MB
constexpr std::size_t most_held = std::size_t{1} << 24;
constexpr std::size_t points_a_task = 1024;

class Spectra {
  public:
    Spectra(std::span<const Terms> factors, std::size_t width)
        : factors_(factors), transform_(width + 1), size_(width + 1) {}

    // How many variables are worked on at a time
    std::size_t group() const {
        return std::clamp<std::size_t>(most_held / transform_.half(), 1, factors_.size());
    }

    // Spectra of the variables first .. first + count - 1
    std::vector<Spectrum> of(std::size_t first, std::size_t count) const {
        std::vector<Spectrum> out(count);
        parallel_for(count, [&](std::size_t i) {
            out[i].assign(transform_.half(), Complex(0));
            auto* const values = reinterpret_cast<double*>(out[i].data());
            for (const Term& term : factors_[first + i].terms) values[term.exponent] = term.coefficient;
            transform_.forward(out[i].data());
        });
        return out;
    }

    // The product of all spectra but those of first .. first + count - 1
    Spectrum without(std::size_t first, std::size_t count) const {
        Spectrum out(transform_.half(), Complex(1));
        out[0] = {1, 1};
        for (std::size_t at = 0; at < factors_.size();) {
            const std::size_t end = at < first ? first : factors_.size();
            if (at == first) {
                at += count;
                continue;
            }
            const std::size_t some = std::min(group(), end - at);
            const auto spectra = of(at, some);
            in_parts([&](std::size_t from, std::size_t points) {
                const std::span part(out.data() + from, points);
                for (const Spectrum& one : spectra) multiply(part, {one.data() + from, points}, from, part);
            });
            at += some;
        }
        return out;
    }

    // Every spectrum becomes the product of all others and of `outside`.
    void leave_one_out(std::vector<Spectrum>& spectra, const Spectrum& outside) const {
        in_parts([&](std::size_t from, std::size_t points) {
            std::vector<Spectrum> after(spectra.size());
            Spectrum product(outside.begin() + static_cast<std::ptrdiff_t>(from),
                             outside.begin() + static_cast<std::ptrdiff_t>(from + points));
            for (std::size_t i = spectra.size(); i-- > 0;) {
                after[i] = product;
                multiply(product, {spectra[i].data() + from, points}, from, product);
            }
            Spectrum before(points, Complex(1));
            if (from == 0) before[0] = {1, 1};
            for (std::size_t i = 0; i < spectra.size(); ++i) {
                const std::span here(spectra[i].data() + from, points);
                multiply(after[i], before, from, after[i]);
                multiply(before, here, from, before);
                std::copy(after[i].begin(), after[i].end(), here.begin());
            }
        });
    }

    // The distribution that a spectrum belongs to; rounding makes no probability negative.
    Distribution back(Spectrum& spectrum, std::size_t degree) const {
        transform_.backward(spectrum.data());
        const auto* const values = reinterpret_cast<const double*>(spectrum.data());
        Distribution out(size_ - degree);
        std::transform(values, values + out.size(), out.begin(), [](double p) { return std::max(p, 0.0); });
        return out;
    }

  private:
    template <class Body>
    void in_parts(const Body& body) const {
        const std::size_t points = transform_.half();
        parallel_for((points + points_a_task - 1) / points_a_task, [&](std::size_t task) {
            const std::size_t from = task * points_a_task;
            body(from, std::min(points_a_task, points - from));
        });
    }

    std::span<const Terms> factors_;
    RealTransform transform_;
    std::size_t size_;
};

// ------------------------------------------------------------------------------------------ which way

double terms_in(std::span<const Terms> factors) {
    double terms = 0;
    for (const Terms& factor : factors) terms += static_cast<double>(factor.terms.size());
    return terms;
}

}  // namespace

void leave_one_out_directly(std::span<const Terms> factors, const UseOthers& use) {
    if (!factors.empty()) halve(factors, 0, factors.size(), Distribution{1.0}, use);
}

void leave_one_out_by_transform(std::span<const Terms> factors, const UseOthers& use) {
    const Spectra spectra(factors, width_of(factors));
    const std::size_t group = spectra.group();
    for (std::size_t first = 0; first < factors.size(); first += group) {
        const std::size_t count = std::min(group, factors.size() - first);
        const Spectrum outside = spectra.without(first, count);
        std::vector<Spectrum> held = spectra.of(first, count);
        spectra.leave_one_out(held, outside);
        std::vector<Distribution> others(count);
        parallel_for(count, [&](std::size_t i) {
            others[i] = spectra.back(held[i], factors[first + i].degree);
            Spectrum().swap(held[i]);
        });
        for (std::size_t i = 0; i < count; ++i) use(first + i, others[i]);
    }
}

void leave_one_out(std::span<const Terms> factors, const UseOthers& use) {
    const std::size_t answers = width_of(factors) + 1;
    const double halvings = std::bit_width(factors.size());
    const double transforms = 2 * static_cast<double>(factors.size());
    if (halvings * direct_cost(terms_in(factors), answers) <= transform_cost(transforms, answers))
        leave_one_out_directly(factors, use);
    else
        leave_one_out_by_transform(factors, use);
}

}  // namespace pyfe::counting
