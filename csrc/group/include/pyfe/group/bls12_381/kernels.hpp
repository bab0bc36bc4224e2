// One table of entry points a backend and curve. All pointers are raw, all layouts those of blocks.hpp, so
// that the fast files share no code with the rest. Lanes beyond the last point hold any valid point.
#pragma once
#include <cstddef>
#include <cstdint>

#include "pyfe/group/bls12_381/blocks.hpp"
#include "pyfe/group/bls12_381/msm_shape.hpp"
#include "pyfe/group/bls12_381/table_shape.hpp"

namespace pyfe::group::bls12_381 {

template <int Parts>
struct CurveKernels {
    using Block = PointBlock<Parts>;
    using Flat = AffineBlock<Parts>;

    const char* name;
    // Compressed form, 48 Parts bytes a point. status: one Status a point, never not_in_subgroup: that is
    // asked of `members`. What is refused becomes the identity.
    void (*decompress)(const uint8_t* in, size_t count, Flat* out, uint8_t* status);
    void (*encode)(const Flat* in, size_t count, uint8_t* out);
    void (*generator)(Block* out);  // in every lane
    void (*from_affine)(const Flat* in, size_t blocks, Block* out);
    // One inversion for all; scratch: one coordinate a block
    void (*to_affine)(const Block* in, size_t blocks, Flat* out, Coordinate<Parts>* scratch);
    void (*to_affine_vartime)(const Block* in, size_t blocks, Flat* out, Coordinate<Parts>* scratch);
    void (*add)(const Block* a, const Block* b, size_t blocks, Block* out);
    void (*negate)(const Block* in, size_t blocks, Block* out);
    void (*double_times)(Block* inout, size_t blocks, int times);
    // equal[lane of block]: 0 or 1
    void (*equal)(const Block* a, const Block* b, size_t blocks, uint8_t* equal);
    // Of points of the curve: members[lane of block] is 1 in the subgroup of order r, else 0
    void (*members)(const Block* in, size_t blocks, uint8_t* members);
    // Constant-time: out = k in; digits: [block][part][window][lane] (shape.hpp)
    void (*multiply)(const Block* in, const uint8_t* digits, size_t blocks, Block* out);
    // Constant-time: maps both elements to the curve, adds, clears the cofactor (RFC 9380)
    void (*hash_to_curve)(const UniformBlock<Parts>* in, size_t blocks, Block* out);
    // Constant-time, table and digits as in src/bls12_381/fixed_base.hpp, windows of fixed_window bits
    int fixed_window;
    void (*fixed_base)(const uint64_t* table, int windows, const uint8_t* digits, size_t blocks, Block* out);
    // Constant-time: table_shape.hpp and src/bls12_381/base_tables.hpp
    void (*common_sum)(const CommonSum<Parts>& in, Block* out);
    // Multi-scalar multiplication: src/bls12_381/msm.hpp
    void (*endomorphism)(const Flat* in, size_t blocks, int power, Flat* out);
    void (*rows)(const Flat* in, size_t blocks, uint64_t* out);
    bool (*add_pairs_vartime)(const RowSource& rows, const PointPair* pairs, size_t count, uint64_t* out,
                              Coordinate<Parts>* scratch);
    void (*accumulate_vartime)(const RowSource& rows, const BucketEntry* entries, const size_t* bounds,
                               Block* buckets, Block* carry, uint8_t* carried);
    void (*columns_vartime)(const Block* buckets, const BucketShape& shape, Block* out);
    void (*horner_vartime)(Block* columns, const BucketShape& shape);
    bool (*add_cohort_pairs_vartime)(Flat* points, const PointPair* pairs, size_t count, size_t first,
                                     Coordinate<Parts>* scratch);
    void (*cohort_vartime)(const Flat* points, const BucketEntry* entries, size_t count, int window,
                           int windows, Block* out);
};

using G1Kernels = CurveKernels<1>;
using G2Kernels = CurveKernels<2>;

struct Kernels {
    G1Kernels g1;
    G2Kernels g2;
};

const Kernels& portable_kernels();
const Kernels& ifma_kernels();
#ifdef PYFE_EMULATED_LANES
const Kernels& emulated_kernels();  // test builds only
#endif

// The table of the active backend, or the one a test has put in its place
const Kernels& kernels();
void override_kernels_for_testing(const Kernels* table);

}  // namespace pyfe::group::bls12_381
