#pragma once
#include "pyfe/schemes/readout.hpp"

namespace pyfe::toy {

using schemes::Box, schemes::Bytes, schemes::Id, schemes::IntMatrix, schemes::Readout;

// The box of x, the bound of y, and a context (the schema's id)
struct Parameters {
    Box x;
    uint64_t y_bound = 0;
    Id context{};

    Parameters(std::vector<int64_t> lo, std::vector<int64_t> hi, uint64_t y_bound, const Id& context);
    size_t n() const { return x.size(); }
    Id id() const;
    // u32 n | i64 x_lo[n] | i64 x_hi[n] | u64 y_bound | context[32]
    void write(Writer& out) const;
    static Parameters read(Reader& in);
};

}  // namespace pyfe::toy
