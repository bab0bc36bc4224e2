// What the opaque types of pyfe.h are
#pragma once
#include <mutex>
#include <optional>
#include <set>

#include "pyfe.h"
#include "pyfe/base/fork.hpp"
#include "scheme.hpp"

struct pyfe_public_key {
    const pyfe::capi::Scheme* scheme;
    std::unique_ptr<const pyfe::capi::PublicKey> native;
    pyfe::capi::Id parameter_hash, verification_key;
    pyfe::capi::Box box;
};

struct pyfe_batch {
    const pyfe::capi::Scheme* scheme;
    std::unique_ptr<const pyfe::capi::Batch> native;
    pyfe::capi::Id parameter_hash;
    std::optional<pyfe::capi::Id> signer;  // whose signature was checked
    bool named = false;                    // by the caller, who asked for him
};

namespace pyfe::capi {

// Signers who get no more answers. All threads use it; it is locked for moments.
class Silenced final : public ForkAware {
  public:
    bool contains(const Id& signer) const {
        const std::lock_guard lock(mutex_);
        return signers_.contains(signer);
    }
    // False where he was silenced before
    bool add(const Id& signer) {
        const std::lock_guard lock(mutex_);
        return signers_.insert(signer).second;
    }
    void remove(const Id& signer) {
        const std::lock_guard lock(mutex_);
        signers_.erase(signer);
    }

    void before_fork() noexcept override { mutex_.lock(); }
    void in_parent() noexcept override { mutex_.unlock(); }
    void in_child() noexcept override { mutex_.unlock(); }

  private:
    mutable std::mutex mutex_;
    std::set<Id> signers_;
};

}  // namespace pyfe::capi

struct pyfe_function_key {
    const pyfe::capi::Scheme* scheme;
    std::unique_ptr<const pyfe::capi::FunctionKey> native;
    pyfe::capi::Id id, parameter_hash;
    uint64_t sequence;
    std::optional<uint64_t> not_after;
    mutable pyfe::capi::Silenced silenced;

    const pyfe::capi::Readout& readout() const { return *native->readout(); }
};
