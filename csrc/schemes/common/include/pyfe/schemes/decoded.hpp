// How much memory the batches of this process may take for decoded points, all together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace pyfe::schemes {

constexpr uint64_t kDefaultDecodedMegabytes = 256;
constexpr uint64_t kMostDecodedMegabytes = uint64_t{1} << 24;

// In megabytes of 10^6 bytes. Starts as PYFE_DECODED_MB, or 256. Error(parameter) for a bad environment
// value.
uint64_t decoded_limit();
// Error(parameter) above kMostDecodedMegabytes. What is kept already stays until its batches go.
void set_decoded_limit(uint64_t megabytes);

// For tests: bytes kept now, and rows decoded since the process began
struct DecodedCounts {
    size_t bytes_kept;
    uint64_t rows_decoded;
};
DecodedCounts decoded_counts();
void count_decoded_rows(size_t rows);

// Room for some bytes, given back when it goes; empty where there was none. Counters only: nobody waits for
// anybody, so threads, signals and forks cannot get stuck here.
class DecodedRoom {
  public:
    DecodedRoom() = default;
    explicit DecodedRoom(size_t bytes);
    ~DecodedRoom();
    DecodedRoom(DecodedRoom&& other) noexcept : bytes_(std::exchange(other.bytes_, 0)) {}
    DecodedRoom& operator=(DecodedRoom&&) = delete;

    explicit operator bool() const { return bytes_ > 0; }

  private:
    size_t bytes_ = 0;
};

}  // namespace pyfe::schemes
