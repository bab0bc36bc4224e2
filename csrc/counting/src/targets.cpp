#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "class_counts.hpp"
#include "packed.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/counting/sample.hpp"

namespace pyfe::counting {
namespace {

using Rows = std::vector<std::uint32_t>;

constexpr std::size_t rows_a_task = 8192;

struct Found {
    double records = 0;
    std::size_t thin = 0;
    std::vector<std::size_t> certain;
};

std::uint64_t mixed(std::uint64_t word) {  // SplitMix64
    word += 0x9e3779b97f4a7c15U;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebU;
    return word ^ (word >> 31);
}

// A row's classes in 64 bits. Two of 10^6 different rows agree with a probability below 10^-7.
std::uint64_t record_of(const Labels& labels, std::size_t row) {
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < labels.size(); i += sizeof(hash)) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, labels.of(row) + i, std::min(sizeof(eight), labels.size() - i));
        hash = mixed(hash ^ eight);
    }
    return hash;
}

// Records, with how many rows have each
class Records {
  public:
    explicit Records(std::size_t most) : slots_(std::bit_ceil(2 * most + 1)) {}

    void add(std::uint64_t record) {
        Slot& slot = slots_[place(record)];
        slot.record = record;
        ++slot.rows;
    }

    // How likely a row with this record is named by the commonest record of all others, where several are at
    // random
    double chance_to_name(std::uint64_t own) const {
        const std::size_t of_own = slots_[place(own)].rows - 1;
        std::size_t most = of_own, as_likely = 1;
        for (const auto& [record, rows] : slots_) {
            if (rows == 0 || record == own || rows < most) continue;
            as_likely = rows > most ? 1 : as_likely + 1;
            most = rows;
        }
        return of_own == most ? 1.0 / static_cast<double>(as_likely) : 0.0;
    }

  private:
    struct Slot {
        std::uint64_t record = 0;
        std::size_t rows = 0;
    };

    std::size_t place(std::uint64_t record) const {
        std::size_t at = record & (slots_.size() - 1);
        while (slots_[at].rows != 0 && slots_[at].record != record) at = (at + 1) & (slots_.size() - 1);
        return at;
    }

    std::vector<Slot> slots_;
};

// All rows with the same answers
class Group {
  public:
    Group(const Labels& labels, std::span<const std::uint32_t> rows)
        : labels_(labels), size_(rows.size()), counts_(labels.columns()), records_(rows.size()) {
        for (std::size_t at = 0; at < rows.size(); at += rows_at_once) {
            const auto some = rows.subspan(at, std::min(rows_at_once, rows.size() - at));
            counts_.add(labels, some);
            for (const std::uint32_t row : some) records_.add(record_of(labels, row));
        }
    }

    // What the others of the group say about one of its rows
    void look_up(std::size_t target, std::size_t few, Certain certain, Found& found) const {
        const std::size_t others = size_ - 1;
        if (others < few || others == 0) {
            ++found.thin;
            return;
        }
        found.records += records_.chance_to_name(record_of(labels_, target));
        for (std::size_t i = 0; i < labels_.columns(); ++i)
            found.certain[i] +=
                certain(counts_.of(labels_.at(target, i), i) - 1, static_cast<double>(others));
    }

  private:
    static constexpr std::size_t rows_at_once = 255;

    const Labels& labels_;
    std::size_t size_;
    ClassCounts counts_;
    Records records_;
};

void require_targets(std::span<const std::int64_t> targets, std::size_t rows) {
    if (targets.empty()) fail(ErrorKind::parameter, "counting: no target");
    for (const std::int64_t target : targets)
        if (target < 0 || static_cast<std::uint64_t>(target) >= rows)
            fail(ErrorKind::parameter,
                 "counting: the target " + std::to_string(target) + " is no row of " + std::to_string(rows));
}

// Targets that agree in all answers, in the order of the answers to the last score, to the one before, and so
// on
using Groups = std::vector<std::vector<std::size_t>>;

Groups grouped(const Packed& answers, std::span<const std::int64_t> targets) {
    const auto answers_of = [&](std::size_t row) {
        std::vector<std::uint64_t> out;
        for (std::size_t i = answers.lanes.size(); i-- > 0;) out.push_back(answers.answer(i, row));
        return out;
    };
    std::vector<std::pair<std::vector<std::uint64_t>, std::size_t>> all;
    for (const std::int64_t target : targets)
        all.emplace_back(answers_of(static_cast<std::size_t>(target)), static_cast<std::size_t>(target));
    std::sort(all.begin(), all.end());
    Groups out;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i == 0 || all[i].first != all[i - 1].first) out.emplace_back();
        out.back().push_back(all[i].second);
    }
    return out;
}

