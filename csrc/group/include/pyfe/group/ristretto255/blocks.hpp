// The memory layout that every backend shares: eight points side by side, limb by limb. Plain data, no
// functions.
#pragma once
#include <cstdint>

namespace pyfe::group {

using Element = uint64_t[5][8];  // GF(2^255 - 19), radix 2^51: [limb][lane]

// Extended coordinates (X : Y : Z : T), x = X/Z, y = Y/Z, XY = ZT (Hisil, Wong, Carter, Dawson, eprint
// 2008/522)
struct alignas(64) PointBlock {
    Element x, y, z, t;
};

struct alignas(64) AffineBlock {
    Element x, y;
};

// One affine point on the Montgomery form v^2 = u^3 + 486662 u^2 + u
struct MontgomeryPoint {
    uint64_t u[5], v[5];
};

}  // namespace pyfe::group
