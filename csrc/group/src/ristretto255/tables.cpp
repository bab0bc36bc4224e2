#include "tables.hpp"

#include <algorithm>
#include <memory>

#include "pyfe/base/dispatch.hpp"
#include "pyfe/field/constants25519.hpp"
#include "pyfe/group/ristretto255/points.hpp"
#include "recode.hpp"

namespace pyfe::group::ristretto255 {

std::vector<Table> build_tables(const Kernels& k, const PointBlock& bases, size_t count, int digits,
                                int spacing) {
    const int rows = rows_of(digits, spacing);
    const size_t points = size_t(rows) * size_t(k.fixed.entries);
    std::vector<Table> tables(8);
    Table unused;
    uint64_t* out[8];
    for (size_t j = 0; j < 8; ++j) {
        Table& t = j < count ? tables[j] : unused;
        t.resize(size_t(rows) * size_t(k.fixed.row_words));
        out[j] = t.data();
    }
    std::vector<PointBlock> scratch(points);
    const auto inverses = std::make_unique<Element[]>(2 * points);
    k.fixed_base_tables(&bases, rows, spacing, out, scratch.data(), inverses.get());
    tables.resize(count);
    return tables;
}

TableChoice cheapest_tables(const Kernels& k, int digits, size_t blocks, size_t bases) {
    const double window = k.fixed.window, entries = k.fixed.entries;
    TableChoice best{};
    for (int s = 1; s <= digits; ++s) {
        const double build = rows_of(digits, s) * entries * kEntryWork + window * digits * kDoublingWork;
        const double use = double(blocks) * double(std::min<size_t>(bases, 8)) *
                           (digits * kDigitWork + (s - 1) * window * kDoublingWork);
        if (s == 1 || build + use < best.work) best = {s, build + use};
    }
    return best;
}

namespace {

Scalar constant_scalar(const uint64_t (&w)[4]) {
    Scalar s;
    for (int i = 0; i < 4; ++i) s.w[i] = w[i];
    return s;
}

// One lane in all lanes
PointBlock spread(const PointBlock& from, int lane) {
    PointBlock r;
    const uint64_t* in = &from.x[0][0];
    uint64_t* out = &r.x[0][0];
    for (int row = 0; row < 20; ++row)
        for (int j = 0; j < 8; ++j) out[row * 8 + j] = in[row * 8 + lane];
    return r;
}

// factor G in every lane
PointBlock generator_multiple(const Kernels& k, const Scalar& factor) {
    const PointVector g = PointVector::decode(generator_bytes(), "generator");
    std::vector<uint8_t> digits(64 * 8);
    for (int j = 0; j < 8; ++j) recode_odd(factor, 4, 64, digits.data() + j, 8);
    AffineBlock base = g.blocks[0];
    PointBlock r;
    k.variable_base(&base, digits.data(), 1, &r);
    return r;
}

GeneratorTables make_generator_tables(const Kernels& k) {
    GeneratorTables made;
    Scalar one;
    one.w[0] = 1;
    PointBlock both = generator_multiple(k, one);
    const PointBlock quarter = generator_multiple(k, constant_scalar(field::kQuarter));
    uint64_t* to = &both.x[0][0];
    const uint64_t* from = &quarter.x[0][0];
    for (int row = 0; row < 20; ++row) to[row * 8 + 1] = from[row * 8];
    std::vector<Table> tables = build_tables(k, both, 2, k.fixed.digits, 1);
    made.g = std::move(tables[0]);
    made.quarter = std::move(tables[1]);
    k.negate(&quarter, 1, &made.minus_quarter);
    made.minus_quarter = spread(made.minus_quarter, 0);
    return made;
}

}  // namespace

const GeneratorTables& generator_tables(const Kernels& k) {
    return once_a_backend<GeneratorTables>(k, [&] { return make_generator_tables(k); });
}

void add_short_multiples(const Kernels& k, const uint8_t* digits, int short_digits, size_t blocks,
                         PointBlock* points) {
    const GeneratorTables& tables = generator_tables(k);
    k.fixed_base(tables.quarter.data(), short_digits, 1, digits, size_t(short_digits) * 8, blocks, points);
    for (size_t b = 0; b < blocks; ++b) k.add(points + b, &tables.minus_quarter, 1, points + b);
}

}  // namespace pyfe::group::ristretto255
