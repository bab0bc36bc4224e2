#include "packed.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "pyfe/base/parallel.hpp"

namespace pyfe::counting {
namespace {

constexpr unsigned word_bits = 64;
constexpr std::size_t rows_at_once = 2048;  // their words stay in the first cache

// Widest range of answers whose values are counted one by one instead of being sorted
constexpr std::uint64_t most_counted = std::uint64_t{1} << 20;

using NineCuts = std::array<std::uint64_t, 9>;

// Where the cuts stand among so many sorted answers: an answer between two of the quantiles that are meant is
// none, so that the upper one is taken.
std::array<std::size_t, 9> places(std::size_t count) {
    std::array<std::size_t, 9> out{};
    for (std::size_t d = 0; d < out.size(); ++d)
        out[d] = static_cast<std::size_t>(
            std::ceil(static_cast<double>(d + 1) / 10 * static_cast<double>(count - 1)));
    return out;
}

NineCuts cuts_by_counting(const std::vector<std::uint32_t>& rows_of_value, std::size_t rows) {
    NineCuts out{};
    std::size_t below = 0, value = 0, d = 0;
    for (const std::size_t place : places(rows)) {
        while (below + rows_of_value[value] <= place) below += rows_of_value[value++];
        out[d++] = value;
    }
    return out;
}

NineCuts cuts_by_selection(const std::vector<std::uint64_t>& words, const Lane& lane) {
    std::vector<std::uint64_t> values(words.size());
    std::transform(words.begin(), words.end(), values.begin(), [&](std::uint64_t w) { return lane.of(w); });
    NineCuts out{};
    std::size_t d = 0;
    auto from = values.begin();
    for (const std::size_t place : places(values.size())) {
        const auto here = values.begin() + static_cast<std::ptrdiff_t>(place);
        std::nth_element(from, here, values.end());
        out[d++] = *here;
        from = here;
    }
    return out;
}

bool counted(const Lane& lane) { return lane.width < most_counted; }

// How many rows have each answer, for the lanes of one word that are counted: each part of the rows is read
// once.
std::vector<std::vector<std::uint32_t>> counts_of(const std::vector<std::uint64_t>& words,
                                                  std::span<const Lane> lanes) {
    std::vector<std::vector<std::uint32_t>> out;
    for (const Lane& lane : lanes) out.emplace_back(counted(lane) ? lane.width + 1 : 0);
    for (std::size_t first = 0; first < words.size(); first += rows_at_once) {
        const std::size_t end = std::min(words.size(), first + rows_at_once);
        for (std::size_t i = 0; i < lanes.size(); ++i) {
            if (!counted(lanes[i])) continue;
            const Lane lane = lanes[i];
            std::uint32_t* const rows = out[i].data();
            for (std::size_t row = first; row < end; ++row) ++rows[lane.of(words[row])];
        }
    }
    return out;
}

// The tenths of one score's answers
class Tenths {
  public:
    Tenths() = default;
    // They are written to the lane `to`.
    Tenths(const Lane& lane, const NineCuts& cuts, const Lane& to)
        : lane_(lane), cuts_(cuts), shift_(to.shift) {
        for (std::uint64_t value = 0; counted(lane) && value <= lane.width; ++value)
            of_value_.push_back(of(value));
    }

    void add(const std::uint64_t* words, std::size_t count, std::uint64_t* to) const {
        const Lane lane = lane_;
        if (counted(lane))
            for (std::size_t i = 0; i < count; ++i) to[i] |= of_value_[lane.of(words[i])];
        else
            for (std::size_t i = 0; i < count; ++i) to[i] |= of(lane.of(words[i]));
    }

  private:
    std::uint64_t of(std::uint64_t value) const {
        std::uint64_t out = 0;
        for (const std::uint64_t cut : cuts_) out += cut <= value;
        return out << shift_;
    }

    Lane lane_{};
    NineCuts cuts_{};
    unsigned shift_ = 0;
    std::vector<std::uint64_t> of_value_;
};

// The tenths of the scores whose answers lie in one word, to their places from `to` on
void find_tenths(const std::vector<std::uint64_t>& words, std::span<const Lane> lanes,
                 std::span<const Lane> to, std::span<Tenths> out) {
    const auto rows = counts_of(words, lanes);
    for (std::size_t i = 0; i < lanes.size(); ++i)
        out[i] = Tenths(
            lanes[i],
            counted(lanes[i]) ? cuts_by_counting(rows[i], words.size()) : cuts_by_selection(words, lanes[i]),
            to[i]);
}

}  // namespace

std::vector<Lane> lanes_for(std::span<const std::uint64_t> widths) {
    std::vector<Lane> out;
    std::size_t word = 0;
    unsigned used = 0;
    for (const std::uint64_t width : widths) {
        const auto bits = static_cast<unsigned>(std::bit_width(width));
        if (used + bits > word_bits) {
            ++word;
            used = 0;
        }
        const std::uint64_t mask = bits == 0 ? 0 : ~std::uint64_t{0} >> (word_bits - bits);
        out.push_back({word, bits == 0 ? 0 : used, width, mask});
        used += bits;
    }
    return out;
}

std::size_t words_of(std::span<const Lane> lanes) { return lanes.empty() ? 0 : lanes.back().word + 1; }

Packed tenths_of(const Packed& answers) {
    const std::size_t scores = answers.lanes.size(), count = answers.count;
    const std::span lanes(answers.lanes);
    Packed out{count, lanes_for(std::vector<std::uint64_t>(scores, 9)), {}};
    out.words.assign(words_of(out.lanes), std::vector<std::uint64_t>(count));
    std::vector<Tenths> tenths(scores);
    parallel_for(answers.words.size(), [&](std::size_t w) {
        const auto in_word = [&](const Lane& lane) { return lane.word == w; };
        const auto first =
            static_cast<std::size_t>(std::find_if(lanes.begin(), lanes.end(), in_word) - lanes.begin());
        const auto some = static_cast<std::size_t>(std::count_if(lanes.begin(), lanes.end(), in_word));
        find_tenths(answers.words[w], lanes.subspan(first, some), std::span(out.lanes).subspan(first, some),
                    std::span(tenths).subspan(first, some));
    });
    parallel_for((count + rows_at_once - 1) / rows_at_once, [&](std::size_t task) {
        const std::size_t first = task * rows_at_once, rows = std::min(rows_at_once, count - first);
        for (std::size_t i = 0; i < scores; ++i)
            tenths[i].add(answers.words[lanes[i].word].data() + first, rows,
                          out.words[out.lanes[i].word].data() + first);
    });
    return out;
}

}  // namespace pyfe::counting
