#include "pyfe/schemes/decoded.hpp"

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>

#include "pyfe/base/error.hpp"

namespace pyfe::schemes {
namespace {

constexpr uint64_t kMegabyte = 1000 * 1000, kUnread = ~uint64_t{0};

std::atomic<uint64_t> limit{kUnread};  // the environment is read when it is first asked for
std::atomic<size_t> kept{0};
std::atomic<uint64_t> decoded{0};

uint64_t limit_from_environment() {
    const char* text = std::getenv("PYFE_DECODED_MB");
    if (text == nullptr) return kDefaultDecodedMegabytes;
    const char* end = text + std::strlen(text);
    uint64_t value = 0;
    const auto [stop, error] = std::from_chars(text, end, value);
    if (error != std::errc{} || stop != end || value > kMostDecodedMegabytes)
        fail(ErrorKind::parameter, "PYFE_DECODED_MB: '" + std::string(text) +
                                       "' is not a whole number from 0 to " +
                                       std::to_string(kMostDecodedMegabytes));
    return value;
}

}  // namespace

uint64_t decoded_limit() {
    uint64_t value = limit.load(std::memory_order_relaxed);
    if (value == kUnread) {
        const uint64_t first = limit_from_environment();
        value = limit.compare_exchange_strong(value, first) ? first : value;
    }
    return value;
}

void set_decoded_limit(uint64_t megabytes) {
    if (megabytes > kMostDecodedMegabytes)
        fail(ErrorKind::parameter,
             "set_decoded_megabytes: the limit is not from 0 to " + std::to_string(kMostDecodedMegabytes));
    limit.store(megabytes);
}

DecodedCounts decoded_counts() { return {kept.load(), decoded.load()}; }
void count_decoded_rows(size_t rows) { decoded.fetch_add(rows, std::memory_order_relaxed); }

DecodedRoom::DecodedRoom(size_t bytes) {
    const size_t most = decoded_limit() * kMegabyte;
    size_t before = kept.load(std::memory_order_relaxed);
    do {
        if (bytes > most || before > most - bytes) return;
    } while (!kept.compare_exchange_weak(before, before + bytes, std::memory_order_relaxed));
    bytes_ = bytes;
}

DecodedRoom::~DecodedRoom() { kept.fetch_sub(bytes_, std::memory_order_relaxed); }

}  // namespace pyfe::schemes
