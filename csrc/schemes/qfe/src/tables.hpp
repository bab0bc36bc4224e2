// What keys keep for their next use
#pragma once
#include <memory>

#include "pyfe/base/guarded.hpp"
#include "pyfe/group/bls12_381/base_tables.hpp"
#include "pyfe/qfe/objects.hpp"

namespace pyfe::qfe {

// Made once a backend; threads may ask at the same time.
template <class T>
class Kept {
  public:
    template <class Make>
    std::shared_ptr<const T> get(Make make) {
        const void* const backend = &group::bls12_381::kernels();
        return state_.find_or_make([&](const State& s) { return s.made_by == backend ? s.value : nullptr; },
                                   [&] { return std::make_shared<const T>(make()); },
                                   [&](State& s, std::shared_ptr<const T> made) {
                                       s = {std::move(made), backend};
                                       return s.value;
                                   });
    }

  private:
    struct State {
        std::shared_ptr<const T> value;
        const void* made_by = nullptr;
    };
    Guarded<State> state_;
};

struct Tables {
    group::bls12_381::G1BaseTables alpha;
    group::bls12_381::G2BaseTables beta;
};

class EncryptionTables : public Kept<Tables> {};
class DecryptionLines : public Kept<pairing::Prepared> {};  // of K'

}  // namespace pyfe::qfe
