// How a call of the C ABI runs: nothing that is thrown leaves it, and what was thrown becomes a status and a
// message.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "pyfe.h"
#include "pyfe/base/interrupt.hpp"

namespace pyfe::capi {

// What the core has no kind for
struct Failure {
    pyfe_status status;
    std::string message;
};

[[noreturn]] void refuse(pyfe_status status, std::string message);

// Error(parameter) where it is null
void require_given(const void* pointer, const char* name);

std::span<const uint8_t> octets(const uint8_t* data, uint64_t size, const char* name);

// While it lives, checkpoints of this thread look whether the call was cancelled.
class Cancellable {
  public:
    // Throws Interrupted where it is cancelled already
    explicit Cancellable(const pyfe_call* call);
    ~Cancellable();
    Cancellable(const Cancellable&) = delete;
    Cancellable& operator=(const Cancellable&) = delete;

  private:
    const pyfe_call* const outer_;
    const InterruptScope scope_;
};

pyfe_status succeed(pyfe_call* call) noexcept;
// Within a handler: the status of what is being handled
pyfe_status fail_with_current(pyfe_call* call) noexcept;
// What the user should hear of tables, in place of the message of a success. May throw
void give_notices(pyfe_call* call);

template <class Body>
pyfe_status run(pyfe_call* call, Body body) noexcept {
    try {
        const Cancellable cancellable(call);
        succeed(call);
        body();
        return PYFE_OK;
    } catch (...) {
        return fail_with_current(call);
    }
}

}  // namespace pyfe::capi
