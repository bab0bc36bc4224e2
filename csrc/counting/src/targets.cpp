#include <algorithm>
#include <string>

#include "class_counts.hpp"
#include "neighbours.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/counting/sample.hpp"

namespace pyfe::counting {
namespace {

struct Found {
    double records = 0;
    std::size_t thin = 0;
    std::vector<std::size_t> certain;
};

// A row's classes in 64 bits. Two of 10^6 different rows agree with a probability below 10^-7.
std::uint64_t record_of(const Labels& labels, std::size_t row) {
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < labels.columns; ++i) {  // the steps of SplitMix64
        hash = (hash ^ labels.of(row)[i]) + 0x9e3779b97f4a7c15U;
        hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
        hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
        hash ^= hash >> 31;
    }
    return hash;
}

// All rows with the same answers
class Group {
  public:
    Group(const Labels& labels, std::span<const std::uint32_t> rows)
        : labels_(labels), size_(rows.size()), counts_(labels.columns) {
        std::vector<std::uint64_t> records;
        for (const std::uint32_t row : rows) {
            count(labels_, row, counts_);
            records.push_back(record_of(labels_, row));
        }
        std::sort(records.begin(), records.end());
        for (const std::uint64_t record : records) {
            if (records_.empty() || records_.back().first != record) records_.push_back({record, 0});
            ++records_.back().second;
        }
    }

    // What the others of the group say about one of its rows
    void look_up(std::size_t target, std::size_t few, Certain certain, Found& found) const {
        const std::size_t others = size_ - 1;
        if (others < few || others == 0) {
            ++found.thin;
            return;
        }
        found.records += chance_to_name(record_of(labels_, target));
        const std::uint8_t* const label = labels_.of(target);
        for (std::size_t i = 0; i < labels_.columns; ++i)
            found.certain[i] += certain(counts_[i][label[i]] - 1, static_cast<double>(others));
    }

  private:
    double chance_to_name(std::uint64_t own) const {
        std::size_t most = 0, as_likely = 0, of_own = 0;
        for (const auto& [record, rows] : records_) {
            const std::size_t others = rows - (record == own);
            if (record == own) of_own = others;
            if (others > most) as_likely = 0;
            most = std::max(most, others);
            as_likely += others == most;
        }
        return of_own == most ? 1.0 / static_cast<double>(as_likely) : 0.0;
    }

    Labels labels_;
    std::size_t size_;
    std::vector<ClassCounts> counts_;
    std::vector<std::pair<std::uint64_t, std::size_t>> records_;  // with how many rows have them
};

void require_targets(std::span<const std::int64_t> targets, std::size_t rows) {
    if (targets.empty()) fail(ErrorKind::parameter, "counting: no target");
    for (const std::int64_t target : targets)
        if (target < 0 || static_cast<std::uint64_t>(target) >= rows)
            fail(ErrorKind::parameter,
                 "counting: the target " + std::to_string(target) + " is no row of " + std::to_string(rows));
}

// The groups that hold targets, with the targets of each
std::vector<std::pair<std::size_t, std::vector<std::size_t>>> by_group(
    const Neighbours& near, std::span<const std::int64_t> targets) {
    std::vector<std::uint32_t> group_of(near.row.size());
    for (std::size_t group = 0; group < near.groups(); ++group)
        for (const std::uint32_t row : near.of(group)) group_of[row] = static_cast<std::uint32_t>(group);
    std::vector<std::pair<std::size_t, std::size_t>> all;
    for (const std::int64_t target : targets)
        all.emplace_back(group_of[static_cast<std::size_t>(target)], static_cast<std::size_t>(target));
    std::sort(all.begin(), all.end());
    std::vector<std::pair<std::size_t, std::vector<std::size_t>>> out;
    for (const auto& [group, target] : all) {
        if (out.empty() || out.back().first != group) out.push_back({group, {}});
        out.back().second.push_back(target);
    }
    return out;
}

}  // namespace

Matches Sample::matches_vartime(std::span<const std::vector<std::int64_t>> answers,
                                std::span<const std::int64_t> targets, std::size_t few,
                                Certain certain) const {
    require_lengths(answers, count_);
    require_targets(targets, count_);
    const Labels labels{labels_, guessed_};
    const Neighbours near = neighbours(answers, count_);
    const auto groups = by_group(near, targets);
    std::vector<Found> parts(groups.size());
    parallel_for(parts.size(), [&](std::size_t task) {
        parts[task].certain.resize(guessed_);
        const Group group(labels, near.of(groups[task].first));
        for (const std::size_t target : groups[task].second) group.look_up(target, few, certain, parts[task]);
    });

    const auto all = static_cast<double>(targets.size());
    Matches out{0, 0, std::vector<double>(guessed_)};
    for (const Found& part : parts) {
        out.records += part.records / all;
        out.thin += static_cast<double>(part.thin) / all;
        for (std::size_t i = 0; i < guessed_; ++i)
            out.certain[i] += static_cast<double>(part.certain[i]) / all;
    }
    return out;
}

}  // namespace pyfe::counting