// Finds the group of a row that agrees with targets. Most rows do not, and their slot is empty.
class Finder {
  public:
    Finder(const Packed& answers, const Groups& groups)
        : answers_(answers),
          slots_(std::bit_ceil(slots_a_group * (groups.size() + 1)), none),
          shift_(64U - static_cast<unsigned>(std::countr_zero(slots_.size()))) {
        for (std::size_t group = 0; group < groups.size(); ++group) {
            first_.push_back(groups[group].front());
            std::uint64_t hash = 0;
            hashes(first_.back(), 1, &hash);
            std::size_t slot = hash >> shift_;
            while (slots_[slot] != none) slot = (slot + 1) % slots_.size();
            slots_[slot] = static_cast<std::uint32_t>(group);
        }
    }

    // use(group, row) for the rows first .. end - 1 that agree with targets
    template <class Use>
    void find(std::size_t first, std::size_t end, const Use& use) const {
        std::array<std::uint64_t, rows_at_once> hash;
        for (; first < end; first += rows_at_once) {
            const std::size_t rows = std::min(rows_at_once, end - first);
            hashes(first, rows, hash.data());
            for (std::size_t i = 0; i < rows; ++i) {
                const std::uint32_t group = group_of(hash[i], first + i);
                if (group != none) use(group, static_cast<std::uint32_t>(first + i));
            }
        }
    }

  private:
    static constexpr std::size_t slots_a_group = 16, rows_at_once = 1024;
    static constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;  // Knuth, TAOCP 3, 6.4

    // The upper bits are of use.
    void hashes(std::size_t first, std::size_t rows, std::uint64_t* out) const {
        std::fill_n(out, rows, 0);
        for (const auto& word : answers_.words)
            for (std::size_t i = 0; i < rows; ++i)
                out[i] = ((out[i] ^ out[i] >> 32) + word[first + i]) * golden;
    }

    std::uint32_t group_of(std::uint64_t hash, std::size_t row) const {
        for (std::size_t slot = hash >> shift_; slots_[slot] != none; slot = (slot + 1) % slots_.size())
            if (agree(first_[slots_[slot]], row)) return slots_[slot];
        return none;
    }

    bool agree(std::size_t a, std::size_t b) const {
        return std::all_of(answers_.words.begin(), answers_.words.end(),
                           [&](const auto& word) { return word[a] == word[b]; });
    }

    static constexpr std::uint32_t none = 0xffffffff;

    const Packed& answers_;
    std::vector<std::uint32_t> slots_;
    unsigned shift_;
    std::vector<std::size_t> first_;  // a target of each group
};

// The rows of each group, in order
std::vector<Rows> rows_of(const Packed& answers, const Groups& groups) {
    const Finder finder(answers, groups);
    std::vector<std::vector<std::pair<std::uint32_t, std::uint32_t>>> parts(
        (answers.count + rows_a_task - 1) / rows_a_task);
    parallel_for(parts.size(), [&](std::size_t task) {
        const std::size_t end = std::min(answers.count, (task + 1) * rows_a_task);
        finder.find(task * rows_a_task, end,
                    [&](std::uint32_t group, std::uint32_t row) { parts[task].emplace_back(group, row); });
    });
    std::vector<Rows> out(groups.size());
    for (const auto& part : parts)
        for (const auto& [group, row] : part) out[group].push_back(row);
    return out;
}

Matches matches_of(const Labels& labels, const Packed& answers, std::span<const std::int64_t> targets,
                   std::size_t few, Certain certain) {
    const Groups groups = grouped(answers, targets);
    const std::vector<Rows> rows = rows_of(answers, groups);
    std::vector<Found> parts(groups.size());
    parallel_for(parts.size(), [&](std::size_t task) {
        parts[task].certain.resize(labels.columns());
        const Group group(labels, rows[task]);
        for (const std::size_t target : groups[task]) group.look_up(target, few, certain, parts[task]);
    });

    const auto all = static_cast<double>(targets.size());
    Matches out{0, 0, std::vector<double>(labels.columns())};
    for (const Found& part : parts) {
        out.records += part.records / all;
        out.thin += static_cast<double>(part.thin) / all;
        for (std::size_t i = 0; i < labels.columns(); ++i)
            out.certain[i] += static_cast<double>(part.certain[i]) / all;
    }
    return out;
}

}  // namespace

BothMatches Sample::matches_vartime(std::span<const Shares> scores, std::span<const std::int64_t> targets,
                                    std::size_t few, Certain certain) const {
    require_targets(targets, count_);
    const Packed answers = packed(scores);
    return {matches_of(*labels_, answers, targets, few, certain),
            matches_of(*labels_, tenths_of(answers), targets, few, certain)};
}

}  // namespace pyfe::counting
