#include "pyfe/ipfe_rlwe/plain_rows.hpp"

#include <algorithm>
#include <bit>

#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"

namespace pyfe::ipfe_rlwe {

PlainRows::PlainRows(const Parameters& p) : box_(p.x) {
    uint64_t widest = 1;
    for (size_t i = 0; i < box_.size(); ++i)
        widest = std::max(widest, static_cast<uint64_t>(box_.hi[i]) - static_cast<uint64_t>(box_.lo[i]));
    width_ = (static_cast<size_t>(std::bit_width(widest)) + 7) / 8;
}

void PlainRows::append(const IntMatrix& x) {
    if (x.columns != columns())
        fail(ErrorKind::parameter, "x has " + std::to_string(x.columns) +
                                       " columns; the parameters have n = " + std::to_string(columns()));
    if (x.rows > kRing - rows_)
        fail(ErrorKind::parameter, "one ciphertext holds " + std::to_string(kRing) + " rows, and these are " +
                                       std::to_string(rows_ + x.rows) + "; encrypt the rest as another one");
    box_.require_inside(x, rows_ == 0 ? "x" : "x, rows from " + std::to_string(rows_) + " on");
    Piece piece{x.rows, SecretVector<uint8_t>(x.rows * columns() * width_)};
    uint8_t* to = piece.bytes.data();
    for (size_t row = 0; row < x.rows; ++row) {
        if (row % 64 == 0) checkpoint();
        for (size_t i = 0; i < columns(); ++i) {
            const uint64_t v =
                static_cast<uint64_t>(x.data[row * columns() + i]) - static_cast<uint64_t>(box_.lo[i]);
            for (size_t byte = 0; byte < width_; ++byte) *to++ = static_cast<uint8_t>(v >> (8 * byte));
        }
    }
    rows_ += x.rows;
    pieces_.push_back(std::move(piece));
}

void PlainRows::gather(size_t first, size_t count, int64_t* out, size_t stride) const {
    size_t row = 0;
    for (const Piece& piece : pieces_)
        for (size_t r = 0; r < piece.rows; ++r, ++row) {
            const uint8_t* from = piece.bytes.data() + (r * columns() + first) * width_;
            for (size_t c = 0; c < count; ++c) {
                uint64_t v = 0;
                for (size_t byte = 0; byte < width_; ++byte) v |= uint64_t{*from++} << (8 * byte);
                out[c * stride + row] = static_cast<int64_t>(v + static_cast<uint64_t>(box_.lo[first + c]));
            }
        }
}

}  // namespace pyfe::ipfe_rlwe
