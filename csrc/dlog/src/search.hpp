// The search, over any group. A target is P = (z - c) B, c the middle of the interval. z - c = (origin
// position) + i (2T + 1) +- m with m <= T: origins are few and only the widest intervals have more than one;
// i is swept outward, eight steps and both signs at a time, up to 512 such units a call over all targets that
// are still unsolved.
#pragma once
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "multiples.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/dlog/dlog.hpp"
#include "shape.hpp"
#include "store.hpp"

namespace pyfe::dlog {

// What all threads share
template <class G>
struct Search {
    const G& group;
    const Table& table;
    const typename G::Steps& steps;
    Shape shape;
    int64_t centre, below, above;  // the interval's middle, and its ends counted from there
};

// Up to kTargets targets
template <class G>
class Batch {
  public:
    using Block = typename G::Block;

    Batch(const Search<G>& search, const Block* points, size_t count)
        : s_(search),
          count_(count),
          unit_room_(std::min(kUnits, std::max<size_t>(1, count * search.shape.blocks))),
          scratch_(unit_room_),
          keys_(std::make_unique_for_overwrite<KeyRow[]>(2 * unit_room_)),
          points_(points, points + (count + 7) / 8),
          distance_(count, 0),
          found_(count, 0) {
        for (size_t t = 0; t < count; ++t) open_.push_back(static_cast<uint32_t>(t));
    }

    void run() {
        s_.group.from_input(points_);
        subtract(s_.centre, points_);
        home_ = here_ = Targets(s_.group, points_.data(), count_);
        search_origin(0);
        for (int64_t o = 1; o <= s_.shape.origins && !open_.empty(); ++o)
            for (const int64_t side : {o, -o}) {
                move_to(side * s_.shape.origin_stride());
                search_origin(side * s_.shape.origin_stride());
            }
    }

    bool found(size_t t) const { return found_[t] != 0; }
    int64_t distance(size_t t) const { return distance_[t]; }

    static constexpr size_t kTargets = 512;  // searched side by side by one thread

  private:
    using Targets = typename G::Targets;
    static constexpr size_t kUnits = 512;  // to an inversion; their scratch fits the L2 cache
    static constexpr size_t kFirstUnits = 64;

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

    // P becomes P - d B for every point
    void subtract(int64_t d, std::vector<Block>& inout) const {
        Block by = everywhere(s_.group, d);
        s_.group.negate(by);
        for (Block& block : inout) s_.group.add(block, by, block);
    }

    void move_to(int64_t origin) {
        std::vector<Block> moved = points_;
        subtract(origin, moved);
        here_ = Targets(s_.group, moved.data(), count_);
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
        for (const uint32_t t : targets) keys.push_back(here_.key(t));
        hits_.clear();
        s_.table.look_up(keys.data(), keys.size(), hits_);
        candidates_.clear();
        for (const Hit& hit : hits_) propose(targets[hit.k], origin, hit.m);
        for (const uint32_t t : targets)
            if (here_.is_identity(t)) settle(t, origin);
        verify(s_.shape.half);
    }

    void sweep(int64_t origin, size_t first, size_t blocks) {
        for (;;) {
            checkpoint();
            units_.clear();
            for (size_t b = first; b < first + blocks; ++b)
                for (const uint32_t t : open_) units_.push_back({t, static_cast<uint32_t>(b)});
            if (units_.empty()) return;
            const bool met =
                s_.group.sweep_vartime(units_.data(), units_.size(), here_, s_.steps, keys_.get(), scratch_);
            if (!met) break;
            settle_steps(origin);
            if constexpr (!G::kMeetingSpoils) break;
        }
        hits_.clear();
        s_.table.look_up(keys_[0].key, 16 * units_.size(), hits_);
        candidates_.clear();
        for (const Hit& hit : hits_) {
            const SweepUnit& unit = units_[hit.k / 16];
            // First eight keys: P + iS = +-m B
            const int64_t middle = hit.k / 8 % 2 == 0 ? -step(unit, hit.k % 8) : step(unit, hit.k % 8);
            propose(unit.target, origin + middle, hit.m);
        }
        verify(s_.shape.half);
    }

