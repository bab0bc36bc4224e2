// Batches of signed small logs on ristretto255, and in G1 and GT of BLS12-381: z from Q = z G, z in a known
// interval. The search is
// complete, so that absence is proven. Baby steps lie in a table of coordinates that P and -P share, giant
// steps are swept outward from the middle of the interval. All inputs are public: run times depend on them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pyfe/base/interval.hpp"
#include "pyfe/group/bls12_381/points.hpp"
#include "pyfe/group/ristretto255/blocks.hpp"
#include "pyfe/pairing/gt.hpp"

namespace pyfe::dlog {

// The base is the generator; in GT, the pairing of the generators.
enum class LogGroup { ristretto255, bls12_381_g1, bls12_381_gt };

constexpr uint64_t kMaxWidth = uint64_t{1} << 44;  // of hi - lo

// What a search over an interval of hi - lo = width needs. Opens and builds nothing.
struct Plan {
    uint64_t table_entries;
    uint64_t table_bytes;
    uint64_t steps_worst;  // look-ups for one absent or outermost value
    bool in_memory;        // small, or no cache folder can be written
    std::string path;      // of the cache file, empty when in_memory
    bool ready;            // open in this process, or a trusted file is there and its header is sound
};

struct Prepared {
    double seconds;
    bool built;        // false: it was open already, or was read from its file
    std::string path;  // empty: in memory
};

// Error(out_of_range), naming the scheme to use instead, for a width above 2^44
Plan plan(uint64_t width, LogGroup group = LogGroup::ristretto255);

// Opens the table now, building it first where needed
Prepared prepare(uint64_t width, LogGroup group = LogGroup::ristretto255);

// Point j is lane j % 8 of points[j / 8], with any 4-torsion added; spare lanes hold any valid points.
// found[j] = 1 and z[j] the log, or found[j] = 0 (z[j] = 0) when the interval holds none. Error(parameter)
// when lo > hi, Error(out_of_range) beyond kMaxWidth. Memory: the table, and under 1 MB a thread.
void solve_vartime(const group::ristretto255::PointBlock* points, size_t count, Interval interval, int64_t* z,
                   uint8_t* found);
void solve_vartime(const group::bls12_381::G1Points& points, Interval interval, int64_t* z, uint8_t* found);
// What is outside GT finds no log, or any: decoding refuses it.
void solve_vartime(const pairing::GtElements& elements, Interval interval, int64_t* z, uint8_t* found);

// What the user should hear, once: why a table that should lie in a file is in memory only
std::vector<std::string> take_notices();

// Forgets the tables of this process: the next search opens them again. Running searches keep theirs.
void forget_tables();

}  // namespace pyfe::dlog
