#include "pyfe/base/interrupt.hpp"

#include <chrono>
#include <utility>

namespace pyfe {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto between_questions = std::chrono::milliseconds(100);

struct State {
    void (*ask)() = nullptr;
    const std::atomic<bool>* stop = nullptr;
    Clock::time_point next{};
    bool guest = false;
};
constinit thread_local State state;

// What it does from there belongs to no job: the end of one must not end it.
struct Guest {
    void (*ask)() = std::exchange(state.ask, nullptr);
    const std::atomic<bool>* stop = std::exchange(state.stop, nullptr);
    const bool outer = std::exchange(state.guest, true);
    ~Guest() {
        state.ask = ask;
        state.stop = stop;
        state.guest = outer;
        state.next = Clock::now() + between_questions;
    }
};

}  // namespace

InterruptScope::InterruptScope(void (*ask)()) noexcept
    : outer_(std::exchange(state.ask, ask)), outer_stop_(std::exchange(state.stop, nullptr)) {
    state.next = Clock::now() + between_questions;
}
InterruptScope::~InterruptScope() {
    state.ask = outer_;
    state.stop = outer_stop_;
}

StopScope::StopScope(const std::atomic<bool>& stop) noexcept : outer_(std::exchange(state.stop, &stop)) {}
StopScope::~StopScope() { state.stop = outer_; }

void checkpoint() {
    if (state.stop != nullptr && state.stop->load(std::memory_order_relaxed)) throw Interrupted{};
    if (state.ask == nullptr || Clock::now() < state.next) return;
    const Guest guest;
    guest.ask();
}

bool is_guest() noexcept { return state.guest; }

}  // namespace pyfe
