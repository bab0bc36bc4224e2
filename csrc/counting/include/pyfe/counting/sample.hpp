// What the answers of sampled rows say about their columns: the same sums as in score.hpp, where columns
// depend on each other. Everything is vartime: the rows are drawn from a model of a population and are
// nobody's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pyfe/counting/score.hpp"

namespace pyfe::counting {

// A column whose classes are guessed
struct Guessed {
    std::size_t column;
    std::vector<std::uint8_t> label;  // [levels], the class of each
};

struct Told {
    double common = 0;  // share of the commonest class in the first half
    double prior = 0;   // share of the second half that is of that class
    Said said;          // guessed from the first half, judged on the second
};
struct Tally {
    double thin = 0;  // share of the second half with fewer neighbours in the first than are wanted
    std::vector<Told> columns;
};

struct Matches {
    double records = 0;           // share of the targets whose classes are all named
    double thin = 0;              // share of the targets with too few neighbours
    std::vector<double> certain;  // [guessed], share of the targets whose class is certain, and right
};

class Sample {
  public:
    // levels: [columns, count]. Error(parameter) for a level that a table of labels does not have, or a class
    // that is not below most_classes.
    Sample(std::vector<std::int16_t> levels, std::size_t columns, std::span<const Guessed> guessed);

    std::size_t count() const { return count_; }

    // sum over the columns of share[column][level]; a column without shares adds nothing. Error(parameter)
    // for a level without a share, Error(out_of_range) where a sum could leave 62 bits.
    std::vector<std::int64_t> answers_vartime(std::span<const std::vector<std::int64_t>> share) const;

    // Rows with the same answers (one vector [count] a key) are neighbours. The first half's rows tell what
    // is guessed for their neighbours in the second; with fewer than `few` of them the commonest class is.
    Tally tally_vartime(std::span<const std::vector<std::int64_t>> answers, std::size_t few,
                        Certain certain) const;

    // For some of the rows: what all their neighbours say about each, itself left out; nothing where they are
    // fewer than `few`. Where several records are likeliest, one of them is named at random.
    Matches matches_vartime(std::span<const std::vector<std::int64_t>> answers,
                            std::span<const std::int64_t> targets, std::size_t few, Certain certain) const;

  private:
    std::size_t count_, columns_, guessed_;
    std::vector<std::int16_t> levels_;  // [columns, count]
    std::vector<std::uint8_t> labels_;  // [count, guessed]
};

}  // namespace pyfe::counting
