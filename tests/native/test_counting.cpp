// The room counting: products by both ways, what they say about a variable, and sampled rows, each against
// loops.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "check.hpp"
#include "class_counts.hpp"
#include "leave_one_out.hpp"
#include "packed.hpp"
#include "product.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/counting/nearest.hpp"
#include "pyfe/counting/sample.hpp"
#include "pyfe/counting/score.hpp"
#include "real_transform.hpp"

namespace {

using namespace pyfe::counting;

// Numbers that look random and are the same everywhere
class Numbers {
  public:
    std::uint32_t below(std::uint32_t most) {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return static_cast<std::uint32_t>(state_ >> 33) % most;
    }

  private:
    std::uint64_t state_ = 1;
};

std::vector<Variable> variables_of(Numbers& numbers, std::size_t count, std::uint32_t levels,
                                   std::uint32_t step) {
    std::vector<Variable> out(count);
    for (Variable& variable : out) {
        const std::uint32_t share = 1 + numbers.below(step);
        double sum = 0;
        for (std::uint32_t l = 0; l < levels; ++l) {
            variable.push_back(
                {l * share, 1.0 + numbers.below(9), static_cast<std::uint8_t>(l * 8 / levels)});
            sum += variable.back().probability;
        }
        for (Level& level : variable) level.probability /= sum;
    }
    return out;
}

std::vector<Terms> terms_of_all(const std::vector<Variable>& variables) {
    std::vector<Terms> out;
    for (const Variable& variable : variables) out.push_back(terms_of(variable));
    return out;
}

Distribution product_without(const std::vector<Terms>& factors, std::size_t left_out) {
    Distribution out{1.0};
    for (std::size_t i = 0; i < factors.size(); ++i)
        if (i != left_out) out = times(out, factors[i]);
    return out;
}

bool close(const Distribution& a, const Distribution& b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [](double x, double y) { return std::abs(x - y) < 1e-14; });
}

void test_transform() {
    for (std::size_t size = 1; size <= 1 << 17; size = size * 2 + 1) {
        const RealTransform transform(size);
        CHECK(transform.size() >= size && transform.size() >= 4);
        Numbers numbers;
        std::vector<Complex> values(transform.half());
        for (Complex& value : values)
            value = {static_cast<double>(numbers.below(100)), static_cast<double>(numbers.below(100))};
        std::vector<Complex> there = values;
        transform.forward(there.data());
        transform.backward(there.data());
        double worst = 0;
        for (std::size_t i = 0; i < values.size(); ++i)
            worst = std::max(worst, std::abs(values[i] - there[i]));
        CHECK(worst < 1e-11);
    }
}

void test_leave_one_out() {
    Numbers numbers;
    for (const auto& [count, levels, step] :
         {std::array<std::uint32_t, 3>{1, 5, 3}, {2, 3, 900}, {7, 40, 50}, {5, 300, 40}}) {
        const auto factors = terms_of_all(variables_of(numbers, count, levels, step));
        CHECK(close(product_of(factors), product_without(factors, factors.size())));
        std::size_t next = 0;
        const auto same = [&](std::size_t i, const Distribution& others) {
            CHECK(i == next++ && close(others, product_without(factors, i)));
        };
        leave_one_out_directly(factors, same);
        next = 0;
        leave_one_out_by_transform(factors, same);
        next = 0;
        leave_one_out(factors, same);
        CHECK(next == factors.size());
    }
}

void test_beside() {
    Numbers numbers;
    const std::vector<Variable> variables = variables_of(numbers, 3, 6, 40);
    const std::vector<Beside> found = beside_vartime(variables, Certain(0.95));
    for (std::size_t i = 0; i < 3; ++i) {
        std::map<std::uint32_t, std::array<double, most_classes>> joint;
        for (const Level& a : variables[0])
            for (const Level& b : variables[1])
                for (const Level& c : variables[2])
                    joint[a.share + b.share + c.share][(i == 0   ? a
                                                        : i == 1 ? b
                                                                 : c)
                                                           .label] +=
                        a.probability * b.probability * c.probability;
        double right = 0, sure = 0;
        for (const auto& [z, masses] : joint) {
            const double most = *std::max_element(masses.begin(), masses.end());
            double all = 0;
            for (const double mass : masses) all += mass;
            right += most;
            if (most >= 0.95 * all) sure += all;
        }
        CHECK(std::abs(found[i].answer.right - right) < 1e-12);
        CHECK(std::abs(found[i].answer.sure - sure) < 1e-12);
        CHECK(found[i].tenth.right <= right + 1e-12);
    }
    CHECK(beside_vartime({}, Certain(0.95)).empty());
}

