// Small logs: complete over the interval, on every backend, with torsion, with bad caches.
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"
#include "pyfe/base/cpu.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/dlog/dlog.hpp"
#include "pyfe/field/constants25519.hpp"
#include "pyfe/group/kernels.hpp"
#include "pyfe/group/ristretto255.hpp"

namespace {

namespace fs = std::filesystem;
using pyfe::dlog::Interval;
using pyfe::field::Scalar;
using pyfe::group::Kernels;
using pyfe::group::PointBlock;

constexpr uint64_t kFileWidth = uint64_t{1} << 29;  // the smallest rung that is kept in a file

std::vector<PointBlock> times_generator(const std::vector<int64_t>& z) {
    std::vector<Scalar> scalars;
    for (const int64_t v : z) scalars.push_back(Scalar::from_int64(v));
    std::vector<uint8_t> wire(32 * z.size());
    pyfe::group::mul_base(scalars, wire.data());
    const auto decoded = pyfe::group::PointVector::decode(wire, "test points");
    std::vector<PointBlock> out(decoded.blocks.size());
    pyfe::group::kernels().from_affine(decoded.blocks.data(), out.size(), out.data());
    return out;
}

// Lane j gets j % 4 times a point of order four, (sqrt(-1), 0).
void add_torsion(std::vector<PointBlock>& points) {
    const Kernels& k = pyfe::group::kernels();
    PointBlock quarter{}, multiple{}, sum{};
    for (int j = 0; j < 8; ++j) {
        for (int i = 0; i < 5; ++i) quarter.x[i][j] = pyfe::field::kSqrtM1[i];
        quarter.z[0][j] = multiple.y[0][j] = multiple.z[0][j] = 1;
    }
    for (int times = 1; times < 4; ++times) {
        k.add(&multiple, &quarter, 1, &multiple);
        for (PointBlock& p : points) {
            k.add(&p, &multiple, 1, &sum);
            uint64_t* to = &p.x[0][0];
            const uint64_t* from = &sum.x[0][0];
            for (int row = 0; row < 20; ++row)
                for (int j = times; j < 8; j += 4) to[row * 8 + j] = from[row * 8 + j];
        }
    }
}

// Every z in the interval is found, every other one is proven absent.
void check_solve(const std::vector<int64_t>& z, Interval interval) {
    std::vector<PointBlock> points = times_generator(z);
    add_torsion(points);
    std::vector<int64_t> out(z.size(), -1);
    std::vector<uint8_t> found(z.size(), 7);
    pyfe::dlog::solve_vartime(points.data(), z.size(), interval, out.data(), found.data());
    for (size_t j = 0; j < z.size(); ++j) {
        const bool inside = z[j] >= interval.lo && z[j] <= interval.hi;
        CHECK(found[j] == inside);
        CHECK(out[j] == (inside ? z[j] : 0));
    }
}

std::vector<int64_t> samples(std::mt19937_64& random, Interval interval, size_t count) {
    const int64_t lo = interval.lo, hi = interval.hi, centre = lo + (hi - lo) / 2;
    std::vector<int64_t> z = {lo,         hi,         lo - 1, hi + 1, centre,
                              centre + 1, centre - 1, lo + 1, hi - 1, hi + 1000};
    std::uniform_int_distribution<int64_t> uniform(lo, hi);
    while (z.size() < count) z.push_back(uniform(random));
    return z;
}

void test_widths(std::mt19937_64& random) {
    for (const int64_t width :
         {0, 1, 2, 7, 1000, 2047, 2048, 2049, 2050, 35000, 100000, 1 << 21, (1 << 21) + 1})
        for (const int64_t lo : {-width / 2, int64_t{0}, -width, int64_t{1} << 40, -(int64_t{1} << 61)})
            check_solve(samples(random, {lo, lo + width}, 21), {lo, lo + width});
    check_solve(samples(random, {-(1 << 25), 1 << 25}, 70), {-(1 << 25), 1 << 25});
}

// Targets on giant steps, at the table's ends and between
void test_seams() {
    for (const int64_t half : {1 << 14, 1 << 20, 1 << 25}) {
        const auto t = static_cast<int64_t>(pyfe::dlog::plan(2 * uint64_t(half)).table_entries);
        const int64_t stride = 2 * t + 1;
        std::vector<int64_t> z;
        for (int64_t i = -10; i <= 10; ++i)
            for (const int64_t m : {-t - 1, -t, -t + 1, int64_t{-1}, int64_t{0}, int64_t{1}, t - 1, t, t + 1})
                z.push_back(i * stride + m);
        check_solve(z, {-half, half});
    }
}

// All of a small interval, and more targets than one thread takes at once
void test_every_value() {
    std::vector<int64_t> z;
    for (int64_t v = -40; v <= 1100; ++v) z.push_back(v);
    check_solve(z, {-3, 1000});
    check_solve(z, {100, 100});
}

void test_wide(std::mt19937_64& random) {
    const Interval wide{-(int64_t{1} << 36), int64_t{1} << 36};
    check_solve(samples(random, wide, 16), wide);
    // Several origins; the targets are far out on both sides, on origins and on giant steps.
    const int64_t t = int64_t{1} << 23, stride = 2 * t + 1, half = int64_t{1} << 39;
    std::vector<int64_t> z = {half, -half,       half + 1,        -half - 1,
                              0,    12 * stride, -30000 * stride, 30000 * stride + t};
    for (int64_t o = -2; o <= 2; ++o) z.push_back(o * (16 * 820 + 1) * stride);
    check_solve(z, {-half, half});
}

void test_errors() {
    CHECK_ERROR(check_solve({1}, {2, 1}), parameter, "above its high end");
    CHECK_ERROR(pyfe::dlog::plan(pyfe::dlog::kMaxWidth + 1), out_of_range, "ipfe-rlwe");
    CHECK_ERROR(check_solve({1}, {-(int64_t{1} << 44), 1}), out_of_range, "ipfe-rlwe");
    CHECK_ERROR(check_solve({1}, {INT64_MIN, INT64_MAX}), out_of_range, "ipfe-rlwe");
    pyfe::dlog::solve_vartime(nullptr, 0, {0, 1}, nullptr, nullptr);
    check_solve({INT64_MAX, INT64_MAX - 5, INT64_MAX - 6}, {INT64_MAX - 5, INT64_MAX});
    check_solve({INT64_MIN, INT64_MIN + 5, INT64_MIN + 6}, {INT64_MIN, INT64_MIN + 5});
}

void test_plan() {
    for (int bits = 0; bits <= 44; ++bits) {
        const pyfe::dlog::Plan p = pyfe::dlog::plan(uint64_t{1} << bits);
        CHECK(p.table_bytes <= 64u << 20);
        const unsigned __int128 covered =
            static_cast<unsigned __int128>(p.steps_worst) * (2 * p.table_entries + 1);
        CHECK(covered >= uint64_t{1} << bits);
    }
}

std::vector<char> read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::vector<char>& bytes) {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void use_cache(const std::string& directory) {
    setenv("PYFE_CACHE_DIR", directory.c_str(), 1);
    pyfe::dlog::forget_tables();
}

void test_cache_file(std::mt19937_64& random, const std::string& directory) {
    use_cache(directory + "/new/folder");
    CHECK(!pyfe::dlog::plan(kFileWidth).ready);
    const pyfe::dlog::Prepared first = pyfe::dlog::prepare(kFileWidth);
    CHECK(first.built && !first.path.empty());
    CHECK(pyfe::dlog::plan(kFileWidth).ready);
    CHECK(!pyfe::dlog::prepare(kFileWidth).built);
    pyfe::dlog::forget_tables();
    CHECK(!pyfe::dlog::prepare(kFileWidth).built);
    const std::vector<char> good = read_file(first.path);
    CHECK(good.size() == pyfe::dlog::plan(kFileWidth).table_bytes + (1 << 16));

    const Interval interval{0, static_cast<int64_t>(kFileWidth)};
    const std::vector<int64_t> z = samples(random, interval, 64);
    for (const size_t at : {size_t{8}, size_t{5000}, good.size() / 2, good.size() - 70}) {
        std::vector<char> bad = good;
        for (size_t i = at; i < bad.size() && at > 1 << 16; i += 1 << 14)
            bad[i] ^= 1;  // every page from here
        bad[at] ^= 4;
        fs::remove(first.path);
        write_file(first.path, bad);
        pyfe::dlog::forget_tables();
        check_solve(z, interval);
        CHECK(read_file(first.path) == good || at > good.size() - 100);  // the last page may lie untouched
    }
    write_file(first.path, {good.begin(), good.begin() + 70000});
    pyfe::dlog::forget_tables();
    check_solve(z, interval);
    CHECK(read_file(first.path) == good);
    CHECK(std::distance(fs::directory_iterator(directory + "/new/folder"), {}) == 1);
}

void test_no_cache(std::mt19937_64& random) {
    use_cache("/dev/null/pyfe");
    CHECK(pyfe::dlog::plan(kFileWidth).in_memory);
    CHECK(pyfe::dlog::prepare(kFileWidth).path.empty());
    CHECK(pyfe::dlog::plan(kFileWidth).in_memory && pyfe::dlog::plan(kFileWidth).ready);
    const Interval interval{-7, static_cast<int64_t>(kFileWidth)};
    check_solve(samples(random, interval, 9), interval);
}

// Every backend writes the same file.
std::vector<char> table_bytes(const std::string& directory) {
    use_cache(directory);
    return read_file(pyfe::dlog::prepare(kFileWidth).path);
}

void test_backend(std::mt19937_64& random) {
    pyfe::dlog::forget_tables();
    test_widths(random);
    test_seams();
    test_every_value();
    test_errors();
}

}  // namespace