    // The multiple of B that a lane adds and takes away
    int64_t step(const SweepUnit& unit, size_t lane) const {
        return (8 * static_cast<int64_t>(unit.step) + static_cast<int64_t>(lane) + 1) * s_.shape.stride;
    }

    // Targets that are a giant step themselves go; where they spoil their lane, the rest repeats.
    void settle_steps(int64_t origin) {
        const size_t before = open_.size();
        candidates_.clear();
        for (const SweepUnit& unit : units_)
            for (size_t lane = 0; lane < 8; ++lane)
                if (here_.key(unit.target) == G::step_key(s_.steps, unit.step, lane))
                    for (const int64_t d : {step(unit, lane), -step(unit, lane)})
                        candidates_.push_back({unit.target, origin + d});
        verify(s_.shape.reach());
        if (G::kMeetingSpoils && open_.size() == before)
            fail(ErrorKind::resource, "small logs: a giant step met no target");
    }

    // z - c = middle +- m; what lies outside the interval is not worth a check
    void propose(uint32_t target, int64_t middle, int64_t m) {
        for (const int64_t d : {middle + m, middle - m})
            if (d >= s_.below && d <= s_.above) candidates_.push_back({target, d});
    }

    // bound: of the candidates' distances
    void verify(uint64_t bound) {
        for (size_t first = 0; first < candidates_.size(); first += kTargets)
            verify_part(first, std::min(kTargets, candidates_.size() - first), bound);
    }

    void verify_part(size_t first, size_t count, uint64_t bound) {
        std::vector<int64_t> d(count);
        std::vector<Block> multiples((count + 7) / 8);
        for (size_t j = 0; j < count; ++j) d[j] = candidates_[first + j].distance;
        s_.group.multiply(d.data(), count, bound, multiples.data());
        const Targets at(s_.group, multiples.data(), count);
        for (size_t j = 0; j < count; ++j) {
            const uint32_t t = candidates_[first + j].target;
            if (!found_[t] && at.same(j, home_, t)) settle(t, d[j]);
        }
    }

    const Search<G>& s_;
    size_t count_, unit_room_;
    typename G::Scratch scratch_;
    std::unique_ptr<KeyRow[]> keys_;
    std::vector<Block> points_;
    Targets home_, here_;  // P, and P less the origin's multiple
    std::vector<int64_t> distance_;
    std::vector<uint8_t> found_;
    std::vector<uint32_t> open_;  // targets not settled
    std::vector<SweepUnit> units_;
    std::vector<Hit> hits_;
    std::vector<Candidate> candidates_;
};

// Whole blocks, an even share for each thread
inline size_t batch_size(size_t count, size_t most) {
    const size_t share = (count + num_threads() - 1) / num_threads();
    return std::clamp<size_t>((share + 7) / 8 * 8, 8, most);
}

template <class G>
void search_all(const Search<G>& search, const typename G::Block* points, size_t count, int64_t* z,
                uint8_t* found) {
    const size_t size = batch_size(count, Batch<G>::kTargets);
    parallel_for((count + size - 1) / size, [&](size_t b) {
        const size_t first = b * size, here = std::min(size, count - first);
        Batch<G> batch(search, points + first / 8, here);
        batch.run();
        for (size_t t = 0; t < here; ++t) {
            found[first + t] = batch.found(t);
            z[first + t] = batch.found(t) ? search.centre + batch.distance(t) : 0;
        }
    });
}

template <class G>
void solve_in(const typename G::Block* points, size_t count, Interval interval, int64_t* z, uint8_t* found) {
    if (interval.lo > interval.hi)
        fail(ErrorKind::parameter, "small logs: the interval's low end " + std::to_string(interval.lo) +
                                       " is above its high end " + std::to_string(interval.hi));
    const uint64_t width = static_cast<uint64_t>(interval.hi) - static_cast<uint64_t>(interval.lo);
    const Shape shape = open_tables.shape_for(width, G::kName, G::kLadder);
    if (count == 0) return;
    const G& group = G::active();
    const int64_t centre = interval.lo + static_cast<int64_t>(width / 2);
    const Opened<G> opened = open(group, shape.rung);
    const Search<G> search{group,  *opened.table,        opened.steps,        shape,
                           centre, interval.lo - centre, interval.hi - centre};
    search_all(search, points, count, z, found);
}

}  // namespace pyfe::dlog
