// The memory layout that every backend shares: eight points side by side, limb by limb. Plain data, no
// functions.
#pragma once
#include <cstdint>

namespace pyfe::group::ristretto255 {

using Element = uint64_t[5][8];  // GF(2^255 - 19), radix 2^51: [limb][lane]

// Extended coordinates (X : Y : Z : T), x = X/Z, y = Y/Z, XY = ZT (Hisil, Wong, Carter, Dawson, eprint
// 2008/522)
struct alignas(64) PointBlock {
    Element x, y, z, t;
};

struct alignas(64) AffineBlock {
    Element x, y;
};

}  // namespace pyfe::group::ristretto255