int main() {
    const uint64_t seed = std::random_device{}();
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    std::mt19937_64 random(seed);
    std::string directory = (fs::temp_directory_path() / "pyfe-dlog-XXXXXX").string();
    if (mkdtemp(directory.data()) == nullptr) return 1;
    const std::string shared = directory + "/shared";

    test_plan();
    pyfe::set_backend(pyfe::Backend::portable);
    const std::vector<char> portable = table_bytes(directory + "/portable");
    CHECK(!portable.empty());
    use_cache(shared);
    test_backend(random);
#ifdef PYFE_EMULATED_LANES
    pyfe::group::override_kernels_for_testing(&pyfe::group::emulated_kernels());
    check_solve(samples(random, {-500, 500}, 30), {-500, 500});
    pyfe::group::override_kernels_for_testing(nullptr);
#endif
    if (pyfe::backend_supported(pyfe::Backend::ifma)) {
        pyfe::set_backend(pyfe::Backend::ifma);
        CHECK(table_bytes(directory + "/ifma") == portable);
        use_cache(shared);
        test_backend(random);
    }
    test_cache_file(random, directory);
    test_no_cache(random);
    use_cache(shared);
    for (const unsigned threads : {1u, 3u}) {
        pyfe::set_num_threads(threads);
        test_wide(random);
    }
    fs::remove_all(directory);
    return check::result("dlog");
}
