// What a score says about each of the independent variables that it adds up, counted exactly: its
// distribution is the product of polynomials sum_l p_l X^(share_l), one a variable.
//
// No secrets in this room: it sees a model's weights and the frequencies of a population, never a patient.
// Everything is vartime.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pyfe::counting {

constexpr std::size_t most_classes = 8;

// A distribution takes 8 bytes an answer, and a dozen of them are held.
constexpr std::uint64_t most_width = std::uint64_t{1} << 24;

// An answer makes a class certain when so much of its mass is of that class. Less a billionth, so that
// rounding does not decide where it is exactly so much.
class Certain {
  public:
    // Error(parameter) unless 0.5 < probability <= 1
    explicit Certain(double probability);
    bool operator()(double of_class, double all) const { return all > 0 && of_class >= least_ * all; }

  private:
    double least_;
};

struct Level {
    std::uint32_t share;  // what the level adds to the score; the least one of a variable adds 0
    double probability;
    std::uint8_t label;  // the class it counts as
};
using Variable = std::vector<Level>;

// What an answer (or the tenth of the distribution it lies in) says about a variable
struct Said {
    double right = 0;  // share of rows whose class is guessed from it
    double sure = 0;   // share of rows whose answer makes a class certain
    double rare = 0;   // share of rows whose answer makes a class certain that is not the commonest
};

struct Beside {
    double common = 0;  // how likely the commonest class is
    Said answer;
    Said tenth;
};

// P(score = z) for z = 0 .. width; [1] without variables. Error(out_of_range) for a width beyond most_width.
std::vector<double> distribution_vartime(std::span<const Variable> variables);

// What the score says about every variable beside all others. Tenths are by the distribution's middle,
// floor(10 (P(score < z) + P(score = z) / 2)).
std::vector<Beside> beside_vartime(std::span<const Variable> variables, Certain certain);

// Of a variable's levels themselves, by the score modulo a number
struct Residue {
    double gain = 0;  // how much more often the best guess is right
    double sure = 0;  // share of rows whose residue makes a level certain; 0 where one is beforehand
};
std::vector<Residue> residues_vartime(std::span<const Variable> variables, std::uint32_t modulus,
                                      Certain certain);

}  // namespace pyfe::counting
