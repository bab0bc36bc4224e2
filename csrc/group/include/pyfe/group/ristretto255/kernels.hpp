// One table of entry points a backend. All pointers are raw, all layouts those of blocks.hpp, so that the
// fast files share no code with the rest. "Blocks" counts groups of eight points; unused lanes hold any valid
// point.
#pragma once
#include <cstddef>
#include <cstdint>

#include "pyfe/group/ristretto255/blocks.hpp"

namespace pyfe::group::ristretto255 {

// Digits of 255-bit scalars for fixed-base multiplication: [block][digit][lane], window bits each
struct FixedBaseShape {
    int window;     // bits a digit
    int digits;     // digits a scalar
    int entries;    // odd multiples a table row: 2^(window - 1)
    int row_words;  // 15 * entries: (Y+X, Y-X, 2dXY) in five limbs each
};

// Signed digits (0, +-1) of the function rows, and where each goes
struct CohortKey {
    const int8_t* naf;  // [n][bits]
    int bits;
    const int8_t* wnaf_s;  // width-5 signed odd digits of -s_y, 256 of them
    const int8_t* wnaf_t;
};

struct Kernels {
    const char* name;
    FixedBaseShape fixed;

    // -- ristretto255 wire form (RFC 9496). Lane j of block b starts at in + b * block_stride + j *
    // lane_stride; lanes beyond `lanes` repeat the last point. ok[b][j] = 0 or 1.
    void (*decode)(const uint8_t* in, size_t lane_stride, size_t block_stride, size_t lanes, size_t blocks,
                   AffineBlock* out, uint8_t (*ok)[8]);
    // Point j, lane j % 8 of block j / 8, goes to out + j * stride.
    void (*encode)(const PointBlock* in, size_t count, uint8_t* out, size_t stride);
    // Encodes 2 P, one inversion for all; scratch holds 2 elements a block; `in` is overwritten
    void (*double_and_encode)(PointBlock* in, size_t count, uint8_t* out, size_t stride, Element* scratch);
    // The one-way map of RFC 9496 4.3.4 from 64 bytes a point
    void (*one_way_map)(const uint8_t* in, size_t count, PointBlock* out);

    void (*from_affine)(const AffineBlock* in, size_t blocks, PointBlock* out);
    // One inversion for all; inverses: two elements a block
    void (*to_affine)(const PointBlock* in, size_t blocks, AffineBlock* out, Element* inverses);
    void (*add)(const PointBlock* a, const PointBlock* b, size_t blocks, PointBlock* out);
    void (*negate)(const PointBlock* in, size_t blocks, PointBlock* out);
    void (*double_times)(PointBlock* inout, size_t blocks, int times);

    // -- fixed base, constant-time. Eight bases to eight tables of `tables` rows: row q holds the odd
    // multiples of 2^(window * spacing * q) P. scratch: tables * entries PointBlocks and as many Elements.
    void (*fixed_base_tables)(const PointBlock* bases, int tables, int spacing, uint64_t* const out[8],
                              PointBlock* scratch, Element* scratch_inverse);
    // out = [start +] sum of digit * table; digits of a block lie at digits + block * digit_stride
    void (*fixed_base)(const uint64_t* table, int digits, int spacing, const uint8_t* digit_bytes,
                       size_t digit_stride, size_t blocks, PointBlock* inout);
    // -- fixed bases under one scalar, constant-time (table_shape.hpp). Row q of the table of a block of
    // bases holds the odd multiples of 2^(kTableWindow spacing q) P_j; scratch as above.
    void (*base_table)(const PointBlock* bases, int rows, int spacing, uint64_t* table, PointBlock* scratch,
                       Element* scratch_inverse);
    // out_j = sum of digit * table over the kTableDigits digits, of a scalar that all lanes have in common
    void (*common_sum)(const uint64_t* table, int spacing, const uint8_t* digits, PointBlock* out);
    // -- variable base, constant-time: digits as above with window 4 and 64 digits
    void (*variable_base)(const AffineBlock* in, const uint8_t* digit_bytes, size_t blocks, PointBlock* out);

    // -- cohort under k keys, public scalars: out[key] = sum_i y_i E_i - s C - t D for eight patients.
    // points: n + 2 AffineBlocks (C, D, E_1 ..); accumulators: sum of bits over keys, PointBlocks.
    void (*cohort_vartime)(const AffineBlock* points, size_t n, const CohortKey* keys, size_t k,
                           PointBlock* accumulators, PointBlock* out);

    // -- one long vector: sum_j scalar_j P_j over blocks of points (lanes are independent; the caller adds
    // the lanes) Straus: signed 4-bit digits [block][64][lane]
    void (*straus_vartime)(const AffineBlock* points, const int8_t* digits, size_t blocks, PointBlock* tables,
                           PointBlock* out);
    // Pippenger: one window; buckets [entries][8 lanes] as PointBlocks, digits [block][lane] signed
    void (*pippenger_window_vartime)(const AffineBlock* points, const int16_t* digits, size_t digit_stride,
                                     size_t blocks, PointBlock* buckets, int entries, PointBlock* out);
};

const Kernels& portable_kernels();
const Kernels& ifma_kernels();
#ifdef PYFE_EMULATED_LANES
const Kernels& emulated_kernels();  // test builds only
#endif

// The table of the active backend, or the one a test has put in its place
const Kernels& kernels();
void override_kernels_for_testing(const Kernels* table);

}  // namespace pyfe::group::ristretto255
