// G1 of BLS12-381 as the search sees it, to the base G1's generator.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "multiples.hpp"
#include "pyfe/dlog/kernels.hpp"
#include "pyfe/group/bls12_381/kernels.hpp"
#include "shape.hpp"
#include "table.hpp"

namespace pyfe::dlog {

class G1 {
  public:
    static constexpr const char* kName = "bls12-381-g1";
    static constexpr std::string_view kDigest =
        "d2e1e4f92d146621dfcfd271d5085b830dc170e8db02b9f46cf6af41bb8db50d";
    static constexpr Rung kLadder[] = {{10, 8}, {11, 8}, {12, 8}, {13, 8},  {14, 8},
                                       {15, 8}, {16, 8}, {17, 8}, {18, 64}, {21, 1024, kDigest}};
    // A target that is a giant step has a zero denominator, which spoils its lane.
    static constexpr bool kMeetingSpoils = true;

    using Block = group::bls12_381::PointBlock<1>;
    using Steps = std::vector<G1Steps>;
    struct alignas(64) Slab {
        Coordinate<1> value;
    };
    struct Scratch {
        explicit Scratch(size_t units) : slabs(std::make_unique_for_overwrite<Slab[]>(units)) {}
        std::unique_ptr<Slab[]> slabs;
    };

    class Targets {
      public:
        Targets() = default;
        Targets(const G1& group, const Block* in, size_t count);
        uint64_t key(size_t t) const { return at_[t].plain_x[0]; }
        bool is_identity(size_t t) const { return at_[t].infinite; }
        bool same(size_t t, const Targets& other, size_t o) const;
        const G1Target* data() const { return at_.data(); }

      private:
        std::vector<G1Target> at_;
    };

    static const G1& active();
    explicit G1(const Kernels& k);

    void from_input(std::vector<Block>&) const {}
    void add(const Block& a, const Block& b, Block& out) const { ops_.add(a, b, out); }
    void negate(Block& inout) const { ops_.negate(inout, inout); }
    void multiply(const int64_t* d, size_t count, uint64_t bound, Block* out) const {
        fixed_.multiply(d, count, bound, out);
    }
    Steps steps(const std::vector<Block>& points) const;
    static uint64_t step_key(const Steps& steps, size_t block, size_t lane) { return steps[block].key[lane]; }
    bool sweep_vartime(const SweepUnit* units, size_t count, const Targets& targets, const Steps& steps,
                       KeyRow* keys, Scratch& scratch) const;

  private:
    struct Ops {
        using Block = group::bls12_381::PointBlock<1>;
        const group::bls12_381::G1Kernels* k;
        void identity(Block& out) const;
        void add(const Block& a, const Block& b, Block& out) const { k->add(&a, &b, 1, &out); }
        void negate(const Block& a, Block& out) const { k->negate(&a, 1, &out); }
    };
    std::vector<G1Flat> affine(const Block* in, size_t blocks) const;

    const Kernels& k_;
    Ops ops_;
    FixedBase<Ops> fixed_;
};

}  // namespace pyfe::dlog
