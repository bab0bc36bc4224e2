// Constant-time cases, one a run: `ctime_runner --list`, `ctime_runner NAME`. Secrets are marked as undefined
// memory (PYFE_CTCHECK), so that valgrind's Memcheck reports each branch and each address that depends on
// one. A clean case must give no report; a planted leak must give one that names the planted function.
//
// A case runs first with nothing marked. The outputs of both runs must be equal: a check that marked too
// little work, or another work, would show.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pyfe/base/ctcheck.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/group/bls12_381/kernels.hpp"
#include "pyfe/group/bls12_381/points.hpp"
#include "pyfe/group/kernels.hpp"
#include "pyfe/group/ristretto255.hpp"
#include "pyfe/ipfe_ddh/scheme.hpp"
#include "support.hpp"

namespace {

using pyfe::field::Scalar;
using pyfe::group::Kernels;
using pyfe::group::PointVector;
using pyfe::ipfe_ddh::CiphertextBatch;
using pyfe::ipfe_ddh::IntMatrix;
using pyfe::ipfe_ddh::MasterSecretKey;
using pyfe::ipfe_ddh::Parameters;
using support::Bytes;
using support::Stream;

constexpr std::size_t dimension = 3, batch = 9;

// Whether secrets are marked in the run that is going on
bool marking = false;

void hide(const void* data, std::size_t size) {
    if (marking) pyfe::mark_secret(data, size);
}

void hide(const pyfe::ipfe_ddh::SecretScalars& s) { hide(s.data(), s.size() * sizeof(Scalar)); }

// Whether Memcheck holds any bit of these bytes for undefined; no report is made
bool tainted([[maybe_unused]] const Bytes& bytes) {
#ifdef PYFE_CTCHECK
    Bytes bits(bytes.size());
    if (VALGRIND_GET_VBITS(bytes.data(), bits.data(), bits.size()) != 1) return true;  // not under valgrind
    return std::any_of(bits.begin(), bits.end(), [](std::uint8_t b) { return b != 0; });
#else
    return true;
#endif
}

// Set when an output that secrets went into came out as public: the marks had no effect.
bool marks_lost = false;

// What a case computed; it leaves the process, so it is public.
Bytes opened(Bytes out) {
    pyfe::declassify(out.data(), out.size());
    return out;
}

// The same for outputs that the core has not declassified itself: they must carry the mark until here.
Bytes opened_secret(Bytes out) {
    marks_lost = marks_lost || (marking && !tainted(out));
    return opened(std::move(out));
}

Bytes opened(const Scalar& s) {
    Bytes out(32);
    s.to_bytes(out.data());
    return opened_secret(std::move(out));
}

// Randomness whose every byte is secret
class SecretStream : public pyfe::Random {
  public:
    explicit SecretStream(std::uint64_t seed) : stream_(seed) {}
    void fill(std::uint8_t* out, std::size_t size) override {
        stream_.fill(out, size);
        hide(out, size);
    }

