// A file where something too large for memory lies: read and written at places, never mapped, so that what
// was read stays what was checked.
#pragma once
#include <cstdint>
#include <memory>
#include <span>

namespace pyfe::ipfe_rlwe {

class File {
  public:
    // Keeps a descriptor of its own. Error(parameter) for none
    explicit File(int descriptor);

    // All of `out`. Error(decode) where the file ends before, Error(resource) where it cannot be read
    void read(uint64_t at, std::span<uint8_t> out) const;
    // Error(resource), with the system's reason
    void write(uint64_t at, std::span<const uint8_t> bytes) const;
    // The same where the descriptor stands, which may be a pipe
    void append(std::span<const uint8_t> bytes) const;

  private:
    std::shared_ptr<const int> descriptor_;
};

}  // namespace pyfe::ipfe_rlwe
