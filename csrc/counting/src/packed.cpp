#include "packed.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "pyfe/base/parallel.hpp"

namespace pyfe::counting {
namespace {

constexpr unsigned word_bits = 64;
constexpr std::size_t rows_a_task = 8192;

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

NineCuts cuts_by_counting(const std::vector<std::uint64_t>& words, const Lane& lane) {
    std::vector<std::uint32_t> rows(lane.width + 1);
    for (const std::uint64_t word : words) ++rows[lane.of(word)];
    NineCuts out{};
    std::size_t below = 0, value = 0, d = 0;
    for (const std::size_t place : places(words.size())) {
        while (below + rows[value] <= place) below += rows[value++];
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

// The tenths of one score's answers
class Tenths {
  public:
    Tenths() = default;
    Tenths(const std::vector<std::uint64_t>& words, const Lane& lane) : lane_(lane) {
        const bool few = lane.width < most_counted;
        cuts_ = few ? cuts_by_counting(words, lane) : cuts_by_selection(words, lane);
        if (!few) return;
        for (std::uint64_t value = 0; value <= lane.width; ++value)
            of_value_.push_back(static_cast<std::uint8_t>(reached(value)));
    }

    // The tenths of `count` answers, to where `lane` has its place in the words `to`
    void add(const std::uint64_t* words, std::size_t count, const Lane& lane, std::uint64_t* to) const {
        if (of_value_.empty())
            for (std::size_t i = 0; i < count; ++i) to[i] |= reached(lane_.of(words[i])) << lane.shift;
        else
            for (std::size_t i = 0; i < count; ++i)
                to[i] |= std::uint64_t{of_value_[lane_.of(words[i])]} << lane.shift;
    }

  private:
    std::uint64_t reached(std::uint64_t value) const {
        std::uint64_t out = 0;
        for (const std::uint64_t cut : cuts_) out += cut <= value;
        return out;
    }

    Lane lane_{};
    NineCuts cuts_{};
    std::vector<std::uint8_t> of_value_;
};

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
    std::vector<Tenths> tenths(scores);
    parallel_for(scores, [&](std::size_t i) {
        tenths[i] = Tenths(answers.words[answers.lanes[i].word], answers.lanes[i]);
    });
    Packed out{count, lanes_for(std::vector<std::uint64_t>(scores, 9)), {}};
    out.words.assign(words_of(out.lanes), std::vector<std::uint64_t>(count));
    parallel_for((count + rows_a_task - 1) / rows_a_task, [&](std::size_t task) {
        const std::size_t first = task * rows_a_task, rows = std::min(rows_a_task, count - first);
        for (std::size_t i = 0; i < scores; ++i)
            tenths[i].add(answers.words[answers.lanes[i].word].data() + first, rows, out.lanes[i],
                          out.words[out.lanes[i].word].data() + first);
    });
    return out;
}

}  // namespace pyfe::counting