  private:
    Stream stream_;
};

Parameters parameters() {
    return {std::vector<std::int64_t>(dimension, -100), std::vector<std::int64_t>(dimension, 155), 127, {}};
}

// Entries at both ends, zeros, both signs
std::vector<std::int64_t> plain_rows() {
    Stream random(1);
    std::vector<std::int64_t> x = {-100, 155, 0, 1, -1, 7};
    while (x.size() < batch * dimension) x.push_back(random.integer(-100, 155));
    return x;
}

pyfe::ipfe_ddh::SecretScalars secret_scalars(std::size_t count) {
    Stream random(2);
    pyfe::ipfe_ddh::SecretScalars k(count);
    for (std::size_t j = 2; j < count; ++j) k[j] = random.scalar();
    if (count > 1) k[1] = support::negated(support::small_scalar(1));  // k[0] = 0
    hide(k);
    return k;
}

Bytes point_bytes(std::size_t count) {
    Stream random(3);
    return pyfe::group::from_uniform_bytes(random.bytes(64 * count));
}

// -- clean cases ------------------------------------------------------------------------------------------

Bytes run_setup() {
    SecretStream random(4);
    const auto [mpk, msk] = pyfe::ipfe_ddh::setup(parameters(), random);
    return opened(mpk.to_bytes());
}

// x and r are secret
Bytes run_encrypt() {
    Stream public_random(5);
    const auto [mpk, msk] = pyfe::ipfe_ddh::setup(parameters(), public_random);
    const std::vector<std::int64_t> x = plain_rows();
    hide(x.data(), x.size() * sizeof x[0]);
    SecretStream random(6);
    return opened_secret(
        pyfe::ipfe_ddh::encrypt(mpk, IntMatrix{x.data(), batch, dimension}, random).to_bytes());
}

Bytes run_keygen() {
    Stream public_random(7);
    const auto [mpk, msk] = pyfe::ipfe_ddh::setup(parameters(), public_random);
    hide(msk.s);
    hide(msk.t);
    const std::int64_t y[2 * dimension] = {127, -127, 0, 1, 2, -3};
    return opened(pyfe::ipfe_ddh::keygen(msk, IntMatrix{y, 2, dimension}).to_bytes());
}

// The sealed file's payload: to bytes and back
Bytes run_master_key_bytes() {
    Stream public_random(8);
    const auto [mpk, msk] = pyfe::ipfe_ddh::setup(parameters(), public_random);
    hide(msk.s);
    hide(msk.t);
    const Bytes bytes = msk.to_bytes();
    return opened_secret(MasterSecretKey::from_bytes(bytes).to_bytes());
}

Bytes run_mul_variable() {
    const PointVector points = PointVector::decode(point_bytes(batch), "points");
    const auto k = secret_scalars(batch);
    Bytes out(32 * batch);
    pyfe::group::mul_variable(points, {k.data(), k.size()}, out.data());
    return opened_secret(std::move(out));
}

Bytes run_mul_fixed() {
    const PointVector bases = PointVector::decode(point_bytes(2), "bases");
    const auto k = secret_scalars(batch);
    Bytes out(64 * batch);
    pyfe::group::mul_fixed(bases, {k.data(), k.size()}, out.data(), 64);
    return opened_secret(std::move(out));
}

Bytes run_mul_double_fixed() {
    const PointVector bases = PointVector::decode(point_bytes(2), "bases");
    const auto k = secret_scalars(batch);
    Bytes out(32 * batch);
    pyfe::group::mul_double_fixed(bases, {k.data(), k.size()}, {k.data(), k.size()}, out.data());
    return opened_secret(std::move(out));
}

Bytes run_mul_base() {
    const auto k = secret_scalars(batch);
    Bytes out(32 * batch);
    pyfe::group::mul_base({k.data(), k.size()}, out.data());
    return opened_secret(std::move(out));
}

// Points that are secret themselves: encoding them must not depend on which they are. One is the identity.
Bytes run_encode() {
    const Kernels& kernels = pyfe::group::kernels();
    Bytes bytes = point_bytes(batch);
    std::fill_n(bytes.begin() + 32, 32, std::uint8_t{0});
    const PointVector points = PointVector::decode(bytes, "points");
    pyfe::SecretVector<pyfe::group::PointBlock> p(points.blocks.size());
    pyfe::SecretVector<pyfe::group::Element> scratch(2 * p.size());
    kernels.from_affine(points.blocks.data(), p.size(), p.data());
    hide(p.data(), p.size() * sizeof p[0]);
    Bytes out(64 * batch);
    kernels.encode(p.data(), batch, out.data(), 32);
    kernels.double_and_encode(p.data(), batch, out.data() + 32 * batch, 32, scratch.data());
    return opened_secret(std::move(out));
}

Bytes run_one_way_map() {
    Stream random(9);
    const Bytes in = random.bytes(64 * batch);
    hide(in.data(), in.size());
    return opened_secret(pyfe::group::from_uniform_bytes(in));
}

// Secret messages, BLS12-381
template <int Parts>
Bytes run_hash_to_curve(const pyfe::group::bls12_381::Kernels& kernels) {
    Stream random(13);
    const Bytes in = random.bytes(40 * batch);
    hide(in.data(), in.size());
    std::vector<std::span<const std::uint8_t>> messages;
    for (std::size_t j = 0; j < batch; ++j) messages.push_back({&in[40 * j], 40});
    const std::uint8_t dst[] = {'t', 'a', 'g'};
    pyfe::group::bls12_381::override_kernels_for_testing(&kernels);
    Bytes out = pyfe::group::bls12_381::Points<Parts>::hash(messages, dst).encode();
    pyfe::group::bls12_381::override_kernels_for_testing(nullptr);
    return opened_secret(std::move(out));
}

Bytes run_scalar_mul() {
    const auto k = secret_scalars(4);
    return opened(Scalar::add(Scalar::mul(k[2], k[3]), Scalar::mul(k[0], k[1])));
}

Bytes run_scalar_add() {
    const auto k = secret_scalars(4);
    return opened(Scalar::half(Scalar::sub(Scalar::add(k[1], k[2]), k[3])));
}

Bytes run_scalar_invert() { return opened(Scalar::invert(secret_scalars(3)[2])); }

Bytes run_scalar_reduce() {
    Stream random(10);
    const Bytes in = random.bytes(64);
    hide(in.data(), in.size());
    return opened(Scalar::from_wide_bytes(in.data()));
}

Bytes run_scalar_codec() {
    Bytes bytes(32);
    secret_scalars(3)[2].to_bytes(bytes.data());
    std::uint64_t ok;
    Bytes out = opened(Scalar::add(Scalar::from_bytes(bytes.data(), &ok), Scalar::from_int64(-5)));
    pyfe::declassify(&ok, sizeof ok);
    out.push_back(static_cast<std::uint8_t>(ok));
    return out;
}

Bytes run_scalar_from_int64() {
    const std::vector<std::int64_t> x = plain_rows();
    hide(x.data(), x.size() * sizeof x[0]);
    Scalar sum;
    for (const std::int64_t v : x) sum = Scalar::add(sum, Scalar::from_int64(v));
    return opened(sum);
}

// -- planted leaks ----------------------------------------------------------------------------------------

// Neither inlined nor made branch-free by the optimiser: each path writes to a volatile.
volatile std::uint64_t sink = 0;
volatile std::uint8_t substitution[256];

[[gnu::noinline]] void planted_branch_on_msk(const Scalar& s) {
    if (s.w[0] >> 7 & 1) {
        sink = 1;
    } else {
        sink = sink + 2;
    }
}

[[gnu::noinline]] void planted_index_by_x(std::int64_t x) {
    sink = substitution[static_cast<std::uint8_t>(x)];
}

[[gnu::noinline]] void planted_branch_on_r(const Scalar& r) {
    for (std::uint64_t w = r.w[3]; w != 0; w >>= 1) sink = sink + 1;  // as long as r is
}

Bytes run_plant_msk() {
    Stream random(11);
    const auto [mpk, msk] = pyfe::ipfe_ddh::setup(parameters(), random);
    hide(msk.s);
    planted_branch_on_msk(msk.s[0]);
    return {};
}

Bytes run_plant_x() {
    const std::vector<std::int64_t> x = plain_rows();
    hide(x.data(), x.size() * sizeof x[0]);
    planted_index_by_x(x[4]);
    return {};
}

Bytes run_plant_r() {
    SecretStream random(12);
    std::uint8_t bytes[64];
    random.fill(bytes, sizeof bytes);
    planted_branch_on_r(Scalar::from_wide_bytes(bytes));
    return {};
}

// -- the table of cases -----------------------------------------------------------------------------------

struct Case {
    std::string name;
    std::string plant;  // the function that must be reported; empty: no report
    const Kernels* kernels;
    std::function<Bytes()> run;
};

std::vector<Case> all_cases() {
    std::vector<Case> out;
    for (const Kernels* kernels : {&pyfe::group::portable_kernels(), &pyfe::group::emulated_kernels()}) {
        const auto clean = [&](const char* name, std::function<Bytes()> run) {
            out.push_back({std::string(kernels->name) + "." + name, "", kernels, std::move(run)});
        };
        clean("setup", run_setup);
        clean("encrypt", run_encrypt);
        clean("keygen", run_keygen);
        clean("mul_variable", run_mul_variable);
        clean("mul_fixed", run_mul_fixed);
        clean("mul_double_fixed", run_mul_double_fixed);
        clean("mul_base", run_mul_base);
        clean("encode", run_encode);
        clean("one_way_map", run_one_way_map);
    }
    namespace bls = pyfe::group::bls12_381;
    for (const bls::Kernels* kernels : {&bls::portable_kernels(), &bls::emulated_kernels()}) {
        const auto clean = [&](const char* name, std::function<Bytes()> run) {
            out.push_back({std::string(kernels->g1.name) + "." + name, "", &pyfe::group::portable_kernels(),
                           std::move(run)});
        };
        clean("hash_to_g1", [=] { return run_hash_to_curve<1>(*kernels); });
        clean("hash_to_g2", [=] { return run_hash_to_curve<2>(*kernels); });
    }
    const Kernels* portable = &pyfe::group::portable_kernels();
    out.push_back({"master_key_bytes", "", portable, run_master_key_bytes});
    out.push_back({"scalar.mul", "", portable, run_scalar_mul});
    out.push_back({"scalar.add", "", portable, run_scalar_add});
    out.push_back({"scalar.invert", "", portable, run_scalar_invert});
    out.push_back({"scalar.reduce", "", portable, run_scalar_reduce});
    out.push_back({"scalar.codec", "", portable, run_scalar_codec});
    out.push_back({"scalar.from_int64", "", portable, run_scalar_from_int64});
    out.push_back({"plant.msk", "planted_branch_on_msk", portable, run_plant_msk});
    out.push_back({"plant.x", "planted_index_by_x", portable, run_plant_x});
    out.push_back({"plant.r", "planted_branch_on_r", portable, run_plant_r});
    return out;
}

int failed(const Case& one, const char* why) {
    std::fprintf(stderr, "%s: %s\n", one.name.c_str(), why);
    return 1;
}

int run_case(const Case& one) {
    const support::UseKernels use(*one.kernels);
    pyfe::set_num_threads(1);
    const Bytes expected = one.run();
    marking = true;
    const Bytes out = one.run();
    marking = false;
    if (out != expected) return failed(one, "the outputs with and without marks differ");
    return marks_lost ? failed(one, "an output that depends on a secret is not marked") : 0;
}

int list(const std::vector<Case>& cases) {
    for (const Case& one : cases) {
        if (one.plant.empty()) {
            std::printf("clean %s\n", one.name.c_str());
        } else {
            std::printf("plant %s %s\n", one.name.c_str(), one.plant.c_str());
        }
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<Case> cases = all_cases();
    const std::string_view wanted = argc == 2 ? argv[1] : "";
    if (wanted == "--list") return list(cases);
    for (const Case& one : cases) {
        if (one.name == wanted) return run_case(one);
    }
    std::fprintf(stderr, "usage: ctime_runner --list | NAME\n");
    return 2;
}
