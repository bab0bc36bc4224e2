// Entry points to the base field of BLS12-381, one table a backend: what tests and benchmarks see of it. The
// curve kernels use the element types themselves.
#pragma once
#include <cstddef>
#include <cstdint>

namespace pyfe::field::bls12_381 {

// Eight integers below 2^384 in rows of 64-bit words; results are canonical, below p.
using FpBlock = uint64_t[6][8];

struct FpKernels {
    const char* name;
    void (*add)(const FpBlock* a, const FpBlock* b, size_t blocks, FpBlock* out);
    void (*sub)(const FpBlock* a, const FpBlock* b, size_t blocks, FpBlock* out);
    void (*mul)(const FpBlock* a, const FpBlock* b, size_t blocks, FpBlock* out);
    void (*square)(const FpBlock* a, size_t blocks, FpBlock* out);
    void (*negate)(const FpBlock* a, size_t blocks, FpBlock* out);
    void (*invert)(const FpBlock* a, size_t blocks, FpBlock* out);  // 0 for 0
    // ok[b][lane] = 1 where a has a root
    void (*square_root)(const FpBlock* a, size_t blocks, FpBlock* out, uint8_t (*ok)[8]);
    // a b^times: a chain of dependent multiplications
    void (*mul_chain)(const FpBlock* a, const FpBlock* b, size_t times, FpBlock* out);
};

const FpKernels& portable_fp_kernels();
const FpKernels& ifma_fp_kernels();
#ifdef PYFE_EMULATED_LANES
const FpKernels& emulated_fp_kernels();  // test builds only
#endif

}  // namespace pyfe::field::bls12_381
