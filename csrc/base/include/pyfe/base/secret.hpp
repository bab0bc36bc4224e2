// Memory for secrets: wiped before it goes back to the allocator, and never copied by accident.
#pragma once

#include <cstddef>
#include <type_traits>

namespace pyfe {

// Overwrites with zeros in a way the optimiser may not remove.
void secure_zero(void* data, std::size_t size) noexcept;

// Overwrites the stack below the caller: what functions that have returned left in their frames, spilled
// registers and temporaries that no destructor sees.
void wipe_stack() noexcept;

// Wipes the stack at the end of a scope that computes with secrets. Declare it first.
class StackGuard {
  public:
    StackGuard() noexcept = default;
    StackGuard(const StackGuard&) = delete;
    StackGuard& operator=(const StackGuard&) = delete;
    ~StackGuard() { wipe_stack(); }
};

namespace detail {
constexpr std::size_t secret_alignment = 64;  // one cache line, one AVX-512 register
// Zeroed storage; Error(resource) when count * item_size overflows or memory is short. nullptr for zero
// bytes.
void* secret_allocate(std::size_t count, std::size_t item_size);
void secret_release(void* data, std::size_t size) noexcept;
}  // namespace detail

// A fixed-size array of trivially copyable values, 64-byte aligned, zeroed at birth and wiped at death. A
// moved-from vector is empty. The members are forced inline so that no copy compiled with extra CPU flags is
// left for the linker to choose.
template <class T>
class SecretVector {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
    static_assert(alignof(T) <= detail::secret_alignment);

  public:
    [[gnu::always_inline]] SecretVector() noexcept = default;
    [[gnu::always_inline]] explicit SecretVector(std::size_t size)
        : data_(static_cast<T*>(detail::secret_allocate(size, sizeof(T)))), size_(size) {}
    [[gnu::always_inline]] SecretVector(SecretVector&& other) noexcept
        : data_(other.data_), size_(other.size_) {
        other.data_ = nullptr;
        other.size_ = 0;
    }
    [[gnu::always_inline]] SecretVector& operator=(SecretVector&& other) noexcept {
        if (this != &other) {
            clear();
            data_ = other.data_;
            size_ = other.size_;
            other.data_ = nullptr;
            other.size_ = 0;
        }
        return *this;
    }
    SecretVector(const SecretVector&) = delete;
    SecretVector& operator=(const SecretVector&) = delete;
    [[gnu::always_inline]] ~SecretVector() { clear(); }

    // Wipes and releases now; the vector is empty afterwards.
    [[gnu::always_inline]] void clear() noexcept {
        detail::secret_release(data_, size_ * sizeof(T));
        data_ = nullptr;
        size_ = 0;
    }

    [[gnu::always_inline]] T* data() noexcept { return data_; }
    [[gnu::always_inline]] const T* data() const noexcept { return data_; }
    [[gnu::always_inline]] std::size_t size() const noexcept { return size_; }
    [[gnu::always_inline]] bool empty() const noexcept { return size_ == 0; }
    [[gnu::always_inline]] T& operator[](std::size_t i) noexcept { return data_[i]; }
    [[gnu::always_inline]] const T& operator[](std::size_t i) const noexcept { return data_[i]; }
    [[gnu::always_inline]] T* begin() noexcept { return data_; }
    [[gnu::always_inline]] T* end() noexcept { return data_ + size_; }
    [[gnu::always_inline]] const T* begin() const noexcept { return data_; }
    [[gnu::always_inline]] const T* end() const noexcept { return data_ + size_; }

  private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace pyfe
