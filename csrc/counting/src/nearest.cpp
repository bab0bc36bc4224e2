#include "pyfe/counting/nearest.hpp"

#include <cmath>

#include "pyfe/base/interrupt.hpp"

namespace pyfe::counting {
namespace {

constexpr std::uint64_t nodes_a_checkpoint = 4096;

// As far below the origin's own as rounding reaches
constexpr double nearer_by = 1e-9;

// The integers around a centre, from the nearest outwards
struct Zigzag {
    double value = 0;
    double step = 0;

    void start(double centre) {
        value = std::nearbyint(centre);
        step = centre > value ? 1 : -1;
    }
    void next() {
        value += step;
        step = step > 0 ? -(step + 1) : -(step - 1);
    }
};

class Enumeration {
  public:
    Enumeration(const Search& search, std::span<const double> centre, std::span<const double> origin)
        : search_(search),
          centre_(centre),
          origin_(origin),
          at_(search.rank),
          middle_(search.rank),
          part_(search.rank + 1) {}

    Nearer nearer(std::uint64_t most_nodes) {
        return walked(distance_of_origin() * (1 - nearer_by) - 1e-12, most_nodes, [](double) { return 0.0; });
    }

    Nearer likeliest(double bound, std::uint64_t most_nodes, std::span<double> record) {
        bool any = false;
        const Nearer end = walked(bound, most_nodes, [&](double distance) {
            for (std::size_t a = 0; a < search_.width; ++a) record[a] = coordinate(a);
            any = true;
            return distance;
        });
        return end == Nearer::none && any ? Nearer::found : end;
    }

  private:
    // Every record below the bound, which becomes what found(its distance) says: 0 ends the walk
    template <class Found>
    Nearer walked(double bound, std::uint64_t most_nodes, Found found) {
        if (search_.rank == 0 || bound <= 0) return Nearer::none;
        std::size_t level = search_.rank - 1;
        enter(level);
        for (std::uint64_t node = 0; node < most_nodes; ++node) {
            if (node % nodes_a_checkpoint == 0) checkpoint();
            const double off = triangle(level, level) * (at_[level].value - middle_[level]);
            const double distance = part_[level + 1] + off * off;
            if (distance >= bound) {
                if (++level == search_.rank) return Nearer::none;
            } else if (level > 0) {
                part_[level] = distance;
                enter(--level);
                continue;
            } else if (is_record()) {
                bound = found(distance);
                if (bound <= 0) return Nearer::found;
            }
            at_[level].next();
        }
        return Nearer::unfinished;
    }

    double triangle(std::size_t row, std::size_t column) const {
        return search_.triangle[row * search_.rank + column];
    }

    double distance_of_origin() const {
        double sum = 0;
        for (std::size_t i = 0; i < search_.rank; ++i) {
            double row = 0;
            for (std::size_t j = i; j < search_.rank; ++j) row += triangle(i, j) * centre_[j];
            sum += row * row;
        }
        return sum;
    }

    // The best t_i, given those above it: c_i - sum_j r_ij (t_j - c_j) / r_ii
    void enter(std::size_t i) {
        double sum = 0;
        for (std::size_t j = i + 1; j < search_.rank; ++j)
            sum += triangle(i, j) * (at_[j].value - centre_[j]);
        middle_[i] = centre_[i] - sum / triangle(i, i);
        at_[i].start(middle_[i]);
    }

    double coordinate(std::size_t a) const {
        double x = origin_[a];
        for (std::size_t i = 0; i < search_.rank; ++i)
            x += at_[i].value * search_.basis[i * search_.width + a];
        return x;
    }

    bool is_record() const {
        for (std::size_t a = 0; a < search_.width; ++a) {
            const double x = coordinate(a);
            if (x < search_.lo[a] || x > search_.hi[a]) return false;
        }
        for (const auto& [first, end] : search_.bits) {
            double set = 0;
            for (std::size_t a = first; a < end; ++a) set += coordinate(a);
            if (set > 1) return false;
        }
        return true;
    }

    const Search& search_;
    std::span<const double> centre_;
    std::span<const double> origin_;
    std::vector<Zigzag> at_;
    std::vector<double> middle_;
    std::vector<double> part_;
};

}  // namespace

Nearer nearer_vartime(const Search& search, std::span<const double> centre, std::span<const double> origin,
                      std::uint64_t most_nodes) {
    return Enumeration(search, centre, origin).nearer(most_nodes);
}

Nearer likeliest_vartime(const Search& search, std::span<const double> centre, std::span<const double> origin,
                         double bound, std::uint64_t most_nodes, std::span<double> record) {
    return Enumeration(search, centre, origin).likeliest(bound, most_nodes, record);
}

}  // namespace pyfe::counting
