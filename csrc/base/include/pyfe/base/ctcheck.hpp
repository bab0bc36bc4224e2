// Timing check by Valgrind: secrets are marked as undefined memory, so that Memcheck reports every branch and
// every address that depends on them. Built only with PYFE_CTCHECK; otherwise both calls are nothing.
#pragma once

#include <cstddef>

#ifdef PYFE_CTCHECK
#include <valgrind/memcheck.h>
#endif

namespace pyfe {

[[gnu::always_inline]] static inline void mark_secret([[maybe_unused]] const void* data,
                                                      [[maybe_unused]] std::size_t size) noexcept {
#ifdef PYFE_CTCHECK
    VALGRIND_MAKE_MEM_UNDEFINED(data, size);
#endif
}

// The value may be public from here on. Each call is a security decision and is listed in the documentation.
[[gnu::always_inline]] static inline void declassify([[maybe_unused]] const void* data,
                                                     [[maybe_unused]] std::size_t size) noexcept {
#ifdef PYFE_CTCHECK
    VALGRIND_MAKE_MEM_DEFINED(data, size);
#endif
}

}  // namespace pyfe
