#include "pyfe/base/parallel.hpp"

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "pyfe/base/error.hpp"
#include "pyfe/base/secret.hpp"

namespace pyfe {
namespace {

using Body = std::function<void(std::size_t)>;

thread_local bool inside_body = false;

// One parallel_for: tasks are handed out by a shared counter.
class Job {
  public:
    Job(std::size_t tasks, const Body& body) : tasks_(tasks), body_(body) {}

    // Takes tasks until none is left or one has failed.
    void work() noexcept {
        inside_body = true;
        try {
            while (!failed_.load(std::memory_order_relaxed)) {
                const std::size_t task = next_.fetch_add(1, std::memory_order_relaxed);
                if (task >= tasks_) break;
                body_(task);
            }
        } catch (...) {
            keep_first(std::current_exception());
        }
        inside_body = false;
    }

    // Only after every worker has left work().
    void rethrow() {
        if (first_) std::rethrow_exception(first_);
    }

  private:
    void keep_first(std::exception_ptr error) noexcept {
        const std::lock_guard lock(mutex_);
        if (!first_) first_ = std::move(error);
        failed_.store(true, std::memory_order_relaxed);
    }

    const std::size_t tasks_;
    const Body& body_;
    std::atomic<std::size_t> next_{0};
    std::atomic<bool> failed_{false};
    std::mutex mutex_;
    std::exception_ptr first_;
};

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

    std::size_t workers() const { return threads_.size(); }

    void run(Job& job) {
        offer(&job);
        wake_.notify_all();
        job.work();
        std::unique_lock lock(mutex_);
        job_ = nullptr;
        idle_.wait(lock, [this] { return busy_ == 0; });
    }

  private:
    void offer(Job* job) {
        const std::lock_guard lock(mutex_);
        job_ = job;
        ++round_;
    }

    void serve() {
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
    std::vector<std::thread> threads_;
};

// All that a fork can catch half-way lies behind one pointer, so that the child can drop it whole.
struct Shared {
    std::mutex submit;  // held by the one thread that uses the pool
    std::unique_ptr<Pool> pool;
};

// Never freed at exit: a worker may still be asleep while static objects are destroyed.
std::atomic<Shared*> shared_state{nullptr};

// The threads and perhaps a locked mutex exist in the parent only; the old state is leaked, not touched.
void forget_pool_in_child() { shared_state.store(nullptr); }

const int fork_handler = pthread_atfork(nullptr, nullptr, forget_pool_in_child);

Shared& shared() {
    Shared* current = shared_state.load();
    if (current != nullptr) return *current;
    auto fresh = std::make_unique<Shared>();
    if (shared_state.compare_exchange_strong(current, fresh.get())) return *fresh.release();
    return *current;
}

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
    for (std::size_t task = 0; task < tasks; ++task) body(task);
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
    if (inside_body || threads == 1 || tasks <= 1) return run_inline(tasks, body);
    if (fork_handler != 0) return run_inline(tasks, body);  // without the handler a forked child would hang

    Shared& state = shared();
    const std::unique_lock lock(state.submit, std::try_to_lock);
    if (!lock.owns_lock()) return run_inline(tasks, body);

    const std::size_t workers = threads - 1;
    if (state.pool == nullptr || state.pool->workers() != workers) {
        state.pool.reset();
        state.pool = std::make_unique<Pool>(static_cast<unsigned>(workers));
    }
    Job job(tasks, body);
    state.pool->run(job);
    job.rethrow();
}

}  // namespace pyfe
