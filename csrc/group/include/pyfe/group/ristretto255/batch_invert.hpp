// Inverses of many stored elements for one inversion and three multiplications each: Montgomery's trick.
#pragma once
#include "pyfe/group/ristretto255/curve.hpp"

namespace pyfe::group::ristretto255 {

// In place: values[b] becomes 1/values[b] lane by lane, 0 stays 0 (Montgomery's trick; zeros are replaced by
// 1 under a mask). products: scratch, one element a block.
template <class F>
PYFE_KERNEL void batch_invert(Element* values, size_t blocks, Element* products) {
    for_lanes<F>([&](int lane) {
        F running = F::small(1);
        for (size_t b = 0; b < blocks; ++b) {
            running.store(products[b], lane);
            const F a = F::load(values[b], lane);
            running = F::mul(running, F::select(F::is_zero(a), F::small(1), a));
        }
        F inverse = field::invert(running);
        for (size_t b = blocks; b-- > 0;) {
            const F a = F::load(values[b], lane);
            const auto zero = F::is_zero(a);
            const F r = F::mul(inverse, F::load(products[b], lane));
            inverse = F::mul(inverse, F::select(zero, F::small(1), a));
            F::select(zero, F::small(0), r).store(values[b], lane);
        }
    });
}

}  // namespace pyfe::group::ristretto255
