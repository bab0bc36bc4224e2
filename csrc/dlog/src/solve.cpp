// The search. A target is P = (z - c) B, c the middle of the interval. z - c = (origin position) + i (2T + 1)
// +- m with m <= T: origins are few and only the widest intervals have more than one; i is swept outward,
// eight steps and both signs at a time, with one inversion for up to 512 such units over all targets that are
// still unsolved.
#include <algorithm>
#include <memory>
#include <vector>

#include "base_multiples.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/dlog/dlog.hpp"
#include "pyfe/group/kernels.hpp"
#include "shape.hpp"
#include "store.hpp"

namespace pyfe::dlog {
namespace {

using group::Kernels;
using group::MontgomeryPoint;
using group::PointBlock;
using group::SweepUnit;

constexpr size_t kUnits = 512;  // to an inversion; their scratch fits the L2 cache
constexpr size_t kFirstUnits = 64;
constexpr size_t kTargets = 512;  // searched side by side by one thread

struct alignas(64) KeyRow {
    uint64_t key[8];
};

// What all threads share
struct Search {
    const Kernels& k;
    const BaseMultiples& base;
    const Table& table;
    Shape shape;
    int64_t below, above;     // the interval, counted from its centre
    PointBlock minus_centre;  // -c B in every lane
};

bool same(const uint64_t (&a)[5], const uint64_t (&b)[5]) { return std::equal(a, a + 5, b); }

bool same_lane(const MontgomeryPoint& p, const group::AffineBlock& steps, size_t lane) {
    for (size_t i = 0; i < 5; ++i)
        if (p.u[i] != steps.x[i][lane]) return false;
    return true;
}

uint64_t key_of(const MontgomeryPoint& p) { return p.u[0] | p.u[1] << 51; }

// Up to kTargets targets
class Group {
  public:
    Group(const Search& search, const PointBlock* points, size_t count)
        : s_(search),
          count_(count),
          unit_room_(std::min(kUnits, std::max<size_t>(1, count * search.shape.blocks))),
          scratch_(std::make_unique_for_overwrite<Slab[]>(2 * unit_room_)),
          keys_(std::make_unique_for_overwrite<KeyRow[]>(2 * unit_room_)),
          points_(points, points + (count + 7) / 8),
          home_(count),
          here_(count),
          infinite_(count),
          distance_(count, 0),
          found_(count, 0) {
        for (size_t t = 0; t < count; ++t) open_.push_back(static_cast<uint32_t>(t));
    }

    void run() {
        s_.k.double_times(points_.data(), points_.size(), 2);
        for (PointBlock& p : points_) s_.k.add(&p, &s_.minus_centre, 1, &p);
        to_montgomery(s_.k, points_.data(), count_, home_.data(), infinite_.data());
        here_ = home_;
        search_origin(0);
        for (int64_t o = 1; o <= s_.shape.origins && !open_.empty(); ++o)
            for (const int64_t side : {o, -o}) {
                move_to(side * s_.shape.origin_stride());
                search_origin(side * s_.shape.origin_stride());
            }
    }

    bool found(size_t t) const { return found_[t] != 0; }
    int64_t distance(size_t t) const { return distance_[t]; }

  private:
    struct Candidate {
        uint32_t target;
        int64_t distance;
    };

    void close(uint32_t target) { open_.erase(std::find(open_.begin(), open_.end(), target)); }

    // The log is known to be `distance`, whether or not the interval has it.
    void settle(uint32_t target, int64_t distance) {
        close(target);
        found_[target] = distance >= s_.below && distance <= s_.above;
        distance_[target] = distance;
    }

    void move_to(int64_t origin) {
        PointBlock shift = s_.base.everywhere(-origin);
        std::vector<PointBlock> moved(points_.size());
        for (size_t b = 0; b < points_.size(); ++b) s_.k.add(&points_[b], &shift, 1, &moved[b]);
        to_montgomery(s_.k, moved.data(), count_, here_.data(), infinite_.data());
    }

    void search_origin(int64_t origin) {
        check_origin(origin);
        size_t done = 0;
        while (done < s_.shape.blocks && !open_.empty()) {
            // Logs gather around the centre: small chunks first, so that few look-ups are made in vain.
            const size_t room = std::min(kUnits, kFirstUnits + done * open_.size());
            const size_t blocks = std::clamp<size_t>(room / open_.size(), 1, s_.shape.blocks - done);
            sweep(origin, done, blocks);
            done += blocks;
        }
    }

    // i = 0
    void check_origin(int64_t origin) {
        const std::vector<uint32_t> targets = open_;
        std::vector<uint64_t> keys;
        for (const uint32_t t : targets) keys.push_back(key_of(here_[t]));
        hits_.clear();
        s_.table.look_up(keys.data(), keys.size(), hits_);
        candidates_.clear();
        for (const Hit& hit : hits_) propose(targets[hit.k], origin, hit.m);
        for (const uint32_t t : targets)
            if (infinite_[t]) settle(t, origin);
        verify();
    }

    void sweep(int64_t origin, size_t first, size_t blocks) {
        auto* keys = reinterpret_cast<uint64_t(*)[8]>(keys_.get());
        for (;;) {
            units_.clear();
            for (size_t b = first; b < first + blocks; ++b)
                for (const uint32_t t : open_) units_.push_back({t, static_cast<uint32_t>(b)});
            if (units_.empty()) return;
            const int met = s_.k.sweep_vartime(units_.data(), units_.size(), here_.data(),
                                               s_.table.steps.data(), keys, &scratch_[0].e);
            if (met == 0) break;
            // A target is a giant step itself: its zero denominator has spoilt the lane, so it goes and the
            // rest repeats.
            settle_steps(origin);
        }
        hits_.clear();
        s_.table.look_up(&keys_[0].key[0], 16 * units_.size(), hits_);
        candidates_.clear();
        for (const Hit& hit : hits_) {
            const SweepUnit& unit = units_[hit.k / 16];
            const int64_t i = 8 * static_cast<int64_t>(unit.step) + hit.k % 8 + 1;
            // First eight keys: P + iS = +-m B
            const int64_t middle = (hit.k / 8 % 2 == 0 ? -i : i) * s_.shape.stride;
            propose(unit.target, origin + middle, hit.m);
        }
        verify();
    }

