// How a scalar is cut into digits for multiplication. Shared by the recoding and the kernels.
#pragma once

namespace pyfe::group::bls12_381 {

struct MultiplyShape {
    int parts;    // along the endomorphism
    int windows;  // digits a part, each of four bits, signed
    int bytes() const { return parts * windows; }
};

// coordinate_parts: 1 for G1 (two parts of 128 bits), 2 for G2 (four of 64)
constexpr MultiplyShape multiply_shape(int coordinate_parts) {
    return coordinate_parts == 1 ? MultiplyShape{2, 33} : MultiplyShape{4, 17};
}

}  // namespace pyfe::group::bls12_381
