// Which record explains answers best, and whether one does better than the true one: the searches behind what
// an attacker with lattice reduction reads from several scores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pyfe::counting {

// Coordinates first .. end - 1 that are bits of which at most one is set
struct Bits {
    std::size_t first;
    std::size_t end;
};

// Records x = origin + sum_i t_i basis_i for integers t, each coordinate from lo to hi, of each group of bits
// at most one set. How unlikely a record is: |triangle (t - centre)|^2, the triangle being that of the basis
// in the metric of the population.
struct Search {
    std::size_t rank;              // k, rows of the basis
    std::size_t width;             // d, coordinates of a record
    std::vector<double> triangle;  // [k][k], upper, its diagonal positive
    std::vector<double> basis;     // [k][d], integers; sums of them up to 2^53 are exact
    std::vector<double> lo, hi;    // [d]
    std::vector<Bits> bits;
};

enum class Nearer : std::int8_t { none = 0, found = 1, unfinished = 2 };

// Whether there is a record that is likelier than the origin, t = 0. By enumeration in the order of Schnorr
// and Euchner (Mathematical Programming 66, 1994), at most so many nodes.
Nearer nearer_vartime(const Search& search, std::span<const double> centre, std::span<const double> origin,
                      std::uint64_t most_nodes);

// The likeliest record of all that are below the bound, by the same enumeration: it is written to record [d],
// and found says that no other is likelier. Unfinished: it is the likeliest of those that were met, or, where
// none was, record is as it was.
Nearer likeliest_vartime(const Search& search, std::span<const double> centre, std::span<const double> origin,
                         double bound, std::uint64_t most_nodes, std::span<double> record);

}  // namespace pyfe::counting
