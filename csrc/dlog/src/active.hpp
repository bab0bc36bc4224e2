// One object of a group for each backend that was ever active, made when first asked for.
#pragma once
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace pyfe::dlog {

template <class G, class Kernels>
const G& active_of(const Kernels& k) {
    static std::mutex mutex;
    static std::vector<std::pair<const Kernels*, std::unique_ptr<G>>> made;
    const std::lock_guard lock(mutex);
    for (const auto& [owner, group] : made)
        if (owner == &k) return *group;
    made.emplace_back(&k, std::make_unique<G>(k));
    return *made.back().second;
}

}  // namespace pyfe::dlog
