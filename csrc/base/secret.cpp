#include "pyfe/base/secret.hpp"

#include <cstring>
#include <new>
#include <string>

#include "pyfe/base/error.hpp"

namespace pyfe {

void secure_zero(void* data, std::size_t size) noexcept {
    if (size == 0) return;
    std::memset(data, 0, size);
    // The compiler must assume that this reads the zeros, so the memset is not a dead store.
    __asm__ __volatile__("" : : "r"(data) : "memory");
}

// The kernels' deepest frames end within this depth (a test looks for what they leave), and the smallest
// stack that Python gives a thread has room for it.
[[gnu::noinline]] void wipe_stack() noexcept {
    constexpr std::size_t depth = 20 * 1024;
    unsigned char frame[depth];
    secure_zero(frame, sizeof frame);
}

namespace detail {

void* secret_allocate(std::size_t count, std::size_t item_size) {
    if (count == 0) return nullptr;
    std::size_t size = 0;
    void* data = nullptr;
    if (!__builtin_mul_overflow(count, item_size, &size)) {
        data = ::operator new (size, std::align_val_t{secret_alignment}, std::nothrow);
    }
    if (data == nullptr) {
        fail(ErrorKind::resource, "secret buffer: no memory for " + std::to_string(count) + " items of " +
                                      std::to_string(item_size) + " bytes");
    }
    std::memset(data, 0, size);
    return data;
}

void secret_release(void* data, std::size_t size) noexcept {
    if (data == nullptr) return;
    secure_zero(data, size);
    ::operator delete (data, std::align_val_t{secret_alignment});
}

}  // namespace detail
}  // namespace pyfe
