#include <algorithm>
#include <functional>
#include <string>

#include "class_counts.hpp"
#include "neighbours.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/counting/sample.hpp"

namespace pyfe::counting {
namespace {

constexpr std::size_t most_tasks = 16;

// What was counted of the groups that one task went over
struct Part {
    Part(std::size_t columns, std::size_t tenths)
        : right(columns), sure(most_classes * columns), thin_truth(columns), told(tenths) {
        guess.assign(tenths, ClassCounts(columns));
        truth.assign(tenths, ClassCounts(columns));
    }

    void add(const Part& more) {
        thin += more.thin;
        thin_truth.add(more.thin_truth);
        std::transform(right.begin(), right.end(), more.right.begin(), right.begin(), std::plus<>());
        std::transform(sure.begin(), sure.end(), more.sure.begin(), sure.begin(), std::plus<>());
        for (std::size_t d = 0; d < told.size(); ++d) {
            told[d] += more.told[d];
            guess[d].add(more.guess[d]);
            truth[d].add(more.truth[d]);
        }
    }

    std::uint64_t thin = 0;            // rows of the second half in groups that are
    std::vector<std::uint64_t> right;  // [columns], guessed right in groups that are not
    std::vector<std::uint64_t> sure;   // [classes, columns], right where that class is certain
    ClassCounts thin_truth;            // rows of the second half in groups that are thin
    std::vector<std::uint64_t> told;   // [tenths], rows of the first half
    std::vector<ClassCounts> guess;    // [tenths], of the first half
    std::vector<ClassCounts> truth;    // [tenths], of the second
};

// What a group's first half says about its second: `right` and `sure` of a part
void judge(const ClassCounts& guess, const ClassCounts& truth, std::uint64_t told, Certain certain,
           std::vector<std::uint64_t>& right, std::vector<std::uint64_t>& sure) {
    const std::size_t columns = guess.columns();
    std::vector<std::uint8_t> best(columns);
    guess.commonest(best);
    for (std::size_t i = 0; i < columns; ++i) {
        const std::uint32_t hits = truth.of(best[i], i);
        right[i] += hits;
        if (certain(guess.of(best[i], i), static_cast<double>(told))) sure[best[i] * columns + i] += hits;
    }
}

// Goes over groups of neighbours one by one, in the order of their tenths
class Judge {
  public:
    Judge(const Labels& labels, std::size_t half, std::size_t few, Certain certain, Part& part)
        : labels_(labels),
          half_(half),
          few_(few),
          certain_(certain),
          part_(part),
          guess_(labels.columns()),
          truth_(labels.columns()) {}

    void add(std::span<const std::uint32_t> rows, std::size_t tenth) {
        const auto told = static_cast<std::size_t>(
            std::partition_point(rows.begin(), rows.end(), [&](auto row) { return row < half_; }) -
            rows.begin());
        const auto first = rows.first(told), second = rows.subspan(told);
        part_.told[tenth] += told;
        if (told < few_) return add_thin(first, second, tenth);
        count(first, second, tenth);
        judge(guess_, truth_, told, certain_, part_.right, part_.sure);
    }

    // Thin groups of one tenth are counted together.
    void flush() {
        part_.thin += thin_second_.size();
        count(thin_first_, thin_second_, thin_tenth_);
        part_.thin_truth.add(truth_);
        thin_first_.clear();
        thin_second_.clear();
    }

  private:
    using Rows = std::span<const std::uint32_t>;

    void add_thin(Rows first, Rows second, std::size_t tenth) {
        if (tenth != thin_tenth_) flush();
        thin_tenth_ = tenth;
        thin_first_.insert(thin_first_.end(), first.begin(), first.end());
        thin_second_.insert(thin_second_.end(), second.begin(), second.end());
    }

    void count(Rows first, Rows second, std::size_t tenth) {
        guess_.clear();
        truth_.clear();
        guess_.add(labels_, first);
        truth_.add(labels_, second);
        part_.guess[tenth].add(guess_);
        part_.truth[tenth].add(truth_);
    }

