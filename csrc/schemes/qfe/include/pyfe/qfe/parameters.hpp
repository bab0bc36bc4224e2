// What everybody agrees on before a key of quadratic functional encryption is made.
#pragma once
#include "pyfe/schemes/readout.hpp"

namespace pyfe::qfe {

using schemes::Box, schemes::Bytes, schemes::Id, schemes::IntMatrix, schemes::Readout;

// Two vectors x and y in boxes, or one vector on both sides (square: y = x); |F_ij| <= f_bound, or the
// entries of its factors; the dimension k of the masks, which names the scheme; and a context (the schema's
// id).
struct Parameters {
    uint32_t k = 1;
    bool square = true;
    Box x, y;  // equal when square
    uint64_t f_bound = 0;
    Id context{};

    // Error(parameter) when k is neither 1 nor 3, a box is empty or unsound, or f_bound = 0. No y: square.
    Parameters(uint32_t k, Box x, Box y, uint64_t f_bound, const Id& context);
    size_t n() const { return x.size(); }
    size_t m() const { return y.size(); }
    // qfe-ggm-bls12381 (k = 1) or qfe-sxdh-bls12381 (k = 3)
    std::string scheme() const;
    std::string tag(const std::string& role) const { return "PYFE-V1-" + scheme() + "-" + role; }
    Id id() const;  // SHA-256 over the tagged block below
    // u8 k | u8 square | u32 n | u32 m | i64 x_lo[n] | i64 x_hi[n] | (y likewise unless square)
    // | u64 f_bound | context[32]
    void write(Writer& out) const;
    static Parameters read(Reader& in);
};

}  // namespace pyfe::qfe
