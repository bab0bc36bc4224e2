// A value that threads share, and that a forked child can always use.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "pyfe/base/fork.hpp"
#include "pyfe/base/interrupt.hpp"

namespace pyfe {

// If another thread held the lock at a fork, the child starts with an empty T; the old one is leaked there,
// not touched. T's default constructor must not throw.
template <class T>
class Guarded final : public ForkAware {
  public:
    Guarded() { new (&value_) T; }
    ~Guarded() override { value_.~T(); }

    // f(value) under the lock: short, without checkpoints
    template <class F>
    auto with(F f) {
        const std::lock_guard lock(mutex_);
        return f(value_);
    }

    // What find(value) gives; when that is nothing, keep(value, make()). make() may take its time: it runs
    // outside the lock, in one thread at a time while the others wait at checkpoints. A guest waits for
    // nobody and makes its own, so keep() must bear that it is not the first.
    template <class Find, class Make, class Keep>
    auto find_or_make(Find find, Make make, Keep keep) {
        if (auto found = with(find)) return found;
        const Turn turn(making_);
        if (auto found = with(find)) return found;
        auto made = make();
        return with([&](T& value) { return keep(value, std::move(made)); });
    }

    void before_fork() noexcept override { free_ = mutex_.try_lock(); }
    void in_parent() noexcept override {
        if (free_) mutex_.unlock();
    }
    void in_child() noexcept override {
        making_.store(false);
        if (free_) return mutex_.unlock();
        new (&mutex_) std::mutex;
        new (&value_) T;
    }

  private:
    class Turn {
      public:
        explicit Turn(std::atomic<bool>& taken) : taken_(taken), mine_(!is_guest()) {
            while (mine_ && taken_.exchange(true)) {
                checkpoint();
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
        }
        ~Turn() {
            if (mine_) taken_.store(false);
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

      private:
        std::atomic<bool>& taken_;
        const bool mine_;
    };

    std::mutex mutex_;
    std::atomic<bool> making_{false};
    bool free_ = false;  // read and written by the forking thread only
    union {
        T value_;
    };
};

// One object a key, made when first asked for and kept as long as this lives: what is returned stays valid.
template <class Key, class T>
class Cache {
  public:
    template <class Make>
    const T& get(const Key& key, Make make) {
        return *entries_.find_or_make([&](const Entries& entries) { return find(entries, key); },
                                      [&] { return std::make_unique<const T>(make()); },
                                      [&](Entries& entries, std::unique_ptr<const T> made) {
                                          const T* const first = find(entries, key);
                                          if (first != nullptr) return first;
                                          entries.emplace_back(key, std::move(made));
                                          return static_cast<const T*>(entries.back().second.get());
                                      });
    }

  private:
    using Entries = std::vector<std::pair<Key, std::unique_ptr<const T>>>;
    static const T* find(const Entries& entries, const Key& key) {
        for (const auto& [owner, made] : entries)
            if (owner == key) return made.get();
        return nullptr;
    }
    Guarded<Entries> entries_;
};

}  // namespace pyfe
