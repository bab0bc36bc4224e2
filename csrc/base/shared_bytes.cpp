#include "pyfe/base/shared_bytes.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "pyfe/base/error.hpp"
#include "pyfe/base/given_back.hpp"
#include "pyfe/base/interrupt.hpp"

namespace pyfe {

void copy_in_pieces(std::span<const std::uint8_t> from, std::uint8_t* to) {
    constexpr std::size_t piece = std::size_t{1} << 24;
    for (std::size_t at = 0; at < from.size(); at += piece) {
        checkpoint();
        std::memcpy(to + at, from.data() + at, std::min(piece, from.size() - at));
    }
}

SharedBytes SharedBytes::copy(std::span<const std::uint8_t> bytes) {
    auto [made, out] = to_write(bytes.size());
    copy_in_pieces(bytes, out);
    return made;
}

SharedBytes SharedBytes::mapped(int descriptor, std::size_t size) {
    if (size == 0) return {};
    void* const at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (at == MAP_FAILED)
        fail(ErrorKind::resource, std::string("cannot map the file: ") + std::strerror(errno));
    const std::shared_ptr<const void> owner(
        at, [size](const void* mapped) { munmap(const_cast<void*>(mapped), size); });
    SharedBytes out(owner, {static_cast<const std::uint8_t*>(at), size});
    out.mapped_ = true;
    return out;
}

// Whole pages only
void SharedBytes::let_go(std::size_t at, std::size_t size) const {
    if (!mapped_) return;
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto start = reinterpret_cast<std::uintptr_t>(bytes_.data()) + at;
    const std::uintptr_t first = (start + page - 1) / page * page, last = (start + size) / page * page;
    if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

GivenBack::GivenBack(SharedBytes bytes)
    : thread_([bytes = std::move(bytes)](const std::stop_token& stopped) {
          while (!stopped.stop_requested()) {
              std::this_thread::sleep_for(std::chrono::milliseconds(10));
              bytes.let_go(0, bytes.size());
          }
      }) {}

void GivenBack::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
}

SharedBytes SharedBytes::of(std::vector<std::uint8_t> bytes) {
    const auto owner = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
    return {owner, *owner};
}

std::vector<std::uint8_t> joined(std::span<const SharedBytes> pieces) {
    std::size_t size = 0;
    for (const SharedBytes& piece : pieces) size += piece.size();
    std::vector<std::uint8_t> out;
    out.reserve(size);
    for (const SharedBytes& piece : pieces) {
        checkpoint();
        out.insert(out.end(), piece.span().begin(), piece.span().end());
    }
    return out;
}

}  // namespace pyfe
