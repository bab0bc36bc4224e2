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
#include "pyfe/dlog/kernels.hpp"
#include "pyfe/field/constants25519.hpp"
#include "pyfe/group/bls12_381/kernels.hpp"
#include "pyfe/group/ristretto255/fixed_base.hpp"
#include "pyfe/group/ristretto255/kernels.hpp"
#include "pyfe/group/ristretto255/points.hpp"
#include "pyfe/pairing/kernels.hpp"
#include "pyfe/pairing/pairing.hpp"

namespace {

namespace ristretto255 = pyfe::group::ristretto255;
namespace fs = std::filesystem;
namespace bls = pyfe::group::bls12_381;
using pyfe::Interval;
using pyfe::dlog::LogGroup;
using pyfe::field::Scalar;
using ristretto255::Kernels;
using ristretto255::PointBlock;

constexpr uint64_t kFileWidth = uint64_t{1} << 29;  // the smallest rung that is kept in a file

std::vector<PointBlock> times_generator(const std::vector<int64_t>& z) {
    std::vector<Scalar> scalars;
    for (const int64_t v : z) scalars.push_back(Scalar::from_int64(v));
    std::vector<uint8_t> wire(32 * z.size());
    ristretto255::mul_base(scalars, wire.data());
    const auto decoded = ristretto255::PointVector::decode(wire, "test points");
    std::vector<PointBlock> out(decoded.blocks.size());
    ristretto255::kernels().from_affine(decoded.blocks.data(), out.size(), out.data());
    return out;
}

// Lane j gets j % 4 times a point of order four, (sqrt(-1), 0).
void add_torsion(std::vector<PointBlock>& points) {
    const Kernels& k = ristretto255::kernels();
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

std::vector<pyfe::field::bls12_381::Fr> exponents(const std::vector<int64_t>& z) {
    std::vector<pyfe::field::bls12_381::Fr> out;
    for (const int64_t v : z) out.push_back(pyfe::field::bls12_381::Fr::from_int64(v));
    return out;
}

void solve(LogGroup group, const std::vector<int64_t>& z, Interval interval, int64_t* out, uint8_t* found) {
    if (group == LogGroup::ristretto255) {
        std::vector<PointBlock> points = times_generator(z);
        add_torsion(points);
        return pyfe::dlog::solve_vartime(points.data(), z.size(), interval, out, found);
    }
    const auto p = bls::multiply(bls::G1Points::generator(z.size()), exponents(z));
    if (group == LogGroup::bls12_381_g1) return pyfe::dlog::solve_vartime(p, interval, out, found);
    const auto f = pyfe::pairing::pair(p, bls::G2Points::generator(z.size()));
    pyfe::dlog::solve_vartime(f, interval, out, found);
}

// Every z in the interval is found, every other one is proven absent.
void check_solve(LogGroup group, const std::vector<int64_t>& z, Interval interval) {
    std::vector<int64_t> out(z.size(), -1);
    std::vector<uint8_t> found(z.size(), 7);
    solve(group, z, interval, out.data(), found.data());
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

void test_widths(LogGroup group, std::mt19937_64& random) {
    for (const int64_t width :
         {0, 1, 2, 7, 1000, 2047, 2048, 2049, 2050, 35000, 100000, 1 << 21, (1 << 21) + 1})
        for (const int64_t lo : {-width / 2, int64_t{0}, -width, int64_t{1} << 40, -(int64_t{1} << 61)})
            check_solve(group, samples(random, {lo, lo + width}, 21), {lo, lo + width});
    check_solve(group, samples(random, {-(1 << 25), 1 << 25}, 70), {-(1 << 25), 1 << 25});
}

// Targets on giant steps, at the table's ends and between
void test_seams(LogGroup group) {
    for (const int64_t half : {1 << 14, 1 << 20, 1 << 25}) {
        const auto t = static_cast<int64_t>(pyfe::dlog::plan(2 * uint64_t(half), group).table_entries);
        const int64_t stride = 2 * t + 1;
        std::vector<int64_t> z;
        for (int64_t i = -10; i <= 10; ++i)
            for (const int64_t m : {-t - 1, -t, -t + 1, int64_t{-1}, int64_t{0}, int64_t{1}, t - 1, t, t + 1})
                z.push_back(i * stride + m);
        check_solve(group, z, {-half, half});
    }
}

// All of a small interval, and more targets than one thread takes at once
void test_every_value(LogGroup group) {
    std::vector<int64_t> z;
    for (int64_t v = -40; v <= 1100; ++v) z.push_back(v);
    check_solve(group, z, {-3, 1000});
    check_solve(group, z, {100, 100});
}

void test_wide(LogGroup group, std::mt19937_64& random) {
    const Interval wide{-(int64_t{1} << 36), int64_t{1} << 36};
    std::vector<int64_t> z = samples(random, wide, 16);
    const auto plan = pyfe::dlog::plan(uint64_t{1} << 37, group);
    const auto t = static_cast<int64_t>(plan.table_entries), stride = 2 * t + 1;
    std::uniform_int_distribution<int64_t> step(-wide.hi / stride, wide.hi / stride);
    for (int j = 0; j < 12; ++j) z.push_back(step(random) * stride + (j % 3 - 1) * t);
    check_solve(group, z, wide);
    if (group != LogGroup::ristretto255) return;  // G1 and GT have had several origins already
    // Several origins; the targets are far out on both sides, on origins and on giant steps.
    const int64_t half = int64_t{1} << 39;
    z = {half, -half, half + 1, -half - 1, 0, 12 * stride, -30000 * stride, 30000 * stride + t};
    for (int64_t o = -2; o <= 2; ++o) z.push_back(o * (16 * 820 + 1) * stride);
    check_solve(group, z, {-half, half});
}

void test_errors(LogGroup group) {
    CHECK_ERROR(check_solve(group, {1}, {2, 1}), parameter, "above its high end");
    CHECK_ERROR(pyfe::dlog::plan(pyfe::dlog::kMaxWidth + 1, group), out_of_range, "beyond 2^44");
    CHECK_ERROR(check_solve(group, {1}, {-(int64_t{1} << 44), 1}), out_of_range, "beyond 2^44");
    CHECK_ERROR(check_solve(group, {1}, {INT64_MIN, INT64_MAX}), out_of_range, "beyond 2^44");
    pyfe::dlog::solve_vartime(nullptr, 0, {0, 1}, nullptr, nullptr);
    check_solve(group, {INT64_MAX, INT64_MAX - 5, INT64_MAX - 6}, {INT64_MAX - 5, INT64_MAX});
    check_solve(group, {INT64_MIN, INT64_MIN + 5, INT64_MIN + 6}, {INT64_MIN, INT64_MIN + 5});
}

void test_plan(LogGroup group) {
    const uint64_t most = group == LogGroup::ristretto255 ? 64u << 20 : 16u << 20;
    for (int bits = 0; bits <= 44; ++bits) {
        const pyfe::dlog::Plan p = pyfe::dlog::plan(uint64_t{1} << bits, group);
        CHECK(p.table_bytes <= most);
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

void test_cache_file(LogGroup group, std::mt19937_64& random, const std::string& directory) {
    use_cache(directory + "/new/folder");
    CHECK(!pyfe::dlog::plan(kFileWidth, group).ready);
    const pyfe::dlog::Prepared first = pyfe::dlog::prepare(kFileWidth, group);
    CHECK(first.built && !first.path.empty());
    CHECK(pyfe::dlog::plan(kFileWidth, group).ready);
    CHECK(!pyfe::dlog::prepare(kFileWidth, group).built);
    pyfe::dlog::forget_tables();
    CHECK(!pyfe::dlog::prepare(kFileWidth, group).built);
    const std::vector<char> good = read_file(first.path);
    CHECK(good.size() == pyfe::dlog::plan(kFileWidth, group).table_bytes + (1 << 16));

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
        check_solve(group, z, interval);
        CHECK(read_file(first.path) == good || at > good.size() - 100);  // the last page may lie untouched
    }
    write_file(first.path, {good.begin(), good.begin() + 70000});
    pyfe::dlog::forget_tables();
    check_solve(group, z, interval);
    CHECK(read_file(first.path) == good);
    CHECK(std::distance(fs::directory_iterator(directory + "/new/folder"), {}) == 1);
}

void test_no_cache(LogGroup group, std::mt19937_64& random) {
    use_cache("/dev/null/pyfe");
    CHECK(pyfe::dlog::plan(kFileWidth, group).in_memory);
    CHECK(pyfe::dlog::prepare(kFileWidth, group).path.empty());
    CHECK(pyfe::dlog::plan(kFileWidth, group).in_memory && pyfe::dlog::plan(kFileWidth, group).ready);
    const Interval interval{-7, static_cast<int64_t>(kFileWidth)};
    check_solve(group, samples(random, interval, 9), interval);
}

// Every backend writes the same file.
std::vector<char> table_bytes(LogGroup group, const std::string& directory) {
    use_cache(directory);
    return read_file(pyfe::dlog::prepare(kFileWidth, group).path);
}

void test_backend(LogGroup group, std::mt19937_64& random) {
    pyfe::dlog::forget_tables();
    test_widths(group, random);
    test_seams(group);
    test_every_value(group);
    test_errors(group);
}

// A table of one group under another one's name is built anew.
void test_mixed_up(std::mt19937_64& random, const std::string& directory) {
    use_cache(directory + "/mixed");
    const std::string g1 = pyfe::dlog::prepare(kFileWidth, LogGroup::bls12_381_g1).path;
    const std::string gt = pyfe::dlog::prepare(kFileWidth, LogGroup::bls12_381_gt).path;
    const std::vector<char> good = read_file(gt);
    fs::remove(gt);
    fs::copy_file(g1, gt);
    pyfe::dlog::forget_tables();
    CHECK(!pyfe::dlog::plan(kFileWidth, LogGroup::bls12_381_gt).ready);
    const Interval interval{0, static_cast<int64_t>(kFileWidth)};
    check_solve(LogGroup::bls12_381_gt, samples(random, interval, 20), interval);
    CHECK(read_file(gt) == good);
}

#ifdef PYFE_EMULATED_LANES
void test_emulated(LogGroup group, std::mt19937_64& random) {
    ristretto255::override_kernels_for_testing(&ristretto255::emulated_kernels());
    bls::override_kernels_for_testing(&bls::emulated_kernels());
    pyfe::pairing::override_kernels_for_testing(&pyfe::pairing::emulated_kernels());
    pyfe::dlog::override_kernels_for_testing(&pyfe::dlog::emulated_kernels());
    check_solve(group, samples(random, {-500, 500}, 30), {-500, 500});
    check_solve(group, samples(random, {-20000, 20000}, 20), {-20000, 20000});
    ristretto255::override_kernels_for_testing(nullptr);
    bls::override_kernels_for_testing(nullptr);
    pyfe::pairing::override_kernels_for_testing(nullptr);
    pyfe::dlog::override_kernels_for_testing(nullptr);
}
#endif

void test_group(LogGroup group, std::mt19937_64& random, const std::string& directory) {
    const std::string shared = directory + "/shared";
    test_plan(group);
    pyfe::set_backend(pyfe::Backend::portable);
    const std::vector<char> portable = table_bytes(group, directory + "/portable");
    CHECK(!portable.empty());
    use_cache(shared);
    test_backend(group, random);
#ifdef PYFE_EMULATED_LANES
    test_emulated(group, random);
#endif
    if (pyfe::backend_supported(pyfe::Backend::ifma)) {
        pyfe::set_backend(pyfe::Backend::ifma);
        CHECK(table_bytes(group, directory + "/ifma") == portable);
        use_cache(shared);
        test_backend(group, random);
    }
    test_cache_file(group, random, directory);
    test_no_cache(group, random);
    use_cache(shared);
    for (const unsigned threads : {1u, 3u}) {
        pyfe::set_num_threads(threads);
        test_wide(group, random);
    }
}

}  // namespace

int main() {
    const uint64_t seed = std::random_device{}();
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    std::mt19937_64 random(seed);
    std::string root = (fs::temp_directory_path() / "pyfe-dlog-XXXXXX").string();
    if (mkdtemp(root.data()) == nullptr) return 1;
    const LogGroup groups[] = {LogGroup::ristretto255, LogGroup::bls12_381_g1, LogGroup::bls12_381_gt};
    for (const LogGroup group : groups)
        test_group(group, random, root + "/" + std::to_string(static_cast<int>(group)));
    test_mixed_up(random, root);
    fs::remove_all(root);
    return check::result("dlog");
}
