// What the answers of sampled rows say about their columns: the same sums as in score.hpp, where columns
// depend on each other. Everything is vartime: the rows are drawn from a model of a population and are
// nobody's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
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
    Said tenth;         // the same where only the answers' tenths are known
};
struct Tally {
    double thin = 0;  // share of the second half with fewer neighbours in the first than are wanted
    std::vector<Told> columns;
};

// The tenth of an answer: how many cuts the answer and what is known besides reach, in doubles
struct Cuts {
    std::array<double, 9> cut;
    double known = 0;

    std::size_t tenth_of(std::int64_t answer) const;
};

struct Matches {
    double records = 0;           // share of the targets whose classes are all named
    double thin = 0;              // share of the targets with too few neighbours
    std::vector<double> certain;  // [guessed], share of the targets whose class is certain, and right
};
struct BothMatches {
    Matches answers;
    Matches tenths;
};

// What each level of each column adds to a score; a column without shares adds nothing
using Shares = std::vector<std::vector<std::int64_t>>;

struct Packed;
class Labels;

class Sample {
  public:
    // levels: [columns, count]. Error(parameter) for a negative level and one that a table of labels does not
    // have, and for a class that is not below most_classes.
    Sample(std::span<const std::int16_t> levels, std::size_t columns, std::span<const Guessed> guessed);

    std::size_t count() const { return count_; }

    // sum over the columns of share[column][level]. Error(parameter) for a level without a share,
    // Error(out_of_range) where a sum could leave 62 bits.
    std::vector<std::int64_t> answers_vartime(const Shares& share) const;

    // Rows with the same answers (one vector [count] a key) are neighbours. The first half's rows tell what
    // is guessed for their neighbours in the second; with fewer than `few` of them the commonest class is.
    Tally tally_vartime(std::span<const std::vector<std::int64_t>> answers, std::size_t few,
                        Certain certain) const;

    // The same for the answers to one key, and beside it for their tenths
    Tally tally_vartime(const std::vector<std::int64_t>& answers, const Cuts& cuts, std::size_t few,
                        Certain certain) const;

    // For some of the rows: what all others with the same answers to all scores say about each; nothing where
    // they are fewer than `few`. Where several records are likeliest, one of them is named at random. And the
    // same where of each score only the tenth of the rows' answers is known that an answer lies in: how many
    // of nine cuts it reaches, the least answers that at least d / 10 of (count - 1) others are not above.
    BothMatches matches_vartime(std::span<const Shares> scores, std::span<const std::int64_t> targets,
                                std::size_t few, Certain certain) const;

    // All scores of all rows (packed.hpp)
    Packed packed(std::span<const Shares> scores) const;

  private:
    // Columns whose levels are one number, level + size * (level of the next + ...): few, so that what they
    // add together is looked up in a table that the first cache holds
    struct Joined {
        std::size_t first, end;
    };

    void join_columns();
    std::size_t level(std::size_t column, std::size_t row) const;
    void require_shares(const Shares& share) const;
    void add_up(std::span<const std::vector<std::uint64_t>> share, std::uint64_t* out) const;

    std::size_t count_, columns_;
    std::vector<std::size_t> sizes_;  // [columns], one more than the highest level
    std::vector<Joined> joined_;
    std::vector<std::uint16_t> codes_;      // [joined, count]
    std::shared_ptr<const Labels> labels_;  // of the columns that are guessed
};

}  // namespace pyfe::counting
