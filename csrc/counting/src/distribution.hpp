// Polynomials with few terms times long ones: the direct product, without cancellation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pyfe/counting/score.hpp"

namespace pyfe::counting {

using Distribution = std::vector<double>;

// Error(parameter) for a variable without levels, a class beyond the most and what is no probability
void require_valid(std::span<const Variable> variables);

struct Term {
    std::uint32_t exponent;
    double coefficient;
};

// sum_l p_l X^(share_l), equal exponents added up, in order
struct Terms {
    std::vector<Term> terms;
    std::uint32_t degree = 0;
};
Terms terms_of(const Variable& variable);
// The levels of one class alone
Terms terms_of(const Variable& variable, std::uint8_t label);

// Degree of the product. Error(out_of_range) beyond most_width.
std::size_t width_of(std::span<const Terms> factors);

// A distribution with zeros on both sides, so that shifted ones can be added without looking where they end
class Padded {
  public:
    Padded(const Distribution& values, std::size_t pad);
    const double* zero() const { return data_.data() + pad_; }

  private:
    std::vector<double> data_;
    std::size_t pad_;
};

// out[z - first] += sum of c in[z - e] over the terms, for z = first .. first + count - 1. `in` must be
// readable from first - degree on.
void add_shifted(const double* in, std::span<const Term> terms, std::size_t first, std::size_t count,
                 double* out);

// Answers that one task of the pool works on
constexpr std::size_t answers_a_task = 8192;
inline std::size_t tasks_for(std::size_t answers) { return (answers + answers_a_task - 1) / answers_a_task; }

// distribution * factor
Distribution times(const Distribution& distribution, const Terms& factor);

}  // namespace pyfe::counting
