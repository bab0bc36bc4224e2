#include "pyfe/base/fork.hpp"

#include <pthread.h>

#include <mutex>

namespace pyfe {

struct ForkList {
    std::mutex mutex;
    ForkAware* first = nullptr;

    void add(ForkAware* object) {
        const std::lock_guard lock(mutex);
        object->next_ = first;
        if (first != nullptr) first->previous_ = object;
        first = object;
    }
    void remove(ForkAware* object) {
        const std::lock_guard lock(mutex);
        (object->previous_ == nullptr ? first : object->previous_->next_) = object->next_;
        if (object->next_ != nullptr) object->next_->previous_ = object->previous_;
    }
    template <void (ForkAware::*Step)() noexcept>
    void each() {
        for (ForkAware* at = first; at != nullptr; at = at->next_) (at->*Step)();
    }
};

namespace {

// Constant-initialised and never destroyed: objects may come before it and go after it.
constinit union Forever {
    ForkList list;
    constexpr Forever() : list{} {}
    ~Forever() {}
} forever;

void before_fork() {
    forever.list.mutex.lock();
    forever.list.each<&ForkAware::before_fork>();
}
void in_parent() {
    forever.list.each<&ForkAware::in_parent>();
    forever.list.mutex.unlock();
}
void in_child() {
    forever.list.each<&ForkAware::in_child>();
    forever.list.mutex.unlock();
}

const int installed = pthread_atfork(before_fork, in_parent, in_child);

}  // namespace

ForkAware::ForkAware() { forever.list.add(this); }
ForkAware::~ForkAware() { forever.list.remove(this); }

bool forks_are_handled() noexcept { return installed == 0; }

}  // namespace pyfe
