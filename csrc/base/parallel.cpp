#include "pyfe/base/parallel.hpp"

#include <sched.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "pyfe/base/error.hpp"
#include "pyfe/base/fork.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/secret.hpp"

namespace pyfe {
namespace {

using Body = std::function<void(std::size_t)>;

constexpr auto between_looks = std::chrono::milliseconds(50);

constexpr const char* forked_meanwhile =
    "the process was forked while this call was at work, and the threads that shared its work stayed in the "
    "parent; call again";

thread_local bool inside_body = false;

// One parallel_for: tasks are handed out by a shared counter. No lock: a thread that is gone would hold it.
class Job {
  public:
    Job(std::size_t tasks, const Body& body) : tasks_(tasks), body_(body) {}

    // Takes tasks until none is left or one has failed.
    void work() noexcept {
        inside_body = true;
        const StopScope stop(failed_);
        attempt([this] {
            while (true) {
                checkpoint();
                const std::size_t task = next_.fetch_add(1, std::memory_order_relaxed);
                if (task >= tasks_) break;
                body_(task);
            }
        });
        inside_body = false;
    }

    // For the caller, while it waits for the others: may end their work
    void look_up() noexcept {
        if (!failed_.load(std::memory_order_relaxed)) attempt([] { checkpoint(); });
    }

    // In a forked child: whoever joined is gone, and with them the tasks that they had taken.
    void abandon() noexcept {
        abandoned_ = true;
        failed_.store(true, std::memory_order_relaxed);
    }
    bool abandoned() const noexcept { return abandoned_; }

    // Only after every worker has left work(), or is gone.
    void rethrow() {
        if (abandoned_) fail(ErrorKind::resource, forked_meanwhile);
        if (first_) std::rethrow_exception(first_);
    }

  private:
    template <class Action>
    void attempt(Action action) noexcept {
        try {
            action();
        } catch (...) {
            keep_first(std::current_exception());
        }
    }

    void keep_first(std::exception_ptr error) noexcept {
        if (!failed_.exchange(true, std::memory_order_relaxed)) first_ = std::move(error);
    }

    const std::size_t tasks_;
    const Body& body_;
    std::atomic<std::size_t> next_{0};
    std::atomic<bool> failed_{false};
    bool abandoned_ = false;  // written and read by the caller's thread only
    std::exception_ptr first_;
};

// The job of this thread while it has the pool
thread_local Job* offered = nullptr;

// Makes this thread's thread-local objects (ours, and the C++ library's for exceptions), which the loader
// does at the first touch; where it finds no memory for them, it ends the process. So: false, and none is
// touched, where there is no room for much more than they need.
bool touch_thread_locals() noexcept {
    void* volatile const room = std::malloc(std::size_t{1} << 14);
    const bool found = room != nullptr;
    std::free(room);
    if (!found) return false;
    inside_body = false;
    return std::uncaught_exceptions() == 0;
}

// Sleeping workers that join the job on offer. The caller waits only for those that joined: a worker which
// wakes late finds no job and sleeps on.
class Pool {
  public:
    explicit Pool(unsigned workers) {
        try {
            threads_.reserve(workers);
            for (unsigned i = 0; i < workers; ++i) threads_.emplace_back([this] { serve(); });
        } catch (const std::system_error& error) {
            stop();
            fail(ErrorKind::resource,
                 "thread pool: cannot start " + std::to_string(workers) + " worker threads: " + error.what());
        }
    }
    ~Pool() { stop(); }
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // Less than were asked for where a thread found no memory: then the caller works without it.
    std::size_t workers() const { return threads_.size() - lacking_.load(); }

    void run(Job& job) {
        offer(&job);
        wake_.notify_all();
        job.work();
        if (job.abandoned()) return;  // here and below: nobody is left who would unlock or answer
        std::unique_lock lock(mutex_);
        job_ = nullptr;
        while (!idle_.wait_for(lock, between_looks, [this] { return busy_ == 0; })) {
            lock.unlock();
            job.look_up();
            if (job.abandoned()) return;
            lock.lock();
        }
    }

  private:
    void offer(Job* job) {
        const std::lock_guard lock(mutex_);
        job_ = job;
        ++round_;
    }