    const Labels& labels_;
    std::size_t half_, few_;
    Certain certain_;
    Part& part_;
    ClassCounts guess_, truth_;
    std::vector<std::uint32_t> thin_first_, thin_second_;
    std::size_t thin_tenth_ = 0;
};

// tenth_of: of a row's answer; there are `tenths`
template <class TenthOf>
Part counted(const Labels& labels, const Neighbours& near, std::size_t few, Certain certain,
             std::size_t tenths, const TenthOf& tenth_of) {
    const std::size_t tasks = std::min(most_tasks, near.groups());
    std::vector<Part> parts(tasks, Part(labels.columns(), tenths));
    const auto first_from = [&](std::size_t task) {
        const auto row = static_cast<std::uint32_t>(near.row.size() * task / tasks);
        return static_cast<std::size_t>(std::lower_bound(near.start.begin(), near.start.end(), row) -
                                        near.start.begin());
    };
    parallel_for(tasks, [&](std::size_t task) {
        Judge judge(labels, near.row.size() / 2, few, certain, parts[task]);
        const std::size_t end = first_from(task + 1);
        for (std::size_t group = first_from(task); group < end; ++group)
            judge.add(near.of(group), tenth_of(near.of(group).front()));
        judge.flush();
    });
    for (std::size_t task = 1; task < tasks; ++task) parts[0].add(parts[task]);
    return parts[0];
}

// What was counted, as shares of the second half's rows
class Shared {
  public:
    Shared(std::size_t few, Certain certain, std::size_t rows, const Part& part)
        : few_(few),
          certain_(certain),
          half_(rows / 2),
          rest_(static_cast<double>(rows - rows / 2)),
          part_(part),
          columns_(part.right.size()),
          first_(columns_),
          second_(columns_),
          common_(columns_) {
        for (const ClassCounts& guess : part.guess) first_.add(guess);
        for (const ClassCounts& truth : part.truth) second_.add(truth);
        first_.commonest(common_);
    }

    Tally tally() const {
        Tally out{share(part_.thin), {}};
        for (std::size_t i = 0; i < columns_; ++i)
            out.columns.push_back({static_cast<double>(first_.of(common_[i], i)) / static_cast<double>(half_),
                                   share(second_.of(common_[i], i)),
                                   said(i, part_.right, part_.sure, part_.thin_truth),
                                   {}});
        return out;
    }

    // A tenth is a group of neighbours too.
    void add_tenths(Tally& out) const {
        std::vector<std::uint64_t> right(columns_), sure(most_classes * columns_);
        ClassCounts thin(columns_);
        for (std::size_t d = 0; d < part_.told.size(); ++d) {
            if (part_.told[d] < few_)
                thin.add(part_.truth[d]);
            else
                judge(part_.guess[d], part_.truth[d], part_.told[d], certain_, right, sure);
        }
        for (std::size_t i = 0; i < columns_; ++i) out.columns[i].tenth = said(i, right, sure, thin);
    }

  private:
    double share(std::uint64_t rows) const { return static_cast<double>(rows) / rest_; }

    Said said(std::size_t column, const std::vector<std::uint64_t>& right,
              const std::vector<std::uint64_t>& sure, const ClassCounts& thin) const {
        std::uint64_t all = 0;
        for (std::size_t c = 0; c < most_classes; ++c) all += sure[c * columns_ + column];
        return {share(right[column] + thin.of(common_[column], column)), share(all),
                share(all - sure[common_[column] * columns_ + column])};
    }

    std::size_t few_;
    Certain certain_;
    std::size_t half_;
    double rest_;
    const Part& part_;
    std::size_t columns_;
    ClassCounts first_, second_;
    std::vector<std::uint8_t> common_;
};

void require_halves(std::size_t rows) {
    if (rows < 2) fail(ErrorKind::parameter, "counting: a sample of fewer than two rows has no halves");
}

}  // namespace

void require_lengths(std::span<const std::vector<std::int64_t>> answers, std::size_t rows) {
    for (const auto& one : answers)
        if (one.size() != rows)
            fail(ErrorKind::parameter, "counting: " + std::to_string(one.size()) + " answers for " +
                                           std::to_string(rows) + " rows");
}

std::size_t Cuts::tenth_of(std::int64_t answer) const {
    const double whole = static_cast<double>(answer) + known;
    return static_cast<std::size_t>(
        std::count_if(cut.begin(), cut.end(), [&](double one) { return one <= whole; }));
}

Tally Sample::tally_vartime(std::span<const std::vector<std::int64_t>> answers, std::size_t few,
                            Certain certain) const {
    require_lengths(answers, count_);
    require_halves(count_);
    const Neighbours near = neighbours(answers, count_);
    const Part part = counted(*labels_, near, few, certain, 1, [](std::size_t) { return 0U; });
    return Shared(few, certain, count_, part).tally();
}

Tally Sample::tally_vartime(const std::vector<std::int64_t>& answers, const Cuts& cuts, std::size_t few,
                            Certain certain) const {
    require_lengths({&answers, 1}, count_);
    require_halves(count_);
    const Neighbours near = neighbours({&answers, 1}, count_);
    const auto tenth_of = [&](std::size_t row) { return cuts.tenth_of(answers[row]); };
    const Part part = counted(*labels_, near, few, certain, cuts.cut.size() + 1, tenth_of);
    const Shared shared(few, certain, count_, part);
    Tally out = shared.tally();
    shared.add_tenths(out);
    return out;
}

}  // namespace pyfe::counting
