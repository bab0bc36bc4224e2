// Encrypted rows as a batch holds them: their wire bytes, and their points as far as there is room for them.
//
// A RowSource has the bytes of rows that came or were made together. Rows are ranges of sources, so slices
// and concatenations copy no row, and share what is decoded. The points of a source are kept by tiles, runs
// of `tile_rows` rows; a tile that is kept stays as long as its source, so readers take no lock.
//
// A Layout says how the rows of a scheme lie:
//   Tile                                 the points of some rows
//   tile_rows(), row_size(), tile_bytes(rows)
//   Tile decode(std::span<const uint8_t> rows, size_t first) const
//       of rows that were checked before or are our own; `first` is the number of the first, for errors
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/shared_bytes.hpp"
#include "pyfe/schemes/decoded.hpp"

namespace pyfe::schemes {

template <class Layout>
class RowSource {
  public:
    using Tile = typename Layout::Tile;

    RowSource(const Layout& layout, SharedBytes rows)
        : layout_(layout),
          rows_(std::move(rows)),
          count_(rows_.size() / layout.row_size()),
          tiles_((count_ + layout.tile_rows() - 1) / layout.tile_rows()) {}
    ~RowSource() {
        for (const std::atomic<const KeptTile*>& tile : tiles_) delete tile.load();
    }
    RowSource(const RowSource&) = delete;
    RowSource& operator=(const RowSource&) = delete;

    size_t size() const { return count_; }
    size_t tiles() const { return tiles_.size(); }
    size_t first_row(size_t tile) const { return tile * layout_.tile_rows(); }
    size_t rows_in(size_t tile) const { return std::min(layout_.tile_rows(), count_ - first_row(tile)); }
    SharedBytes bytes(size_t first, size_t count) const {
        return rows_.part(first * layout_.row_size(), count * layout_.row_size());
    }

    const Tile* kept(size_t tile) const {
        const KeptTile* kept = tiles_[tile].load(std::memory_order_acquire);
        return kept == nullptr ? nullptr : &kept->tile;
    }
    // The points of a tile: those that are kept, or make(), kept from now on; nothing where there is no room
    template <class Make>
    const Tile* offer(size_t tile, Make make) const {
        if (const Tile* there = kept(tile)) return there;
        DecodedRoom room(layout_.tile_bytes(rows_in(tile)));
        if (!room) return nullptr;
        std::unique_ptr<const KeptTile> made(new KeptTile{make(), std::move(room)});
        const KeptTile* first = nullptr;  // of two threads that make the same tile, the first one's is kept
        if (!tiles_[tile].compare_exchange_strong(first, made.get(), std::memory_order_acq_rel))
            return &first->tile;
        return &made.release()->tile;
    }
    const Tile* tile(size_t tile) const {
        return offer(tile, [&] {
            return layout_.decode(bytes(first_row(tile), rows_in(tile)).span(), first_row(tile));
        });
    }

  private:
    struct KeptTile {
        Tile tile;
        DecodedRoom room;
    };
    const Layout layout_;
    const SharedBytes rows_;
    const size_t count_;
    mutable std::vector<std::atomic<const KeptTile*>> tiles_;
};

template <class Layout>
class Rows {
  public:
    using Source = RowSource<Layout>;
    // Rows of one source that follow each other
    struct Range {
        std::shared_ptr<const Source> source;
        size_t first, count;
        size_t end;  // of them in these rows
    };

    explicit Rows(const Layout& layout) : layout_(layout) {}
    Rows(const Layout& layout, SharedBytes bytes) : layout_(layout) {
        const auto source = std::make_shared<const Source>(layout, std::move(bytes));
        append({source, 0, source->size(), 0});
    }

    const Layout& layout() const { return layout_; }
    size_t size() const { return ranges_.empty() ? 0 : ranges_.back().end; }
    const std::vector<Range>& ranges() const& { return ranges_; }
    std::vector<Range> ranges() && { return std::move(ranges_); }

    // Rows `first` to `first + count`, in the ranges they lie in
    Rows slice(size_t first, size_t count) const {
        Rows out(layout_);
        for (size_t at = range_of(first); count > 0; ++at) {
            Range part = ranges_[at];
            const size_t skipped = first - (part.end - part.count);
            part.first += skipped;
            part.count = std::min(count, part.count - skipped);
            first += part.count;
            count -= part.count;
            out.append(std::move(part));
        }
        return out;
    }

    void append(const Rows& more) {
        for (const Range& range : more.ranges_) append(range);
    }

    // The bytes of some rows: where they lie, if they follow each other, or gathered in `scratch`
    std::span<const uint8_t> bytes(size_t first, size_t count, std::vector<uint8_t>& scratch) const {
        if (count == 0) return {};
        const Range& range = ranges_[range_of(first)];
        if (first + count <= range.end)
            return range.source->bytes(range.first + first - (range.end - range.count), count).span();
        scratch.clear();
        for (const Range& part : slice(first, count).ranges()) {
            const SharedBytes rows = part.source->bytes(part.first, part.count);
            scratch.insert(scratch.end(), rows.span().begin(), rows.span().end());
        }
        return scratch;
    }

    // Their wire bytes, in pieces of megabytes: those of short ranges are copied together
    void write(std::vector<SharedBytes>& out) const {
        constexpr size_t most = size_t{1} << 24, few = size_t{1} << 16, gathered = size_t{1} << 20;
        std::vector<uint8_t> small;
        const auto flush = [&] {
            if (!small.empty()) out.push_back(SharedBytes::of(std::exchange(small, {})));
        };
        for (const Range& range : ranges_) {
            checkpoint();
            const SharedBytes all = range.source->bytes(range.first, range.count);
            if (all.size() < few) {
                if (small.size() + all.size() > gathered) flush();
                small.insert(small.end(), all.span().begin(), all.span().end());
                continue;
            }
            flush();
            for (size_t at = 0; at < all.size(); at += most)
                out.push_back(all.part(at, std::min(most, all.size() - at)));
        }
        flush();
    }

    // Where a row lies
    struct Place {
        const Source* source;
        size_t row;
    };
    Place place(size_t row) const {
        const Range& range = ranges_[range_of(row)];
        return {range.source.get(), range.first + row - (range.end - range.count)};
    }

  private:
    size_t range_of(size_t row) const {
        if (ranges_.size() == 1) return 0;
        const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), row,
                                            [](size_t r, const Range& range) { return r < range.end; });
        return static_cast<size_t>(after - ranges_.begin());
    }
    void append(Range range) {
        if (range.count == 0) return;
        if (!ranges_.empty() && ranges_.back().source == range.source &&
            ranges_.back().first + ranges_.back().count == range.first) {  // neighbours become one again
            ranges_.back().count += range.count;
            ranges_.back().end += range.count;
            return;
        }
        range.end = size() + range.count;
        ranges_.push_back(std::move(range));
    }

    Layout layout_;
    std::vector<Range> ranges_;
};

// Error(parameter) for rows that are not there
inline void require_slice(size_t start, size_t stop, size_t size) {
    if (start > stop || stop > size)
        fail(ErrorKind::parameter, "slice " + std::to_string(start) + ":" + std::to_string(stop) + " of " +
                                       std::to_string(size) + " rows");
}

}  // namespace pyfe::schemes