void test_residues() {
    const std::vector<Variable> parity = {{{0, 0.7, 0}, {1, 0.3, 0}}, {{0, 0.5, 0}, {2, 0.5, 0}}};
    const std::vector<Residue> found = residues_vartime(parity, 2, Certain(0.95));
    CHECK(std::abs(found[0].gain - 0.3) < 1e-15 && std::abs(found[0].sure - 1) < 1e-15);
    CHECK(std::abs(found[1].gain) < 1e-15 && found[1].sure == 0);
}

void test_sample() {
    Numbers numbers;
    constexpr std::size_t rows = 3000;
    std::vector<std::int16_t> levels(2 * rows);
    for (std::int16_t& level : levels) level = static_cast<std::int16_t>(numbers.below(5));
    const std::vector<Guessed> guessed = {{1, {0, 1, 2, 3, 4}}};
    const Sample sample(levels, 2, guessed);
    const std::vector<std::vector<std::int64_t>> both = {{0, 5, 10, 15, 20}, {0, 1, 2, 3, 4}};
    const std::vector<std::vector<std::int64_t>> answers = {sample.answers_vartime(both)};
    for (std::size_t row = 0; row < rows; ++row)
        CHECK(answers[0][row] == 5 * levels[row] + levels[rows + row]);
    const Tally tally = sample.tally_vartime(answers, 20, Certain(0.95));
    CHECK(tally.columns[0].said.right == 1 && tally.columns[0].said.sure == 1 && tally.thin == 0);
    const std::vector<std::int64_t> targets = {0, 17, rows - 1};
    const std::vector<Shares> scores = {both};
    const Matches matches = sample.matches_vartime(scores, targets, 20, Certain(0.95)).answers;
    CHECK(std::abs(matches.records - 1) < 1e-15 && std::abs(matches.certain[0] - 1) < 1e-15);
    CHECK(sample.matches_vartime(scores, targets, rows, Certain(0.95)).answers.thin > 0.99);
}

// Sixteen columns at a time against one row, column and class after the other
void test_class_counts() {
    Numbers numbers;
    for (const std::size_t columns : {1U, 15U, 16U, 17U, 32U, 33U, 60U}) {
        Labels labels(1000, columns);
        std::vector<std::uint8_t> all(1000 * columns);
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i] = static_cast<std::uint8_t>(numbers.below(8));
            labels.set(i / columns, i % columns, all[i]);
        }
        for (std::size_t i = 0; i < all.size(); ++i) CHECK(labels.at(i / columns, i % columns) == all[i]);
        ClassCounts found(columns);
        std::vector<std::uint32_t> rows, wanted(most_classes * columns), most(columns);
        for (const std::size_t more : {0U, 1U, 254U, 255U, 256U, 700U}) {
            rows.resize(more);
            for (std::uint32_t& row : rows) row = numbers.below(1000);
            found.add(labels, rows);
            for (const std::uint32_t row : rows)
                for (std::size_t i = 0; i < columns; ++i) ++wanted[all[row * columns + i] * columns + i];
        }
        std::vector<std::uint8_t> common(columns);
        found.commonest(common);
        for (std::size_t i = 0; i < columns; ++i) {
            std::size_t best = 0;
            for (std::size_t c = 0; c < most_classes; ++c) {
                CHECK(found.of(c, i) == wanted[c * columns + i]);
                if (wanted[c * columns + i] > wanted[best * columns + i]) best = c;
            }
            CHECK(common[i] == best);
        }
    }
}

// Answers side by side in words against answers to one score; their tenths against sorted answers
void test_packed() {
    Numbers numbers;
    constexpr std::size_t rows = 2000, columns = 9;
    std::vector<std::int16_t> levels(columns * rows);
    for (std::int16_t& level : levels) level = static_cast<std::int16_t>(numbers.below(7));
    const Sample sample(levels, columns, {});
    std::vector<Shares> scores;
    for (const unsigned bits : {0U, 3U, 3U, 24U, 57U, 1U, 30U, 30U}) {
        scores.emplace_back(columns);
        for (auto& share : scores.back())
            for (std::size_t level = 0; level < 7; ++level) {
                const auto value = static_cast<std::int64_t>(numbers.below(1U << 30)) << 30;
                share.push_back(bits == 0 ? 5 : (value >> (60 - bits)) - (std::int64_t{1} << (bits - 1)));
            }
    }
    const Packed packed = sample.packed(scores), tenths = tenths_of(packed);
    CHECK(packed.words.size() >= 3 && tenths.words.size() == 1);
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const std::vector<std::int64_t> answers = sample.answers_vartime(scores[i]);
        std::vector<std::int64_t> sorted = answers;
        std::sort(sorted.begin(), sorted.end());
        const auto offset = answers[0] - static_cast<std::int64_t>(packed.answer(i, 0));
        for (std::size_t row = 0; row < rows; ++row) {
            CHECK(answers[row] == offset + static_cast<std::int64_t>(packed.answer(i, row)));
            std::size_t tenth = 0;
            for (std::size_t d = 1; d < 10; ++d) tenth += sorted[(d * (rows - 1) + 9) / 10] <= answers[row];
            CHECK(tenths.answer(i, row) == tenth);
        }
    }
}

