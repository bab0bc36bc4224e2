#include <string>

#include "class_counts.hpp"
#include "neighbours.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/counting/sample.hpp"

namespace pyfe::counting {
namespace {

constexpr std::size_t groups_a_task = 64;

struct Counted {
    std::uint64_t right = 0, sure = 0, rare = 0;
};

struct Part {
    std::uint64_t thin = 0;
    std::vector<Counted> columns;
};

// Goes over groups of neighbours one by one
class Judge {
  public:
    Judge(const Labels& labels, std::size_t half, std::size_t few, Certain certain,
          const std::vector<ClassCounts>& first)
        : labels_(labels), half_(half), few_(few), certain_(certain), all_(first) {}

    void add(std::span<const std::uint32_t> rows, Part& part) const {
        std::vector<ClassCounts> guess(labels_.columns), truth(labels_.columns);
        std::size_t told = 0;
        for (const std::uint32_t row : rows) {
            told += row < half_;
            count(labels_, row, row < half_ ? guess : truth);
        }
        const bool thin = told < few_;
        if (thin) part.thin += rows.size() - told;
        for (std::size_t i = 0; i < labels_.columns; ++i) {
            const std::size_t common = commonest(all_[i]), best = thin ? common : commonest(guess[i]);
            const std::uint64_t right = truth[i][best];
            part.columns[i].right += right;
            if (thin || !certain_(guess[i][best], static_cast<double>(told))) continue;
            part.columns[i].sure += right;
            if (best != common) part.columns[i].rare += right;
        }
    }

  private:
    Labels labels_;
    std::size_t half_, few_;
    Certain certain_;
    const std::vector<ClassCounts>& all_;
};

Part sum_of(const std::vector<Part>& parts, std::size_t columns) {
    Part out{0, std::vector<Counted>(columns)};
    for (const Part& part : parts) {
        out.thin += part.thin;
        for (std::size_t i = 0; i < columns; ++i) {
            out.columns[i].right += part.columns[i].right;
            out.columns[i].sure += part.columns[i].sure;
            out.columns[i].rare += part.columns[i].rare;
        }
    }
    return out;
}

std::vector<ClassCounts> counts_of(const Labels& labels, std::size_t first, std::size_t end) {
    std::vector<ClassCounts> out(labels.columns);
    for (std::size_t row = first; row < end; ++row) count(labels, row, out);
    return out;
}

}  // namespace

void require_lengths(std::span<const std::vector<std::int64_t>> answers, std::size_t rows) {
    for (const auto& one : answers)
        if (one.size() != rows)
            fail(ErrorKind::parameter, "counting: " + std::to_string(one.size()) + " answers for " +
                                           std::to_string(rows) + " rows");
}

Tally Sample::tally_vartime(std::span<const std::vector<std::int64_t>> answers, std::size_t few,
                            Certain certain) const {
    require_lengths(answers, count_);
    const std::size_t half = count_ / 2, rest = count_ - half;
    if (half == 0) fail(ErrorKind::parameter, "counting: a sample of fewer than two rows has no halves");
    const Labels labels{labels_, guessed_};
    const std::vector<ClassCounts> first = counts_of(labels, 0, half),
                                   second = counts_of(labels, half, count_);

    const Neighbours near = neighbours(answers, count_);
    const Judge judge(labels, half, few, certain, first);
    std::vector<Part> parts((near.groups() + groups_a_task - 1) / groups_a_task);
    parallel_for(parts.size(), [&](std::size_t task) {
        parts[task].columns.resize(guessed_);
        const std::size_t end = std::min(near.groups(), (task + 1) * groups_a_task);
        for (std::size_t group = task * groups_a_task; group < end; ++group)
            judge.add(near.of(group), parts[task]);
    });

    const Part sum = sum_of(parts, guessed_);
    const auto share = [&](std::uint64_t rows) {
        return static_cast<double>(rows) / static_cast<double>(rest);
    };
    Tally out{share(sum.thin), {}};
    for (std::size_t i = 0; i < guessed_; ++i) {
        const std::size_t common = commonest(first[i]);
        out.columns.push_back(
            {static_cast<double>(first[i][common]) / static_cast<double>(half),
             share(second[i][common]),
             {share(sum.columns[i].right), share(sum.columns[i].sure), share(sum.columns[i].rare)}});
    }
    return out;
}

}  // namespace pyfe::counting
