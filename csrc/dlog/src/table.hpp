// The table of baby steps: one cache line a look-up, two for one in sixteen.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "shape.hpp"

namespace pyfe::dlog {

constexpr size_t kSlots = 12;

// A key (the low 64 bits of a coordinate) picks its line by the top bits. A full line sends the key to the
// next one, so that nothing is ever dropped.
struct alignas(64) Line {
    uint32_t slot[kSlots];  // key bits 0..8 on top of m - 1 in 23 bits
    uint8_t extra[kSlots];  // key bits 9..16
    uint8_t count;          // slots in use
    uint8_t overflow;       // 1: keys of this line went on to the next
    uint8_t spare[2];
};
static_assert(sizeof(Line) == 64);

constexpr size_t kPageBytes = 1 << 16;
constexpr size_t kPageLines = kPageBytes / sizeof(Line);

// Anonymous memory, zeroed, which forked children share until somebody writes
class Memory {
  public:
    // Error(resource) when memory is short
    explicit Memory(size_t size);
    Memory(Memory&& other) noexcept;
    Memory(const Memory&) = delete;
    ~Memory();

    uint8_t* data() const { return static_cast<uint8_t*>(data_); }

  private:
    void* data_;
    size_t size_;
};

// A checksum against accidents on disk, not against an attacker
uint64_t page_checksum(const uint8_t* page);

// The keys of eight lanes
struct alignas(64) KeyRow {
    uint64_t key[8];
};

// What look-up k of a batch found: its key may be that of m B.
struct Hit {
    uint32_t k;
    int64_t m;
};

class Table {
  public:
    // Empty
    explicit Table(Rung rung);

    const Rung& rung() const { return rung_; }
    std::span<const Line> lines() const { return {lines_, count_}; }
    // Where a file's lines are read to
    std::span<uint8_t> bytes() { return {memory_.data(), count_ * sizeof(Line)}; }
    // SHA-256 of the pages' SHA-256, in hexadecimal
    std::string digest() const;
    // Whether it is the one table of its rung that there is
    bool is_genuine() const { return digest() == rung_.digest; }

    // Ascending m give the same bytes on every machine.
    void insert(uint64_t key, int64_t m);
    void prefetch(uint64_t key) const { __builtin_prefetch(lines_ + line_of(key)); }
    // Appends the hits among `count` keys; a hit in 2^14 to 2^13 is false.
    void look_up(const uint64_t* keys, size_t count, std::vector<Hit>& hits) const;

    std::string path;    // empty: in memory
    bool built = false;  // by this process

  private:
    size_t line_of(uint64_t key) const {
        return static_cast<size_t>(static_cast<unsigned __int128>(key) * count_ >> 64);
    }
    size_t after(size_t line) const { return line + 1 == count_ ? 0 : line + 1; }
    void inspect(uint64_t key, uint32_t k, size_t line, std::vector<Hit>& hits) const;

    Rung rung_;
    size_t count_;
    Memory memory_;
    Line* lines_;
};

// Lines for 2^log_entries entries, two thirds full. A table that goes to a file leaves one page for the
// header, so that the whole is a power of two.
size_t lines_for(int log_entries);

}  // namespace pyfe::dlog
