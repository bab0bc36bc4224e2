#include "pyfe/counting/sample.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "class_counts.hpp"
#include "packed.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"

namespace pyfe::counting {
namespace {

constexpr std::size_t rows_a_task = 8192;

// Their sums stay in the first cache.
constexpr std::size_t rows_at_once = 1024;

// Levels of columns that are joined: a table of what they add takes 16 kB.
constexpr std::size_t most_joined = 2048;

template <class Body>
void in_parts(std::size_t count, const Body& body) {
    parallel_for((count + rows_a_task - 1) / rows_a_task, [&](std::size_t task) {
        body(task * rows_a_task, std::min(count, (task + 1) * rows_a_task));
    });
}

[[noreturn]] void fail_at_level(std::int64_t level, std::size_t levels, std::size_t row, std::size_t column) {
    fail(ErrorKind::parameter, "counting: row " + std::to_string(row) + " has the level " +
                                   std::to_string(level) + " of " + std::to_string(levels) + " in column " +
                                   std::to_string(column));
}

void require_columns(std::span<const Guessed> guessed, std::size_t columns) {
    for (const Guessed& one : guessed) {
        if (one.column >= columns)
            fail(ErrorKind::parameter, "counting: there is no column " + std::to_string(one.column));
        for (const std::uint8_t label : one.label)
            if (label >= most_classes)
                fail(ErrorKind::parameter,
                     "counting: the class " + std::to_string(label) + " is not below 8");
    }
}

void require_62_bits(const Shares& share) {
    constexpr double most = 4611686018427387904.0;  // 2^62
    double sum = 0;
    for (const auto& column : share) {
        double largest = 0;
        for (const std::int64_t value : column)
            largest = std::max(largest, std::abs(static_cast<double>(value)));
        sum += largest;
    }
    if (sum >= most) fail(ErrorKind::out_of_range, "counting: an answer of 62 bits or more");
}

// One more than the highest of some levels, none of which is negative or, where there is a limit, beyond it
std::size_t size_of(std::span<const std::int16_t> levels, std::size_t limit, std::size_t column) {
    std::int16_t highest = -1;
    for (std::size_t row = 0; row < levels.size(); ++row) {
        if (levels[row] < 0 || static_cast<std::size_t>(levels[row]) >= limit)
            fail_at_level(levels[row], limit, row, column);
        highest = std::max(highest, levels[row]);
    }
    return static_cast<std::size_t>(highest + 1);
}

// codes becomes level + size * codes
void put_below(std::span<const std::int16_t> levels, std::size_t size, std::size_t first, std::size_t end,
               std::uint16_t* codes) {
    for (std::size_t row = first; row < end; ++row)
        codes[row] = static_cast<std::uint16_t>(codes[row] * size + static_cast<std::size_t>(levels[row]));
}

using Words = std::vector<std::uint64_t>;

// What each joint level of some columns adds: share[first] + size * (share[first + 1] + ...)
Words table_of(std::span<const Words> share, std::span<const std::size_t> sizes) {
    Words out = {0};
    for (std::size_t column = share.size(); column-- > 0;) {
        Words longer;
        longer.reserve(out.size() * sizes[column]);
        for (const std::uint64_t above : out)
            for (std::size_t level = 0; level < sizes[column]; ++level)
                longer.push_back(above + (share[column].empty() ? 0 : share[column][level]));
        out = std::move(longer);
    }
    return out;
}

void add_one(const std::uint64_t* table, const std::uint16_t* code, std::size_t rows,
             std::uint64_t* __restrict sum) {
    for (std::size_t row = 0; row < rows; ++row) sum[row] += table[code[row]];
}

// Half as many loads and stores of sums
void add_two(const std::uint64_t* a, const std::uint16_t* in_a, const std::uint64_t* b,
             const std::uint16_t* in_b, std::size_t rows, std::uint64_t* __restrict sum) {
    for (std::size_t row = 0; row < rows; ++row) sum[row] += a[in_a[row]] + b[in_b[row]];
}

// Of each score what its shares add above the least one of their column; and how much that is in all
struct Above {
    Shares shares;
    std::uint64_t width = 0;
};

Above above_least(const Shares& share, std::span<const std::size_t> sizes) {
    Above out{share, 0};
    for (std::size_t column = 0; column < share.size(); ++column) {
        if (share[column].empty()) continue;
        const std::span<std::int64_t> here(out.shares[column].data(), sizes[column]);
        if (here.empty()) continue;
        const auto [least, most] = std::minmax_element(here.begin(), here.end());
        const std::int64_t from = *least;
        out.width += static_cast<std::uint64_t>(*most - from);
        for (std::int64_t& value : here) value -= from;
    }
    return out;
}

// What each level of each column adds to a word: sums, each shifted to its lane
class WordShares {
  public:
    explicit WordShares(std::span<const std::size_t> sizes) : sizes_(sizes), share_(sizes.size()) {}

    void add(const Shares& shares, unsigned shift) {
        for (std::size_t column = 0; column < shares.size(); ++column) {
            if (shares[column].empty()) continue;
            share_[column].resize(sizes_[column]);
            for (std::size_t level = 0; level < sizes_[column]; ++level)
                share_[column][level] += static_cast<std::uint64_t>(shares[column][level]) << shift;
        }
    }
    std::span<const Words> all() const { return share_; }

