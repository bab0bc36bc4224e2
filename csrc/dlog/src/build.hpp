// Filling the table with the kernel that searches it: around the centres j (2K + 1) B, the steps +-B .. +-K
// B.
#pragma once
#include <algorithm>
#include <memory>

#include "multiples.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/dlog/kernels.hpp"
#include "table.hpp"

namespace pyfe::dlog {

template <class G>
class Builder {
  public:
    Builder(const G& group, Table& table, Rung rung)
        : group_(group), table_(table), entries_(size_t{1} << rung.log_entries) {}

    void run() {
        const size_t count = std::min(kReach, entries_);
        const std::vector<typename G::Block> near = progression(group_, 1, count);
        const typename G::Targets centres(group_, near.data(), count);
        std::vector<uint64_t> keys;
        for (size_t j = 0; j < count; ++j) keys.push_back(centres.key(j));
        insert_run(keys.data(), count, 1);
        if (entries_ > kReach) fill_around_centres(group_.steps(near));
    }

  private:
    static constexpr size_t kUnits = 512;  // to an inversion
    static constexpr size_t kReach = 8 * kUnits;
    static constexpr size_t kRunLength = 2 * kReach + 1;  // keys around one centre
    static constexpr size_t kRuns = 16;                   // worked out at once: 1 MB of keys
    static constexpr size_t kAhead = 16;

    struct Sweeper {
        std::vector<SweepUnit> units{kUnits};
        typename G::Scratch scratch{kUnits};
        std::vector<KeyRow> keys{2 * kUnits};

        // The keys of centre - K B .. centre + K B
        void run(const G& group, const typename G::Targets& centres, size_t r, const typename G::Steps& steps,
                 uint64_t* out) {
            for (uint32_t step = 0; step < kUnits; ++step) units[step] = {static_cast<uint32_t>(r), step};
            if (group.sweep_vartime(units.data(), kUnits, centres, steps, keys.data(), scratch))
                fail(ErrorKind::resource, "small logs: the table's steps and centres meet");
            out[kReach] = centres.key(r);
            for (size_t i = 0; i < kReach; ++i) {
                out[kReach + 1 + i] = keys[2 * (i / 8)].key[i % 8];
                out[kReach - 1 - i] = keys[2 * (i / 8) + 1].key[i % 8];
            }
        }
    };

    void insert_run(const uint64_t* keys, size_t count, int64_t first) {
        for (size_t i = 0; i < count; ++i) {
            if (i % 4096 == 0) checkpoint();
            if (i + kAhead < count) table_.prefetch(keys[i + kAhead]);
            table_.insert(keys[i], first + static_cast<int64_t>(i));
        }
    }

    // m = K + 1 .. entries
    void fill_around_centres(const typename G::Steps& steps) {
        const size_t runs = (entries_ - kReach + kRunLength - 1) / kRunLength;
        const auto blocks = progression(group_, static_cast<int64_t>(kRunLength), runs);
        const typename G::Targets centres(group_, blocks.data(), runs);
        std::vector<Sweeper> sweepers(std::min(kRuns, runs));
        std::vector<uint64_t> keys(sweepers.size() * kRunLength);
        for (size_t r0 = 0; r0 < runs; r0 += sweepers.size()) {
            const size_t here = std::min(sweepers.size(), runs - r0);
            parallel_for(here, [&](size_t r) {
                sweepers[r].run(group_, centres, r0 + r, steps, keys.data() + r * kRunLength);
            });
            const size_t first = kReach + 1 + r0 * kRunLength;
            insert_run(keys.data(), std::min(here * kRunLength, entries_ + 1 - first),
                       static_cast<int64_t>(first));
        }
    }

    const G& group_;
    Table& table_;
    size_t entries_;
};

// The table of a rung, in memory
template <class G>
std::unique_ptr<Table> build_table(const G& group, Rung rung) {
    auto table = std::make_unique<Table>(rung);
    Builder<G>(group, *table, rung).run();
    table->built = true;
    return table;
}

// The giant steps that go with it
template <class G>
typename G::Steps giant_steps(const G& group, Rung rung) {
    const int64_t stride = 2 * (int64_t{1} << rung.log_entries) + 1;
    return group.steps(progression(group, stride, rung.steps));
}

}  // namespace pyfe::dlog
