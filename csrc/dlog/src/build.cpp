// Filling the table with the kernel that searches it: around the centres j (2K + 1) B, the steps +-B .. +-K
// B.
#include "build.hpp"

#include <algorithm>

#include "base_multiples.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/group/kernels.hpp"

namespace pyfe::dlog {
namespace {

using group::AffineBlock;
using group::Kernels;
using group::MontgomeryPoint;
using group::SweepUnit;

constexpr size_t kUnits = 512;  // to an inversion
constexpr size_t kReach = 8 * kUnits;
constexpr size_t kRunLength = 2 * kReach + 1;  // keys around one centre
constexpr size_t kRuns = 16;                   // worked out at once: 1 MB of keys
constexpr size_t kAhead = 16;

uint64_t key_of(const MontgomeryPoint& p) { return p.u[0] | p.u[1] << 51; }

struct Sweeper {
    std::vector<SweepUnit> units;
    std::vector<Slab> scratch{2 * kUnits};
    std::vector<Slab> keys{(2 * kUnits * 8 * sizeof(uint64_t) + sizeof(Slab) - 1) / sizeof(Slab)};

    Sweeper() {
        for (uint32_t step = 0; step < kUnits; ++step) units.push_back({0, step});
    }

    // The keys of centre - K B .. centre + K B
    void run(const Kernels& k, const MontgomeryPoint& centre, const AffineBlock* steps, uint64_t* out) {
        auto* found = reinterpret_cast<uint64_t(*)[8]>(keys.data());
        if (k.sweep_vartime(units.data(), kUnits, &centre, steps, found, &scratch[0].e) != 0)
            fail(ErrorKind::resource, "small logs: the table's steps and centres meet");
        out[kReach] = key_of(centre);
        for (size_t i = 0; i < kReach; ++i) {
            out[kReach + 1 + i] = found[2 * (i / 8)][i % 8];
            out[kReach - 1 - i] = found[2 * (i / 8) + 1][i % 8];
        }
    }
};

void insert_run(Table& table, const uint64_t* keys, size_t count, int64_t first) {
    for (size_t i = 0; i < count; ++i) {
        if (i + kAhead < count) table.prefetch(keys[i + kAhead]);
        table.insert(keys[i], first + static_cast<int64_t>(i));
    }
}

// m = K + 1 .. entries
void fill_around_centres(Table& table, const BaseMultiples& base, const std::vector<MontgomeryPoint>& near,
                         size_t entries) {
    const Kernels& k = group::kernels();
    const std::vector<AffineBlock> steps = pack(near);
    const size_t runs = (entries - kReach + kRunLength - 1) / kRunLength;
    const std::vector<MontgomeryPoint> centres = base.progression(static_cast<int64_t>(kRunLength), runs);
    std::vector<Sweeper> sweepers(std::min(kRuns, runs));
    std::vector<uint64_t> keys(sweepers.size() * kRunLength);
    for (size_t r0 = 0; r0 < runs; r0 += sweepers.size()) {
        const size_t here = std::min(sweepers.size(), runs - r0);
        parallel_for(here, [&](size_t r) {
            sweepers[r].run(k, centres[r0 + r], steps.data(), keys.data() + r * kRunLength);
        });
        const size_t first = kReach + 1 + r0 * kRunLength;
        insert_run(table, keys.data(), std::min(here * kRunLength, entries + 1 - first),
                   static_cast<int64_t>(first));
    }
}

}  // namespace

std::unique_ptr<Table> build_table(Rung rung) {
    auto table = std::make_unique<Table>(rung, Mapping(lines_for(rung.log_entries) * sizeof(Line)), 0);
    const BaseMultiples& base = BaseMultiples::of(group::kernels());
    const size_t entries = size_t{1} << rung.log_entries;
    const std::vector<MontgomeryPoint> near = base.progression(1, std::min(kReach, entries));
    std::vector<uint64_t> keys;
    for (const MontgomeryPoint& p : near) keys.push_back(key_of(p));
    insert_run(*table, keys.data(), keys.size(), 1);
    if (entries > kReach) fill_around_centres(*table, base, near, entries);
    table->built = true;
    return table;
}

std::vector<AffineBlock> giant_steps(Rung rung) {
    const int64_t stride = 2 * (int64_t{1} << rung.log_entries) + 1;
    return pack(BaseMultiples::of(group::kernels()).progression(stride, rung.steps));
}

}  // namespace pyfe::dlog
