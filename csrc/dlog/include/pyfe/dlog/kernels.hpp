// The sweeps over the groups: one table of entry points a backend. All pointers are raw, so that the fast
// files share no code with the rest.
#pragma once
#include <cstddef>
#include <cstdint>

#include "pyfe/field/constants381.hpp"
#include "pyfe/group/ristretto255/blocks.hpp"
#include "pyfe/pairing/blocks.hpp"

namespace pyfe::dlog {

using field::bls12_381::FpConstant;
using group::bls12_381::Coordinate;
using G1Flat = group::bls12_381::AffineBlock<1>;
using pairing::GtBlock;

// One step of the search: eight consecutive multiples of the giant step from `step`, around target `target`
struct SweepUnit {
    uint32_t target;
    uint32_t step;
};

// An affine point of ristretto255 on the Montgomery form v^2 = u^3 + 486662 u^2 + u, for all lanes
struct MontgomeryPoint {
    uint64_t u[5], v[5];
};

// An element f = a0 + a1 w of GT for all lanes: the coefficients as plain integers, not in Montgomery form
struct GtTarget {
    FpConstant a[12];
};

// Eight elements b0 + b1 w in the lanes: the twelve factors that meet the target's coefficients
struct alignas(64) GtSteps {
    Coordinate<1> b[12];
    uint64_t key[8];
};

// An affine point for all lanes; x and y also as plain integers
struct G1Target {
    FpConstant x, y;
    uint64_t plain_x[6], plain_y[6];
    bool infinite;
};

// Eight affine points in the lanes
struct alignas(64) G1Steps {
    Coordinate<1> x, y;
    uint64_t key[8];
};

struct Kernels {
    const char* name;
    // Edwards points of order l or 1 to affine Montgomery; infinite[j] = 1 where the point is the identity.
    // scratch: two elements a block.
    void (*ristretto255_targets)(const group::ristretto255::PointBlock* in, size_t count,
                                 MontgomeryPoint* out, uint8_t* infinite,
                                 group::ristretto255::Element* scratch);
    // keys[2 u + 0/1][lane]: the low 64 bits of u(P + iS), u(P - iS) for each unit; returns 1 if some P =
    // +-iS. steps: blocks of eight affine Montgomery points, u in x and v in y. scratch: two elements a unit.
    int (*ristretto255_sweep_vartime)(const SweepUnit* units, size_t count, const MontgomeryPoint* targets,
                                      const group::ristretto255::AffineBlock* steps, uint64_t (*keys)[8],
                                      group::ristretto255::Element* scratch);
    // Element j is lane j % 8 of in[j / 8].
    void (*gt_targets)(const GtBlock* in, size_t count, GtTarget* out);
    void (*gt_steps)(const GtBlock* in, size_t blocks, GtSteps* out);
    // keys[2 u + 0/1][lane]: of f g^i and f g^-i for each unit. Returns 1 if one of them is the key of 1.
    int (*gt_sweep_vartime)(const SweepUnit* units, size_t count, const GtTarget* targets,
                            const GtSteps* steps, uint64_t (*keys)[8]);
    void (*g1_targets)(const G1Flat* in, size_t count, G1Target* out);
    void (*g1_steps)(const G1Flat* in, size_t blocks, G1Steps* out);
    // keys as above, of P + iS and P - iS; returns 1 if some P = +-iS. scratch: one coordinate a unit.
    int (*g1_sweep_vartime)(const SweepUnit* units, size_t count, const G1Target* targets,
                            const G1Steps* steps, uint64_t (*keys)[8], Coordinate<1>* scratch);
};

const Kernels& portable_kernels();
const Kernels& ifma_kernels();
#ifdef PYFE_EMULATED_LANES
const Kernels& emulated_kernels();  // test builds only
#endif

// The table of the active backend, or the one a test has put in its place
const Kernels& kernels();
void override_kernels_for_testing(const Kernels* table);

}  // namespace pyfe::dlog