// By trying all integers around the origin: the least distance of a record, and that of the origin
std::pair<double, double> distances_slowly(const Search& search, const std::vector<double>& centre,
                                           const std::vector<double>& origin) {
    constexpr int reach = 12;
    const auto distance = [&](double t0, double t1) {
        const double below = search.triangle[3] * (t1 - centre[1]);
        const double above = search.triangle[0] * (t0 - centre[0]) + search.triangle[1] * (t1 - centre[1]);
        return above * above + below * below;
    };
    double least = INFINITY;
    for (int t0 = -reach; t0 <= reach; ++t0)
        for (int t1 = -reach; t1 <= reach; ++t1) {
            std::vector<double> x = origin;
            for (std::size_t a = 0; a < 3; ++a) x[a] += t0 * search.basis[a] + t1 * search.basis[3 + a];
            bool inside = x[1] + x[2] <= 1;
            for (std::size_t a = 0; a < 3; ++a)
                inside = inside && x[a] >= search.lo[a] && x[a] <= search.hi[a];
            if (inside) least = std::min(least, distance(t0, t1));
        }
    return {least, distance(0, 0)};
}

void test_nearer() {
    Numbers numbers;
    const auto number = [&](int most) {
        return static_cast<double>(numbers.below(static_cast<std::uint32_t>(2 * most + 1))) - most;
    };
    int found = 0;
    for (int round = 0; round < 400; ++round) {
        const Search search{2,
                            3,
                            {2 + number(1), number(2), 0, 3 + number(2)},
                            {number(2), number(1), number(1), number(2), number(1), number(1)},
                            {0, 0, 0},
                            {6, 1, 1},
                            {{1, 3}}};
        const std::vector<double> centre = {number(10) / 4, number(10) / 4};
        const std::vector<double> origin = {3, static_cast<double>(numbers.below(2)), 0};
        const auto [least, own] = distances_slowly(search, centre, origin);
        const bool wanted = least < own * (1 - 1e-9) - 1e-12;
        CHECK(nearer_vartime(search, centre, origin, 100000) == (wanted ? Nearer::found : Nearer::none));
        found += wanted;
        std::vector<double> record(3, -1);
        CHECK(likeliest_vartime(search, centre, origin, own + 1e-9, 100000, record) == Nearer::found);
        CHECK(record[0] >= 0 && record[0] <= 6 && record[1] + record[2] <= 1);
        std::vector<double> none(3, -1);
        CHECK(likeliest_vartime(search, centre, origin, least * (1 - 1e-9) - 1e-12, 100000, none) ==
              Nearer::none);
        CHECK(none[0] == -1);
        std::vector<double> again(3, -1);
        const auto end = likeliest_vartime(search, centre, origin, least * (1 + 1e-9) + 1e-12, 100000, again);
        CHECK(end == Nearer::found && again == record);
    }
    CHECK(found > 40 && found < 360);
    const Search one{1, 1, {1}, {1}, {0}, {9}, {}};
    CHECK(nearer_vartime(one, std::vector{2.4}, std::vector{5.0}, 100) == Nearer::found);
    CHECK(nearer_vartime(one, std::vector{2.4}, std::vector{5.0}, 0) == Nearer::unfinished);
    CHECK(nearer_vartime(one, std::vector{0.4}, std::vector{5.0}, 100) == Nearer::none);
    CHECK(nearer_vartime(Search{}, {}, {}, 100) == Nearer::none);
    std::vector<double> record = {-1};
    CHECK(likeliest_vartime(one, std::vector{2.4}, std::vector{5.0}, 99, 1, record) == Nearer::unfinished);
    CHECK(record[0] == 7);
    CHECK(likeliest_vartime(Search{}, {}, {}, 99, 100, {}) == Nearer::none);
}

void test_refusals() {
    const std::vector<Variable> wide = {{{0, 0.5, 0}, {1 << 24, 0.5, 0}}, {{0, 0.5, 0}, {1, 0.5, 0}}};
    CHECK_ERROR(distribution_vartime(wide), out_of_range, "answers");
    CHECK_ERROR(distribution_vartime(std::vector<Variable>{{}}), parameter, "without levels");
    CHECK_ERROR(distribution_vartime(std::vector<Variable>{{{0, NAN, 0}}}), parameter, "probability");
    CHECK_ERROR(residues_vartime({}, 1, Certain(0.95)), out_of_range, "modulus");
    CHECK_ERROR(Certain(0.5), parameter, "certain");
}

}  // namespace

int main() {
    for (const unsigned threads : {1U, 3U}) {
        pyfe::set_num_threads(threads);
        test_transform();
        test_leave_one_out();
        test_beside();
        test_residues();
        test_sample();
        test_class_counts();
        test_packed();
        test_nearer();
        test_refusals();
    }
    return check::result("test_counting");
}
