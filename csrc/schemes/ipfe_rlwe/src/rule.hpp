// The rule: what follows from ranges and bounds, before anything is refused.
#pragma once
#include <vector>

#include "pyfe/ipfe_rlwe/parameters.hpp"

namespace pyfe::ipfe_rlwe {

struct Rule {
    Integer sigma[3];  // units of 1/256
    Integer K;
    Integer least_q;
    unsigned b = 0;
    std::vector<uint64_t> primes;  // none where no number of them fits the words
    Integer q;                     // their product, or the least q where there are none
    unsigned beta = 0;             // of q

    Rule(const Box& x, uint64_t y_bound, uint64_t sum_w, uint64_t ring_dimension);
    bool widths_fit() const;  // the sampler and its 14 standard deviations in 52 bits
    // In words: "log2 q = 166.0, block size 490: 125.6 quantum bits"
    std::string security() const;

  private:
    void choose_primes(uint64_t n, uint64_t y_bound, uint64_t sum_w, uint64_t ring_dimension);
};

// The first number of the series K0 -> (K0 + floor(K0 0x9E3779B97F4A7C15 / 2^68)) | 1, the first
// step taken always, in whose binary digits no six equal ones stand in a row: then no change of one bit of a
// stored word is near a whole number of slots.
Integer generic_K(Integer K0);

}  // namespace pyfe::ipfe_rlwe
