// One object of a group for each backend that was ever active, made when first asked for.
#pragma once
#include "pyfe/base/guarded.hpp"

namespace pyfe::dlog {

template <class G, class Kernels>
inline KeptForever<const Kernels*, G>& kept_groups = *new KeptForever<const Kernels*, G>;

template <class G, class Kernels>
const G& active_of(const Kernels& k) {
    return kept_groups<G, Kernels>.get(&k, [&] { return G(k); });
}

}  // namespace pyfe::dlog