    void settle_steps(int64_t origin) {
        const size_t before = open_.size();
        for (const SweepUnit& unit : units_)
            for (size_t lane = 0; lane < 8; ++lane)
                if (same_lane(here_[unit.target], s_.table.steps[unit.step], lane))
                    settle_step(origin, unit, lane);
        if (open_.size() == before) fail(ErrorKind::resource, "small logs: a giant step met no target");
    }

    void settle_step(int64_t origin, const SweepUnit& unit, size_t lane) {
        const int64_t i = 8 * static_cast<int64_t>(unit.step) + static_cast<int64_t>(lane) + 1;
        // p is odd, so v and p - v differ in their low bits.
        const bool positive = here_[unit.target].v[0] == s_.table.steps[unit.step].y[0][lane];
        settle(unit.target, origin + (positive ? i : -i) * s_.shape.stride);
    }

    // z - c = middle +- m; what lies outside the interval is not worth a check
    void propose(uint32_t target, int64_t middle, int64_t m) {
        for (const int64_t d : {middle + m, middle - m})
            if (d >= s_.below && d <= s_.above) candidates_.push_back({target, d});
    }

    void verify() {
        for (size_t first = 0; first < candidates_.size(); first += kTargets)
            verify_part(first, std::min(kTargets, candidates_.size() - first));
    }

    void verify_part(size_t first, size_t count) {
        std::vector<int64_t> d(count);
        std::vector<PointBlock> multiples((count + 7) / 8);
        std::vector<MontgomeryPoint> at(count);
        std::vector<uint8_t> infinite(count);
        for (size_t j = 0; j < count; ++j) d[j] = candidates_[first + j].distance;
        s_.base.multiply(d.data(), count, s_.shape.half, multiples.data());
        to_montgomery(s_.k, multiples.data(), count, at.data(), infinite.data());
        for (size_t j = 0; j < count; ++j) {
            const uint32_t t = candidates_[first + j].target;
            // The identity (distance 0) is settled before any look-up.
            if (found_[t] || infinite[j] || !same(at[j].u, home_[t].u) || !same(at[j].v, home_[t].v))
                continue;
            settle(t, d[j]);
        }
    }

    const Search& s_;
    size_t count_, unit_room_;
    std::unique_ptr<Slab[]> scratch_;
    std::unique_ptr<KeyRow[]> keys_;
    std::vector<PointBlock> points_;
    std::vector<MontgomeryPoint> home_, here_;  // P, and P less the origin's multiple
    std::vector<uint8_t> infinite_;
    std::vector<int64_t> distance_;
    std::vector<uint8_t> found_;
    std::vector<uint32_t> open_;  // targets not settled
    std::vector<SweepUnit> units_;
    std::vector<Hit> hits_;
    std::vector<Candidate> candidates_;
};

void run_group(const Search& search, int64_t centre, const PointBlock* points, size_t count, int64_t* z,
               uint8_t* found) {
    Group group(search, points, count);
    group.run();
    for (size_t t = 0; t < count; ++t) {
        found[t] = group.found(t);
        z[t] = group.found(t) ? centre + group.distance(t) : 0;
    }
}

// Whole blocks, an even share for each thread
size_t group_size(size_t count) {
    const size_t share = (count + num_threads() - 1) / num_threads();
    return std::clamp<size_t>((share + 7) / 8 * 8, 8, kTargets);
}

void search_all(const Search& search, int64_t centre, const PointBlock* points, size_t count, int64_t* z,
                uint8_t* found) {
    const size_t size = group_size(count);
    parallel_for((count + size - 1) / size, [&](size_t g) {
        const size_t first = g * size;
        run_group(search, centre, points + first / 8, std::min(size, count - first), z + first,
                  found + first);
    });
}

}  // namespace

void solve_vartime(const PointBlock* points, size_t count, Interval interval, int64_t* z, uint8_t* found) {
    if (interval.lo > interval.hi)
        fail(ErrorKind::parameter, "small logs: the interval's low end " + std::to_string(interval.lo) +
                                       " is above its high end " + std::to_string(interval.hi));
    const uint64_t width = static_cast<uint64_t>(interval.hi) - static_cast<uint64_t>(interval.lo);
    const Shape shape = shape_of(width);
    if (count == 0) return;
    const Kernels& k = group::kernels();
    const BaseMultiples& base = BaseMultiples::of(k);
    const int64_t centre = interval.lo + static_cast<int64_t>(width / 2);
    PointBlock minus_centre = base.everywhere(centre);
    k.negate(&minus_centre, 1, &minus_centre);
    for (int attempt = 0; attempt < 3; ++attempt) {
        const std::shared_ptr<const Table> table = open_table(shape.rung);
        try {
            const Search search{k,           base, *table, shape, interval.lo - centre, interval.hi - centre,
                                minus_centre};
            return search_all(search, centre, points, count, z, found);
        } catch (const DamagedPage&) {
            discard_damaged(table);
        }
    }
    fail(ErrorKind::resource,
         "small logs: the cache file keeps being damaged; set PYFE_CACHE_DIR to another disk");
}

}  // namespace pyfe::dlog
