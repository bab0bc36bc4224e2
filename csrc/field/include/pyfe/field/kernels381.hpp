// Entry points to the base field of BLS12-381, one table a backend: what tests and benchmarks see of it. The
// curve kernels use the element types themselves.
#pragma once
#include <cstddef>
#include <cstdint>

namespace pyfe::field::bls12_381 {

// Eight integers below 2^384 in rows of 64-bit words; results are canonical, below p.
using FpBlock = uint64_t[6][8];

// Coefficients of 1, v, v^2, w, v w, v^2 w; of each the part without u comes first.
using Fp12Block = FpBlock[12];

struct FpKernels {
    const char* name;
    void (*add)(const FpBlock* a, const FpBlock* b, size_t blocks, FpBlock* out);
    void (*sub)(const FpBlock* a, const FpBlock* b, size_t blocks, FpBlock* out);
    void (*mul)(const FpBlock* a, const FpBlock* b, size_t blocks, FpBlock* out);
    void (*square)(const FpBlock* a, size_t blocks, FpBlock* out);
    void (*negate)(const FpBlock* a, size_t blocks, FpBlock* out);
    void (*invert)(const FpBlock* a, size_t blocks, FpBlock* out);          // 0 for 0
    void (*invert_vartime)(const FpBlock* a, size_t blocks, FpBlock* out);  // no zeros
    // ok[b][lane] = 1 where a has a root
    void (*square_root)(const FpBlock* a, size_t blocks, FpBlock* out, uint8_t (*ok)[8]);
    void (*fp12_mul)(const Fp12Block* a, const Fp12Block* b, size_t blocks, Fp12Block* out);
    // a times the line made of b's coefficients of 1, v and v w
    void (*fp12_mul_line)(const Fp12Block* a, const Fp12Block* b, size_t blocks, Fp12Block* out);
    void (*fp12_square)(const Fp12Block* a, size_t blocks, Fp12Block* out);
    void (*fp12_cyclotomic_square)(const Fp12Block* a, size_t blocks, Fp12Block* out);
    void (*fp12_invert)(const Fp12Block* a, size_t blocks, Fp12Block* out);
    void (*fp12_frobenius)(const Fp12Block* a, size_t blocks, Fp12Block* out);
    // For benchmarks: a b^times, `times` dependent multiplications, in Fp, Fp2 and Fp12
    void (*fp_mul_chain)(const Fp12Block* a, const Fp12Block* b, size_t times, Fp12Block* out);
    void (*fp2_mul_chain)(const Fp12Block* a, const Fp12Block* b, size_t times, Fp12Block* out);
    void (*fp12_mul_chain)(const Fp12Block* a, const Fp12Block* b, size_t times, Fp12Block* out);
    // 256 `times` multiply-adds, what eight multiplications in Fp need at least: in sixteen chains as many a
    // cycle as the CPU can, in four, each of them waiting four cycles for the one before, one a cycle. Null
    // for words.
    void (*multiplier_floor)(size_t times, uint64_t (*out)[8]);
    void (*multiplier_floor_one_a_cycle)(size_t times, uint64_t (*out)[8]);
};

const FpKernels& portable_fp_kernels();
const FpKernels& ifma_fp_kernels();
const FpKernels& fp_kernels();  // of the active backend
#ifdef PYFE_EMULATED_LANES
const FpKernels& emulated_fp_kernels();  // test builds only
#endif

}  // namespace pyfe::field::bls12_381
