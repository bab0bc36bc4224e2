// How long work stops early: it passes checkpoints, at which the calling thread asks its caller, ten times a
// second, and the threads of the pool see that their job has ended.
#pragma once

#include <atomic>

namespace pyfe {

// Thrown at a checkpoint. No std::exception: nothing but the pool and the bindings catches it, and whoever
// asked knows the reason.
struct Interrupted {};

// While it lives, this thread's checkpoints call ask(), which may throw Interrupted. During the call the
// thread counts as a guest: what it starts from there must wait for nobody.
class InterruptScope {
  public:
    explicit InterruptScope(void (*ask)()) noexcept;
    ~InterruptScope();
    InterruptScope(const InterruptScope&) = delete;
    InterruptScope& operator=(const InterruptScope&) = delete;

  private:
    void (*outer_)();
    const std::atomic<bool>* outer_stop_;
};

// While it lives, this thread's checkpoints throw once `stop` is set.
class StopScope {
  public:
    explicit StopScope(const std::atomic<bool>& stop) noexcept;
    ~StopScope();
    StopScope(const StopScope&) = delete;
    StopScope& operator=(const StopScope&) = delete;

  private:
    const std::atomic<bool>* outer_;
};

// Throws Interrupted when this work is to end. About 30 ns: for loops whose turns take a microsecond or more.
void checkpoint();

// Whether this thread is inside ask(), called by work that has not ended
bool is_guest() noexcept;

}  // namespace pyfe