  private:
    std::span<const std::size_t> sizes_;
    std::vector<Words> share_;
};

}  // namespace

Sample::Sample(std::span<const std::int16_t> levels, std::size_t columns, std::span<const Guessed> guessed)
    : count_(columns == 0 ? 0 : levels.size() / columns), columns_(columns), sizes_(columns) {
    if (count_ > std::numeric_limits<std::uint32_t>::max())
        fail(ErrorKind::parameter, "counting: a sample of 2^32 rows or more");
    require_columns(guessed, columns);
    std::vector<std::size_t> limits(columns, std::size_t{1} << 15);
    for (const Guessed& one : guessed) limits[one.column] = std::min(limits[one.column], one.label.size());
    const auto column_of = [&](std::size_t column) { return levels.subspan(column * count_, count_); };
    parallel_for(columns, [&](std::size_t c) { sizes_[c] = size_of(column_of(c), limits[c], c); });
    join_columns();
    codes_.resize(joined_.size() * count_);
    const auto labels = std::make_shared<Labels>(count_, guessed.size());
    in_parts(count_, [&](std::size_t first, std::size_t end) {
        for (std::size_t i = 0; i < guessed.size(); ++i) {
            const auto level = column_of(guessed[i].column);
            for (std::size_t row = first; row < end; ++row)
                labels->set(row, i, guessed[i].label[static_cast<std::size_t>(level[row])]);
        }
        for (std::size_t j = 0; j < joined_.size(); ++j)
            for (std::size_t c = joined_[j].end; c-- > joined_[j].first;)
                put_below(column_of(c), sizes_[c], first, end, codes_.data() + j * count_);
    });
    labels_ = labels;
}

void Sample::join_columns() {
    std::size_t levels = most_joined + 1;
    for (std::size_t column = 0; column < columns_; ++column) {
        levels *= std::max<std::size_t>(sizes_[column], 1);
        if (levels > most_joined) {
            joined_.push_back({column, column});
            levels = std::max<std::size_t>(sizes_[column], 1);
        }
        joined_.back().end = column + 1;
    }
}

std::size_t Sample::level(std::size_t column, std::size_t row) const {
    for (std::size_t j = 0;; ++j) {
        if (column >= joined_[j].end) continue;
        std::size_t code = codes_[j * count_ + row];
        for (std::size_t c = joined_[j].first; c < column; ++c) code /= sizes_[c];
        return code % sizes_[column];
    }
}

void Sample::require_shares(const Shares& share) const {
    if (share.size() != columns_)
        fail(ErrorKind::parameter, "counting: shares of " + std::to_string(share.size()) +
                                       " columns for rows of " + std::to_string(columns_));
    require_62_bits(share);
    for (std::size_t column = 0; column < columns_; ++column) {
        const std::size_t levels = share[column].size();
        if (levels == 0 || levels >= sizes_[column]) continue;
        std::size_t row = 0;
        while (level(column, row) < levels) ++row;
        fail_at_level(static_cast<std::int64_t>(level(column, row)), levels, row, column);
    }
}

void Sample::add_up(std::span<const std::vector<std::uint64_t>> share, std::uint64_t* out) const {
    std::vector<Words> tables;
    for (const Joined& one : joined_)
        tables.push_back(table_of(share.subspan(one.first, one.end - one.first),
                                  std::span(sizes_).subspan(one.first, one.end - one.first)));
    in_parts(count_, [&](std::size_t first, std::size_t end) {
        for (std::size_t from = first; from < end; from += rows_at_once) {
            const std::size_t rows = std::min(rows_at_once, end - from);
            const auto table = [&](std::size_t j) { return tables[j].data(); };
            const auto code = [&](std::size_t j) { return codes_.data() + j * count_ + from; };
            std::size_t j = 0;
            for (; j + 1 < tables.size(); j += 2)
                add_two(table(j), code(j), table(j + 1), code(j + 1), rows, out + from);
            if (j < tables.size()) add_one(table(j), code(j), rows, out + from);
        }
    });
}

std::vector<std::int64_t> Sample::answers_vartime(const Shares& share) const {
    require_shares(share);
    std::vector<Words> modular;
    for (const auto& column : share) modular.emplace_back(column.begin(), column.end());
    std::vector<std::int64_t> out(count_);
    add_up(modular, reinterpret_cast<std::uint64_t*>(out.data()));
    return out;
}

Packed Sample::packed(std::span<const Shares> scores) const {
    std::vector<Above> above;
    std::vector<std::uint64_t> widths;
    for (const Shares& share : scores) {
        require_shares(share);
        above.push_back(above_least(share, sizes_));
        widths.push_back(above.back().width);
    }
    Packed out{count_, lanes_for(widths), {}};
    std::vector<WordShares> of_word(words_of(out.lanes), WordShares(sizes_));
    for (std::size_t i = 0; i < scores.size(); ++i)
        of_word[out.lanes[i].word].add(above[i].shares, out.lanes[i].shift);
    for (const WordShares& share : of_word) {
        out.words.emplace_back(count_);
        add_up(share.all(), out.words.back().data());
    }
    return out;
}

}  // namespace pyfe::counting
