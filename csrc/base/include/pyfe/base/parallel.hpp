// Threads for batches: one persistent pool a process, the caller works too.
#pragma once

#include <cstddef>
#include <functional>

namespace pyfe {

constexpr unsigned max_threads = 1024;

// How many threads a parallel_for uses, the caller included. Starts as PYFE_NUM_THREADS (1..1024), or the
// number of cores in the affinity mask. Error(parameter) for a bad environment value.
unsigned num_threads();

// Error(parameter) outside 1..1024. Takes effect at the next parallel_for.
void set_num_threads(unsigned count);

// Calls body(0) .. body(tasks - 1), each once, in any order, and returns when all are done. After an
// exception no further task starts; the first one is rethrown here. Runs on the calling thread alone when it
// is called inside a body, when one thread is set, or when another thread is using the pool. A forked child
// builds a pool of its own; a body must not fork and return. Between tasks lie checkpoints (interrupt.hpp);
// where what a checkpoint asks forks, the call ends in the child by Error(resource).
void parallel_for(std::size_t tasks, const std::function<void(std::size_t)>& body);

}  // namespace pyfe
