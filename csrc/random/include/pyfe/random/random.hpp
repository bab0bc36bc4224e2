// Where randomness comes from. Schemes take a Random&, so that tests can replay known bytes.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace pyfe {

class Random {
  public:
    virtual ~Random();
    // Fills all of it, or throws Error(randomness) and leaves zeros: never a partly random buffer.
    virtual void fill(std::uint8_t* out, std::size_t size) = 0;
};

// The kernel's generator through getrandom(2). Nothing is buffered in the process: a fork or a copied virtual
// machine cannot repeat bytes, and none lie in memory. Safe from any thread.
Random& os_random();

namespace detail {
// Same signature and errno convention as getrandom(2).
using EntropyCall = ssize_t (*)(void* out, std::size_t size, unsigned flags);

// Repeats the call on EINTR and short reads; fails closed on anything else.
void fill_from(EntropyCall call, std::uint8_t* out, std::size_t size);
}  // namespace detail

}  // namespace pyfe
