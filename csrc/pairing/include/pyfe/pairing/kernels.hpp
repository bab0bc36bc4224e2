// One table of entry points a backend. All pointers are raw, all layouts those of blocks.hpp.
#pragma once
#include <cstddef>
#include <cstdint>

#include "pyfe/pairing/blocks.hpp"

namespace pyfe::pairing {

struct Kernels {
    const char* name;
    // Eight points: the lines of lane j go to out[j].
    void (*prepare)(const G2Flat* q, size_t count, PreparedPoint* out);
    // The product of all pairs' Miller functions, lane by lane. state: one block a pair of `pairs`;
    // scaled: one a pair of `prepared`.
    void (*miller_loop)(const Pairs* pairs, const PreparedPairs* prepared, G2Block* state, Scaled* scaled,
                        GtBlock* out);
    // f^((p^6 - 1)(p^2 + 1)), then the rest of 3 (p^12 - 1) / r
    void (*easy_part)(GtBlock* inout, size_t blocks);
    void (*hard_part)(GtBlock* inout, size_t blocks);

    void (*one)(GtBlock* out);  // in every lane
    void (*mul)(const GtBlock* a, const GtBlock* b, size_t blocks, GtBlock* out);
    void (*conjugate)(const GtBlock* in, size_t blocks, GtBlock* out);
    void (*cyclotomic_square)(const GtBlock* in, size_t blocks, GtBlock* out);
    // equal[lane of block]: 0 or 1
    void (*equal)(const GtBlock* a, const GtBlock* b, size_t blocks, uint8_t* equal);
    // The product of all eight lanes goes to lane 0; what the others hold is not said.
    void (*fold)(GtBlock* inout);
    // Constant-time: out = in^k; columns: [block][kColumns + 1][lane]
    void (*exponentiate)(const GtBlock* in, const uint8_t* columns, size_t blocks, GtBlock* out);
    // The product of powers that the steps spell; the exponents are public
    void (*multi_power_vartime)(const GtBlock* entries, const PowerStep* steps, size_t count, GtBlock* out);
    // 576 bytes an element. status: one group::bls12_381::Status each.
    void (*decode)(const uint8_t* in, size_t count, GtBlock* out, uint8_t* status);
    void (*encode)(const GtBlock* in, size_t count, uint8_t* out);
};

const Kernels& portable_kernels();
const Kernels& ifma_kernels();
#ifdef PYFE_EMULATED_LANES
const Kernels& emulated_kernels();  // test builds only
#endif

// The table of the active backend, or the one a test has put in its place
const Kernels& kernels();
void override_kernels_for_testing(const Kernels* table);

}  // namespace pyfe::pairing
