// Bytes that nobody changes any more, shared by all who read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace pyfe {

// Copies in pieces between which lie checkpoints: a gigabyte takes most of a second.
void copy_in_pieces(std::span<const std::uint8_t> from, std::uint8_t* to);

// A view that keeps its bytes alive. They are our own, or lent by an owner who never writes to them: whoever
// was told once that they are sound need not look again.
class SharedBytes {
  public:
    SharedBytes() = default;
    SharedBytes(std::shared_ptr<const void> owner, std::span<const std::uint8_t> bytes)
        : owner_(std::move(owner)), bytes_(bytes) {}

    static SharedBytes copy(std::span<const std::uint8_t> bytes);
    static SharedBytes of(std::vector<std::uint8_t> bytes);
    // Memory of our own, not filled, and where to write it: all of it, before anybody reads
    static std::pair<SharedBytes, std::uint8_t*> to_write(std::size_t size) {
        const std::shared_ptr<std::uint8_t[]> made = std::make_shared_for_overwrite<std::uint8_t[]>(size);
        return {SharedBytes(made, {made.get(), size}), made.get()};
    }

    // All of a file, where it lies. Whoever may write to it can change what was checked, and whoever cuts it
    // ends the process: for files that only their reader may write. Error(resource)
    static SharedBytes mapped(int descriptor, std::size_t size);

    std::size_t size() const { return bytes_.size(); }
    std::span<const std::uint8_t> span() const { return bytes_; }
    SharedBytes part(std::size_t at, std::size_t size) const {
        SharedBytes out(owner_, bytes_.subspan(at, size));
        out.mapped_ = mapped_;
        return out;
    }
    // Of a file: memory is given back, and read again where it is needed again
    void let_go(std::size_t at, std::size_t size) const;

  private:
    bool mapped_ = false;
    std::shared_ptr<const void> owner_;
    std::span<const std::uint8_t> bytes_;
};

// All of them in one
std::vector<std::uint8_t> joined(std::span<const SharedBytes> pieces);

}  // namespace pyfe
