#pragma once
#include <optional>

#include "pyfe/toy/number.hpp"
#include "pyfe/toy/parameters.hpp"

namespace pyfe::toy {

constexpr uint64_t kWidest = uint64_t{1} << 60;  // interval of a result

// The parameters and s, which a scheme that hid anything would keep from here
struct MasterPublicKey {
    Parameters parameters;
    std::vector<Number> s;
    Id id{};

    MasterPublicKey(Parameters p, std::vector<Number> s);
    Bytes to_bytes() const;  // parameters | s_1 .. s_n
    static MasterPublicKey from_bytes(std::span<const uint8_t> data);
};

struct MasterSecretKey {
    MasterPublicKey mpk;

    Bytes to_bytes() const { return mpk.to_bytes(); }
    static MasterSecretKey from_bytes(std::span<const uint8_t> data) {
        return {MasterPublicKey::from_bytes(data)};
    }
};

// s_y = <s, y> of each function y
struct FunctionKey {
    Id public_key_id{};
    size_t count = 0, n = 0;
    std::vector<int64_t> y;  // [count][n]
    std::vector<Interval> intervals;
    std::vector<Number> s_y;
    std::optional<Readout> readout;

    // public key id | (u32 0 | u8 layout, with a readout) | u32 count | u32 n | i64 y | i64
    // interval[count][2] | readout, if any | s_y
    Bytes to_bytes() const;
    static FunctionKey from_bytes(std::span<const uint8_t> data);
};

}  // namespace pyfe::toy
