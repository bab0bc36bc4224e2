// Tables of odd multiples of fixed points, and what they cost. Included by portable files only.
#pragma once
#include <vector>

#include "pyfe/group/ristretto255/kernels.hpp"

namespace pyfe::group::ristretto255 {

using Table = std::vector<uint64_t>;

// Digits j and j + 1 .. j + spacing - 1 share a row, and so the doublings between them.
inline int rows_of(int digits, int spacing) { return (digits + spacing - 1) / spacing; }

// Tables of up to eight bases, one a lane: rows of odd multiples, 15 words an entry
std::vector<Table> build_tables(const Kernels& k, const PointBlock& bases, size_t count, int digits,
                                int spacing);

// Work in multiplications of a block of field elements: an entry of a table costs 15 of them (an addition,
// and its part of the inversion), a digit 9, a doubling 8
constexpr double kEntryWork = 15, kDigitWork = 9, kDoublingWork = 8;

struct TableChoice {
    int spacing;
    double work;  // to make the tables of up to eight bases, and to use them
};

// The best spacing of tables that multiply each of the bases by `blocks` blocks of scalars
TableChoice cheapest_tables(const Kernels& k, int digits, size_t blocks, size_t bases);

// Tables of G and G/4, dense, made once a backend
struct GeneratorTables {
    Table g, quarter;
    PointBlock minus_quarter;  // -G/4 in every lane
};
const GeneratorTables& generator_tables(const Kernels& k);

// points[b] += x G/2 = (2x + 1) G/4 - G/4. digits: of recode_short, [block][digit][lane]
void add_short_multiples(const Kernels& k, const uint8_t* digits, int short_digits, size_t blocks,
                         PointBlock* points);

}  // namespace pyfe::group::ristretto255
