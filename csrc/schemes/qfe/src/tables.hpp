// What keys keep for their next use
#pragma once
#include <mutex>

#include "pyfe/group/bls12_381/base_tables.hpp"
#include "pyfe/qfe/objects.hpp"

namespace pyfe::qfe {

// Made once a backend; threads may ask at the same time.
template <class T>
class Kept {
  public:
    template <class Make>
    std::shared_ptr<const T> get(Make make) {
        const std::lock_guard<std::mutex> lock(mutex_);
        const void* backend = &group::bls12_381::kernels();
        if (value_ == nullptr || made_by_ != backend) {
            value_ = std::make_shared<const T>(make());
            made_by_ = backend;
        }
        return value_;
    }

  private:
    std::mutex mutex_;
    std::shared_ptr<const T> value_;
    const void* made_by_ = nullptr;
};

struct Tables {
    group::bls12_381::G1BaseTables alpha;
    group::bls12_381::G2BaseTables beta;
};

class EncryptionTables : public Kept<Tables> {};
class DecryptionLines : public Kept<pairing::Prepared> {};  // of K'

}  // namespace pyfe::qfe
