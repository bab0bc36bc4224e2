#include <algorithm>
#include <numeric>
#include <string>

#include "distribution.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"

namespace pyfe::counting {
namespace {

// The product of a distribution over the residues and a variable
Distribution cyclic_times(const Distribution& residues, const Variable& variable) {
    const std::size_t g = residues.size();
    Distribution step(g), out(g);
    for (const Level& level : variable) step[level.share % g] += level.probability;
    for (std::size_t s = 0; s < g; ++s) {
        if (step[s] <= 0) continue;
        checkpoint();
        for (std::size_t z = 0; z + s < g; ++z) out[z + s] += step[s] * residues[z];
        for (std::size_t z = g - s; z < g; ++z) out[z + s - g] += step[s] * residues[z];
    }
    return out;
}

Residue say(const Variable& variable, const Distribution& others, Certain certain) {
    const std::size_t g = others.size();
    Distribution best(g), all(g);
    double common = 0;
    for (const Level& level : variable) {
        checkpoint();
        common = std::max(common, level.probability);
        for (std::size_t z = 0, to = level.share % g; z < g; ++z, to = to + 1 < g ? to + 1 : 0) {
            const double mass = level.probability * others[z];
            best[to] = std::max(best[to], mass);
            all[to] += mass;
        }
    }
    Residue out;
    for (std::size_t z = 0; z < g; ++z) {
        out.gain += best[z];
        if (!certain(common, 1) && certain(best[z], all[z])) out.sure += all[z];
    }
    out.gain -= common;
    return out;
}

void halve(std::span<const Variable> all, const Distribution& others, Certain certain,
           std::vector<Residue>& out) {
    if (all.size() == 1) return out.push_back(say(all.front(), others, certain));
    const auto first = all.first(all.size() / 2), second = all.subspan(all.size() / 2);
    const auto with = [&](std::span<const Variable> more) {
        Distribution product = others;
        for (const Variable& variable : more) product = cyclic_times(product, variable);
        return product;
    };
    halve(first, with(second), certain, out);
    halve(second, with(first), certain, out);
}

}  // namespace

std::vector<Residue> residues_vartime(std::span<const Variable> variables, std::uint32_t modulus,
                                      Certain certain) {
    if (modulus < 2 || modulus > most_width)
        fail(ErrorKind::out_of_range,
             "counting: the modulus " + std::to_string(modulus) + " is not from 2 to 2^24");
    require_valid(variables);
    std::vector<Residue> out;
    Distribution nothing(modulus);
    nothing[0] = 1;
    if (!variables.empty()) halve(variables, nothing, certain, out);
    return out;
}

}  // namespace pyfe::counting
