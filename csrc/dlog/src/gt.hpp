// GT of BLS12-381 as the search sees it, to the base e(G1, G2) of the generators. "Addition" is
// multiplication.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "multiples.hpp"
#include "pyfe/dlog/kernels.hpp"
#include "pyfe/pairing/kernels.hpp"
#include "shape.hpp"
#include "table.hpp"

namespace pyfe::dlog {

class Gt {
  public:
    static constexpr const char* kName = "bls12-381-gt";
    // A step costs about four times one of ristretto255, building too. The widest intervals have many origins
    // rather than more giant steps, of which each block takes 6 kB.
    static constexpr std::string_view kDigest =
        "5781c99c80fe567ddd553cf3487793ec9368a04ecf2b34ecd1ab1b8f955ba4d7";
    static constexpr Rung kLadder[] = {{10, 8}, {11, 8}, {12, 8}, {13, 8},  {14, 8},
                                       {15, 8}, {16, 8}, {17, 8}, {18, 64}, {21, 1024, kDigest}};
    // A target that is a giant step has the key of 1 beside it, and disturbs no other.
    static constexpr bool kMeetingSpoils = false;

    using Block = GtBlock;
    using Steps = std::vector<GtSteps>;
    struct Scratch {
        explicit Scratch(size_t /*units*/) {}
    };

    class Targets {
      public:
        Targets() = default;
        Targets(const Gt& group, const Block* in, size_t count);
        uint64_t key(size_t t) const { return at_[t].a[0].word[0]; }
        bool is_identity(size_t t) const;
        bool same(size_t t, const Targets& other, size_t o) const;
        const GtTarget* data() const { return at_.data(); }

      private:
        std::vector<GtTarget> at_;
    };

    static const Gt& active();
    explicit Gt(const Kernels& k);

    void from_input(std::vector<Block>&) const {}
    void add(const Block& a, const Block& b, Block& out) const { ops_.add(a, b, out); }
    void negate(Block& inout) const { ops_.negate(inout, inout); }
    void multiply(const int64_t* d, size_t count, uint64_t bound, Block* out) const {
        fixed_.multiply(d, count, bound, out);
    }
    Steps steps(const std::vector<Block>& elements) const;
    static uint64_t step_key(const Steps& steps, size_t block, size_t lane) { return steps[block].key[lane]; }
    bool sweep_vartime(const SweepUnit* units, size_t count, const Targets& targets, const Steps& steps,
                       KeyRow* keys, Scratch& scratch) const;

  private:
    struct Ops {
        using Block = GtBlock;
        const pairing::Kernels* k;
        void identity(Block& out) const { k->one(&out); }
        void add(const Block& a, const Block& b, Block& out) const { k->mul(&a, &b, 1, &out); }
        void negate(const Block& a, Block& out) const { k->conjugate(&a, 1, &out); }
    };
    const Kernels& k_;
    Ops ops_;
    FixedBase<Ops> fixed_;
};

}  // namespace pyfe::dlog
