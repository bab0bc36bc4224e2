#include "table.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/hash/sha2.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace pyfe::dlog {
namespace {

constexpr size_t kAhead = 32;  // look-ups whose lines are on their way
constexpr int kIndexBits = 23;
constexpr uint32_t kIndexMask = (1u << kIndexBits) - 1;

uint8_t extra_of(uint64_t key) { return static_cast<uint8_t>(key >> 9); }
uint32_t tag_of(uint64_t key) { return static_cast<uint32_t>(key & 511); }

// Whether the line deserves a closer look: an extra tag equals the key's, or the line overflowed. Unused
// slots count; inspect() sorts them out.
bool may_hold(const Line& line, uint64_t key) {
#ifdef __SSE2__
    // The byte of `overflow` is compared with 1 in place of the tag; count and the spare bytes are masked
    // away.
    const __m128i keep = _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, -1, -1);
    const __m128i one = _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0);
    const __m128i tags = _mm_set1_epi8(static_cast<char>(extra_of(key)));
    const __m128i wanted = _mm_or_si128(_mm_and_si128(tags, keep), one);
    const __m128i have = _mm_load_si128(reinterpret_cast<const __m128i*>(line.extra));
    return (_mm_movemask_epi8(_mm_cmpeq_epi8(wanted, have)) & 0x2fff) != 0;
#else
    bool hit = line.overflow != 0;
    for (size_t s = 0; s < kSlots; ++s) hit |= line.extra[s] == extra_of(key);
    return hit;
#endif
}

}  // namespace

Memory::Memory(size_t size) : size_(size) {
    data_ = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data_ == MAP_FAILED)
        fail(ErrorKind::resource, "small logs: no memory for a table of " + std::to_string(size) + " bytes");
}

Memory::Memory(Memory&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}

Memory::~Memory() {
    if (data_ != nullptr) munmap(data_, size_);
}

uint64_t page_checksum(const uint8_t* page) {
    // Four chains hide the multiplier's latency. Each step is a bijection of the chain's state.
    constexpr uint64_t multiplier = 0x9e3779b97f4a7c15;  // odd: 2^64 / golden ratio
    uint64_t h[4] = {1, 2, 3, 4};
    for (size_t at = 0; at < kPageBytes; at += 32)
        for (size_t j = 0; j < 4; ++j) {
            uint64_t w;
            std::memcpy(&w, page + at + 8 * j, 8);
            h[j] = (h[j] ^ w) * multiplier;
            h[j] ^= h[j] >> 29;
        }
    uint64_t sum = 0;
    for (const uint64_t x : h) sum = (sum ^ x) * multiplier, sum ^= sum >> 32;
    return sum;
}

size_t lines_for(int log_entries) {
    const size_t lines = size_t{1} << (log_entries - 3);
    // A file holds whole pages, and the largest one stays below 64 * 10^6 bytes: 8.4 entries a line instead
    // of 8.
    return log_entries > kMaxLogInMemory ? (lines - lines / 20) / kPageLines * kPageLines : lines;
}

Table::Table(Rung rung)
    : rung_(rung),
      count_(lines_for(rung.log_entries)),
      memory_(count_ * sizeof(Line)),
      lines_(reinterpret_cast<Line*>(memory_.data())) {}

std::string Table::digest() const {
    const size_t pages = count_ / kPageLines;
    std::vector<uint8_t> sums(pages * 32);
    parallel_for(pages, [&](size_t p) {
        const std::span page(memory_.data() + p * kPageBytes, kPageBytes);
        std::ranges::copy(sha256(page), &sums[32 * p]);
    });
    std::string out;
    for (const uint8_t byte : sha256(sums)) {
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
    }
    return out;
}

void Table::insert(uint64_t key, int64_t m) {
    size_t at = line_of(key);
    for (; lines_[at].count == kSlots; at = after(at)) lines_[at].overflow = 1;
    Line& line = lines_[at];
    line.slot[line.count] = tag_of(key) << kIndexBits | static_cast<uint32_t>(m - 1);
    line.extra[line.count] = extra_of(key);
    ++line.count;
}

void Table::inspect(uint64_t key, uint32_t k, size_t at, std::vector<Hit>& hits) const {
    for (size_t walked = 0; walked < count_; ++walked, at = after(at)) {
        const Line& line = lines_[at];
        for (size_t s = 0; s < line.count; ++s)
            if (line.extra[s] == extra_of(key) && line.slot[s] >> kIndexBits == tag_of(key))
                hits.push_back({k, static_cast<int64_t>(line.slot[s] & kIndexMask) + 1});
        if (line.overflow == 0) return;
    }
}

void Table::look_up(const uint64_t* keys, size_t count, std::vector<Hit>& hits) const {
    for (size_t k = 0; k < count && k < kAhead; ++k) prefetch(keys[k]);
    for (size_t k = 0; k < count; ++k) {
        if (k + kAhead < count) prefetch(keys[k + kAhead]);
        const size_t at = line_of(keys[k]);
        if (may_hold(lines_[at], keys[k])) inspect(keys[k], static_cast<uint32_t>(k), at, hits);
    }
}

}  // namespace pyfe::dlog
