// What a fork does to locks. A forked child has one thread: a lock that another thread held stays locked for
// ever there, and what it guards may be half-changed. So every long-lived lock of the core lies in an object
// of this list, which one pair of handlers walks.
#pragma once

namespace pyfe {

class ForkAware {
  public:
    ForkAware();
    virtual ~ForkAware();
    ForkAware(const ForkAware&) = delete;
    ForkAware& operator=(const ForkAware&) = delete;

    // In the forking thread, before the fork: must not wait for long. Then one of the two others.
    virtual void before_fork() noexcept {}
    virtual void in_parent() noexcept {}
    virtual void in_child() noexcept {}

  private:
    friend struct ForkList;
    ForkAware* previous_ = nullptr;
    ForkAware* next_ = nullptr;
};

// False when the handlers could not be installed
bool forks_are_handled() noexcept;

}  // namespace pyfe