    void serve() {
        if (!touch_thread_locals()) {
            ++lacking_;
            return;
        }
        std::size_t seen = 0;
        std::unique_lock lock(mutex_);
        while (true) {
            wake_.wait(lock, [&] { return stopping_ || (job_ != nullptr && round_ != seen); });
            if (stopping_) return;
            seen = round_;
            Job* job = job_;
            ++busy_;
            lock.unlock();
            job->work();
            wipe_stack();  // a worker sleeps for long on what its tasks left there
            lock.lock();
            if (--busy_ == 0) idle_.notify_one();
        }
    }

    void stop() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        wake_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable idle_;
    Job* job_ = nullptr;
    std::size_t round_ = 0;
    std::size_t busy_ = 0;
    bool stopping_ = false;
    std::atomic<std::size_t> lacking_{0};
    std::vector<std::thread> threads_;
};

// The pool of this process. Its threads, and perhaps the locked mutex, exist in a forking parent only: the
// child leaks the one and makes the other anew. A checkpoint may run a signal handler that forks, and whose
// child comes back into the job: that ends.
struct Shared final : ForkAware {
    std::mutex submit;  // held by the one thread that uses the pool
    std::unique_ptr<Pool> pool;

    void in_child() noexcept override {
        new (&submit) std::mutex;
        static_cast<void>(pool.release());
        if (offered != nullptr) offered->abandon();
    }
};

// Never freed: a worker may still be asleep, or at work, while static objects are destroyed.
Shared& shared = *new Shared;

unsigned cores_of_affinity_mask() {
    cpu_set_t set;
    CPU_ZERO(&set);
    unsigned cores = 0;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        cores = static_cast<unsigned>(CPU_COUNT(&set));
    } else {  // more than 1024 CPUs in the machine
        cores = std::thread::hardware_concurrency();
    }
    return cores < 1 ? 1 : (cores > max_threads ? max_threads : cores);
}

unsigned threads_from_environment() {
    const char* text = std::getenv("PYFE_NUM_THREADS");
    if (text == nullptr) return cores_of_affinity_mask();
    const char* end = text + std::strlen(text);
    unsigned value = 0;
    const auto [stop, error] = std::from_chars(text, end, value);
    if (error != std::errc{} || stop != end || value < 1 || value > max_threads) {
        fail(ErrorKind::parameter, "PYFE_NUM_THREADS: '" + std::string(text) +
                                       "' is not a whole number from 1 to " + std::to_string(max_threads));
    }
    return value;
}

std::atomic<unsigned> thread_count{0};  // 0: the environment was not read yet

void run_inline(std::size_t tasks, const Body& body) {
    for (std::size_t task = 0; task < tasks; ++task) {
        checkpoint();
        body(task);
    }
}

}  // namespace

unsigned num_threads() {
    unsigned count = thread_count.load(std::memory_order_relaxed);
    if (count == 0) {
        const unsigned first = threads_from_environment();
        count = thread_count.compare_exchange_strong(count, first) ? first : count;
    }
    return count;
}

void set_num_threads(unsigned count) {
    if (count < 1 || count > max_threads) {
        fail(ErrorKind::parameter, "set_num_threads: " + std::to_string(count) + " is not from 1 to " +
                                       std::to_string(max_threads));
    }
    thread_count.store(count);
}

void parallel_for(std::size_t tasks, const Body& body) {
    const unsigned threads = num_threads();
    if (inside_body || is_guest() || threads == 1 || tasks <= 1) return run_inline(tasks, body);
    if (!forks_are_handled()) return run_inline(tasks, body);  // a forked child would hang

    std::unique_lock lock(shared.submit, std::try_to_lock);
    if (!lock.owns_lock()) return run_inline(tasks, body);

    const std::size_t workers = threads - 1;
    if (shared.pool == nullptr || shared.pool->workers() != workers) {
        shared.pool.reset();
        shared.pool = std::make_unique<Pool>(static_cast<unsigned>(workers));
    }
    Job job(tasks, body);
    offered = &job;
    shared.pool->run(job);
    offered = nullptr;
    if (job.abandoned()) lock.release();  // the child's mutex is another one
    job.rethrow();
}

}  // namespace pyfe
