// The joint of a variable's class with the score is (levels of the class) * (score of all others); of it only
// sums are kept: how often the likeliest class is right, and how many rows it is certain for.
#include "pyfe/counting/score.hpp"

#include <algorithm>
#include <array>

#include "leave_one_out.hpp"
#include "product.hpp"
#include "pyfe/base/parallel.hpp"

namespace pyfe::counting {
namespace {

constexpr std::size_t tenths = 10;
constexpr std::size_t answers_at_once = 512;  // eight classes of them stay in the first cache

using Masses = std::array<double, most_classes>;  // of one answer, or of many

struct Sums {
    Said answer;
    std::array<Masses, tenths> tenth{};
};

std::vector<Terms> all_terms(std::span<const Variable> variables) {
    require_valid(variables);
    std::vector<Terms> out;
    for (const Variable& variable : variables) out.push_back(terms_of(variable));
    return out;
}

std::size_t likeliest(std::span<const double> masses) {
    return static_cast<std::size_t>(std::max_element(masses.begin(), masses.end()) - masses.begin());
}

// One answer more (or one tenth): the masses of the classes with it
void say(std::span<const double> masses, std::size_t common, Certain certain, Said& said) {
    double all = 0;
    for (const double mass : masses) all += mass;
    const std::size_t best = likeliest(masses);
    said.right += masses[best];
    if (!certain(masses[best], all)) return;
    said.sure += all;
    if (best != common) said.rare += all;
}

// In which tenth of the distribution an answer lies. A billionth more, so that rounding does not decide where
// the boundary is exactly there.
std::vector<std::uint8_t> tenth_of(const Distribution& score) {
    std::vector<std::uint8_t> out(score.size());
    double below = 0;
    for (std::size_t z = 0; z < score.size(); ++z) {
        const double middle = (below + score[z] / 2) * tenths + 1e-9;
        out[z] = static_cast<std::uint8_t>(std::min<double>(middle, tenths - 1));
        below += score[z];
    }
    return out;
}

Masses prior_of(const Variable& variable) {
    Masses out{};
    for (const Level& level : variable) out[level.label] += level.probability;
    return out;
}

struct Joint {
    std::vector<Terms> classes;  // the levels of each class
    std::size_t common;
};

Joint joint_of(const Variable& variable) {
    Joint out{{}, likeliest(prior_of(variable))};
    std::size_t count = 0;
    for (const Level& level : variable) count = std::max<std::size_t>(count, level.label + 1U);
    for (std::size_t c = 0; c < count; ++c)
        out.classes.push_back(terms_of(variable, static_cast<std::uint8_t>(c)));
    return out;
}

// The answers first .. end - 1
Sums sums_over(const Joint& joint, const Padded& others, std::span<const std::uint8_t> tenth, Certain certain,
               std::size_t first, std::size_t end) {
    Sums out;
    std::array<std::array<double, answers_at_once>, most_classes> mass;
    for (std::size_t z = first; z < end; z += answers_at_once) {
        const std::size_t count = std::min(answers_at_once, end - z);
        for (std::size_t c = 0; c < joint.classes.size(); ++c) {
            std::fill_n(mass[c].begin(), count, 0.0);
            add_shifted(others.zero(), joint.classes[c].terms, z, count, mass[c].data());
        }
        for (std::size_t i = 0; i < count; ++i) {
            Masses here;
            for (std::size_t c = 0; c < joint.classes.size(); ++c) {
                here[c] = mass[c][i];
                out.tenth[tenth[z + i]][c] += here[c];
            }
            say({here.data(), joint.classes.size()}, joint.common, certain, out.answer);
        }
    }
    return out;
}

void add(Sums& to, const Sums& more) {
    to.answer.right += more.answer.right;
    to.answer.sure += more.answer.sure;
    to.answer.rare += more.answer.rare;
    for (std::size_t d = 0; d < tenths; ++d)
        for (std::size_t c = 0; c < most_classes; ++c) to.tenth[d][c] += more.tenth[d][c];
}

Beside beside(const Variable& variable, const Distribution& others, std::span<const std::uint8_t> tenth,
              Certain certain) {
    const Joint joint = joint_of(variable);
    std::uint32_t degree = 0;
    for (const Level& level : variable) degree = std::max(degree, level.share);
    const Padded padded(others, degree);
    std::vector<Sums> parts(tasks_for(tenth.size()));
    parallel_for(parts.size(), [&](std::size_t task) {
        const std::size_t first = task * answers_a_task;
        parts[task] =
            sums_over(joint, padded, tenth, certain, first, std::min(tenth.size(), first + answers_a_task));
    });
    Sums all;
    for (const Sums& part : parts) add(all, part);
    Beside out{prior_of(variable)[joint.common], all.answer, {}};
    for (const Masses& masses : all.tenth) say(masses, joint.common, certain, out.tenth);
    return out;
}

}  // namespace

std::vector<double> distribution_vartime(std::span<const Variable> variables) {
    return product_of(all_terms(variables));
}

std::vector<Beside> beside_vartime(std::span<const Variable> variables, Certain certain) {
    const std::vector<Terms> factors = all_terms(variables);
    std::vector<std::uint8_t> tenth;
    std::vector<Beside> out;
    leave_one_out(factors, [&](std::size_t i, const Distribution& others) {
        if (tenth.empty()) tenth = tenth_of(times(others, factors[i]));
        out.push_back(beside(variables[i], others, tenth, certain));
    });
    return out;
}

}  // namespace pyfe::counting
