// Constant-time multiplication of many fixed bases, a base a lane, by one secret scalar that they have in
// common. Of each base the same entry is wanted, so that all entries of a row are read under one mask.
#pragma once
#include "fixed_base.hpp"
#include "pyfe/group/ristretto255/table_shape.hpp"

namespace pyfe::group::ristretto255 {

// The lanes of a wide backend lie side by side, [row][entry][limb][lane]; the portable one has a table a
// base, [lane][row][limb][entry], as it has for one base.
template <class F>
void base_table(const PointBlock* bases, int rows, int spacing, uint64_t* table, PointBlock* scratch,
                Element* inverses) {
    constexpr size_t entries = kTableEntries;
    odd_multiple_rows<F, kTableWindow>(
        bases, rows, spacing, scratch, inverses, [&](size_t row, size_t entry, const uint64_t(*limbs)[8]) {
            for (size_t limb = 0; limb < 15; ++limb)
                for (size_t j = 0; j < 8; ++j)
                    if constexpr (F::wide)
                        table[((row * entries + entry) * 15 + limb) * 8 + j] = limbs[limb][j];
                    else
                        table[((j * size_t(rows) + row) * 15 + limb) * entries + entry] = limbs[limb][j];
        });
}

template <class F>
PYFE_KERNEL Niels<F> load_niels(const uint64_t* words) {
    const auto* limbs = reinterpret_cast<const uint64_t(*)[8]>(words);
    return {F::load(limbs, 0), F::load(limbs + 5, 0), F::load(limbs + 10, 0)};
}

// The digit's multiple of the base in this lane, or in all lanes. digit: the same for all of them
template <class F>
PYFE_KERNEL Niels<F> lookup_common(const uint64_t* table, int row, int rows, const uint8_t* digit, int lane) {
    using L = typename F::Lane;
    const auto d = OddDigit<F, kTableWindow>::from_bytes(digit + lane);
    Niels<F> n;
    if constexpr (F::wide) {
        const uint64_t* entry = table + size_t(row) * kTableRowLines * 8;
        n = load_niels<F>(entry);
        for (uint64_t e = 1; e < kTableEntries; ++e) {
            const auto hit = L::equal(d.index, L::broadcast(e));
            const Niels<F> here = load_niels<F>(entry + e * 15 * 8);
            n = {F::select(hit, here.plus, n.plus), F::select(hit, here.minus, n.minus),
                 F::select(hit, here.xy2d, n.xy2d)};
        }
    } else {
        const uint64_t* own = table + size_t(lane * rows + row) * kTableRowLines;
        n = {F::lookup(own, 0, d.index), F::lookup(own, 5, d.index), F::lookup(own, 10, d.index)};
    }
    return Niels<F>::negate_if(d.negative, n);
}

template <class F>
void common_sum(const uint64_t* table, int spacing, const uint8_t* digits, PointBlock* out) {
    const int rows = table_rows(spacing);
    for_lanes<F>([&](int lane) {
        Point<F> acc = Point<F>::identity();
        for (int r = spacing - 1; r >= 0; --r) {
            for (int j = r; j < kTableDigits; j += spacing)
                acc = add(acc, lookup_common<F>(table, j / spacing, rows, digits + 8 * j, lane));
            if (r > 0) acc = double_times(acc, kTableWindow);
        }
        acc.store(*out, lane);
    });
}

}  // namespace pyfe::group::ristretto255
