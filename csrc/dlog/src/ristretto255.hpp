// ristretto255 as the search sees it. The base is B = 4G: multiplying by four clears what 4-torsion an input
// carries. Keys come from u-coordinates on the Montgomery form.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "pyfe/dlog/kernels.hpp"
#include "pyfe/group/ristretto255/kernels.hpp"
#include "shape.hpp"
#include "table.hpp"

namespace pyfe::dlog {

class Ristretto255 {
  public:
    static constexpr const char* kName = "ristretto255";
    // One sweep unit is eight steps to both sides, so eight steps cost no more than one. Building grows with
    // the table: the small rungs keep it below a few milliseconds, 2^21 fits most last-level caches, 2^23 is
    // for wide searches.
    static constexpr std::string_view kDigest21 =
        "41bafe80d7e898a6a98306a3aebcc17b4a6d0a27b8c2b93be1e04336b364460c";
    static constexpr std::string_view kDigest23 =
        "d31605b4f2a22e16e741e0d8ac88dd9fdcfdcdad8207b6aaae682f1c0c740a4a";
    static constexpr Rung kLadder[] = {{10, 8},
                                       {11, 8},
                                       {12, 8},
                                       {13, 8},
                                       {14, 8},
                                       {15, 8},
                                       {16, 8},
                                       {17, 8},
                                       {18, 64},
                                       {21, 128, kDigest21},
                                       {kMaxLogEntries, 8192, kDigest23}};
    // A target that is a giant step has a zero denominator, which spoils its lane.
    static constexpr bool kMeetingSpoils = true;

    using Block = group::ristretto255::PointBlock;
    using Steps = std::vector<group::ristretto255::AffineBlock>;  // u in x, v in y

    // What std::vector and new need to know to align it
    struct alignas(64) Slab {
        group::ristretto255::Element e;
    };
    struct Scratch {
        explicit Scratch(size_t units) : slabs(std::make_unique_for_overwrite<Slab[]>(2 * units)) {}
        std::unique_ptr<Slab[]> slabs;
    };

    // Elements as centres of sweeps
    class Targets {
      public:
        Targets() = default;
        Targets(const Ristretto255& group, const Block* in, size_t count);
        uint64_t key(size_t t) const { return at_[t].u[0] | at_[t].u[1] << 51; }
        bool is_identity(size_t t) const { return infinite_[t] != 0; }
        bool same(size_t t, const Targets& other, size_t o) const;
        const MontgomeryPoint* data() const { return at_.data(); }

      private:
        std::vector<MontgomeryPoint> at_;
        std::vector<uint8_t> infinite_;
    };

    // The tables of the active backend, made once
    static const Ristretto255& active();
    explicit Ristretto255(const Kernels& k);

    void from_input(std::vector<Block>& points) const;
    void add(const Block& a, const Block& b, Block& out) const { group_.add(&a, &b, 1, &out); }
    void negate(Block& inout) const { group_.negate(&inout, 1, &inout); }
    // out = d_j B in lanes, |d_j| <= bound; spare lanes repeat the last one
    void multiply(const int64_t* d, size_t count, uint64_t bound, Block* out) const;
    Steps steps(const std::vector<Block>& points) const;
    static uint64_t step_key(const Steps& steps, size_t block, size_t lane) {
        return steps[block].x[0][lane] | steps[block].x[1][lane] << 51;
    }
    bool sweep_vartime(const SweepUnit* units, size_t count, const Targets& targets, const Steps& steps,
                       KeyRow* keys, Scratch& scratch) const;

  private:
    const Kernels& k_;
    const group::ristretto255::Kernels& group_;
    std::vector<uint64_t> table_;                 // of B/2
    group::ristretto255::PointBlock minus_half_;  // -B/2 in every lane
};

}  // namespace pyfe::dlog
