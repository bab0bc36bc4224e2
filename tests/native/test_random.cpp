// ChaCha20, the discrete Gaussians and the noise of rows: known answers, both backends alike, ends of the
// ranges, a source that fails.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "check.hpp"
#include "pyfe/base/cpu.hpp"
#include "pyfe/noise/row_noise.hpp"
#include "pyfe/random/chacha20.hpp"
#include "pyfe/random/gaussian.hpp"
#include "pyfe/random/kernels.hpp"
#include "support.hpp"

namespace {

using check::hex;
using pyfe::ChaCha20Random;
using pyfe::DiscreteGaussian;
using support::Bytes;
using support::Stream;
namespace draws = pyfe::random;

std::vector<const draws::Kernels*> all_kernels() {
    std::vector<const draws::Kernels*> out = {&draws::portable_kernels()};
    if (pyfe::backend_supported(pyfe::Backend::ifma)) out.push_back(&draws::ifma_kernels());
    return out;
}

ChaCha20Random stream_of(std::span<const std::uint8_t> seeds, std::size_t row = 0) {
    return ChaCha20Random(seeds.subspan(32 * row).first<32>());
}

// RFC 8439, A.1, test vectors 1 and 2
void test_chacha20_vectors() {
    ChaCha20Random stream = stream_of(Bytes(32));
    Bytes out(128);
    stream.fill(out.data(), out.size());
    CHECK(hex(out) ==
          "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
          "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
          "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
          "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
}

// One stream, wherever it is cut; the seed may come from another generator
void test_chacha20_pieces() {
    Stream random(1);
    const Bytes seed = random.bytes(32);
    ChaCha20Random whole = stream_of(seed);
    Bytes expected(4096), out(4096);
    whole.fill(expected.data(), expected.size());
    for (int round = 0; round < 20; ++round) {
        ChaCha20Random stream = stream_of(seed);
        std::size_t at = 0;
        while (at < out.size()) {
            const auto size =
                std::min<std::size_t>(out.size() - at, static_cast<std::size_t>(random.integer(0, 200)));
            stream.fill(out.data() + at, size);
            at += size;
        }
        CHECK(out == expected);
    }
    Stream same(1);
    ChaCha20Random seeded(same);
    seeded.fill(out.data(), out.size());
    CHECK(out == expected);
}

// Counters on both sides of 2^32, in batches of every size up to more than the widest vector
void test_chacha20_counters() {
    Stream random(2);
    std::uint32_t state[16];
    random.fill(reinterpret_cast<std::uint8_t*>(state), sizeof state);
    state[12] = 0xfffffff5, state[13] = 7;
    Bytes one_by_one(64 * 40);
    for (std::size_t i = 0; i < 40; ++i) {
        std::uint32_t next[16];
        std::memcpy(next, state, sizeof next);
        const std::uint64_t counter = (std::uint64_t{state[13]} << 32 | state[12]) + i;
        next[12] = static_cast<std::uint32_t>(counter), next[13] = static_cast<std::uint32_t>(counter >> 32);
        draws::portable_kernels().chacha20(next, 1, &one_by_one[64 * i]);
    }
    for (const draws::Kernels* k : all_kernels()) {
        for (std::size_t count = 0; count <= 40; ++count) {
            Bytes out(64 * count + 1, 0xaa);
            k->chacha20(state, count, out.data());
            CHECK(std::equal(out.begin(), out.end() - 1, one_by_one.begin()) && out.back() == 0xaa);
        }
    }
}

const std::uint64_t widths[] = {256,
                                257,
                                300,
                                363,
                                419,
                                512,
                                513,
                                1254,
                                128 * 256,
                                1UL << 30,
                                0x123456789abUL,
                                1UL << 56,
                                (1UL << 57) - 1,
                                1UL << 57};

// The kernels give the same candidates, also for words at the ends of their ranges
void test_candidates_alike() {
    Stream random(3);
    constexpr std::size_t groups = 64;
    Bytes bytes = random.bytes(groups * sizeof(draws::RandomWords));
    std::memset(bytes.data(), 0, sizeof(draws::RandomWords));
    std::memset(bytes.data() + sizeof(draws::RandomWords), 0xff, sizeof(draws::RandomWords));
    std::vector<std::uint64_t> words(bytes.size() / 8);
    std::memcpy(words.data(), bytes.data(), bytes.size());
    for (std::size_t i = 64; i < 512; i += 2) words[i] = 0;  // far tails: x and coins near zero
    for (const std::uint64_t sigma : widths) {
        const DiscreteGaussian gaussian(sigma);
        std::vector<std::int64_t> first;
        Bytes first_accepted;
        for (const draws::Kernels* k : all_kernels()) {
            std::vector<std::int64_t> z(groups * draws::group);
            Bytes accepted(groups);
            k->candidates(gaussian.shape(), gaussian.shape().count,
                          reinterpret_cast<const draws::RandomWords*>(words.data()), groups,
                          reinterpret_cast<std::int64_t(*)[draws::group]>(z.data()), accepted.data());
            if (first.empty()) first = z, first_accepted = accepted;
            CHECK(z == first && accepted == first_accepted);
            for (const std::int64_t one : z) CHECK(one >= -gaussian.bound() && one <= gaussian.bound());
        }
    }
}

// Rows depend on their own seed alone, are prefixes of longer ones, and are what a stream of their own gives
void test_rows() {
    Stream random(4);
    const Bytes seeds = random.bytes(32 * 70);
    for (const std::uint64_t sigma : widths) {
        const DiscreteGaussian gaussian(sigma);
        std::vector<std::int64_t> wide(70 * 600), narrow(70 * 3), one(600);
        gaussian.sample_rows(seeds, 600, wide.data());
        gaussian.sample_rows(seeds, 3, narrow.data());
        for (std::size_t i = 0; i < 70; ++i) {
            ChaCha20Random stream = stream_of(seeds, i);
            gaussian.sample(stream, one.data(), one.size());
            CHECK(std::equal(one.begin(), one.end(), &wide[600 * i]));
            CHECK(std::equal(one.begin(), one.begin() + 3, &narrow[3 * i]));
        }
    }
}

// tests/vectors/discrete_gaussian.json has more
void test_known_draws() {
    std::int64_t z[4];
    DiscreteGaussian(128 * 256).sample_rows(Bytes(32), 4, z);
    CHECK(z[0] == 64 && z[1] == 195 && z[2] == 15 && z[3] == -80);
}

// Of the slow twin; tests/vectors/row_noise.json has more. Rows in any company give what each gives alone
void test_row_noise() {
    Bytes secret(32), rows(2 * 24);
    for (std::size_t i = 0; i < 32; ++i) secret[i] = static_cast<std::uint8_t>(i);
    std::fill(rows.begin() + 24, rows.end(), std::uint8_t{1});
    const std::uint8_t context[3] = {'a', 'b', 'c'};
    const std::uint64_t slots[2] = {0, 7};
    const pyfe::RowNoise noise(std::span<const std::uint8_t, 32>(secret), context, 128 * 256);
    std::int64_t z[4];
    noise.draw(rows, 24, slots, z);
    CHECK(z[0] == 113 && z[1] == 331 && z[2] == -16 && z[3] == -107);

    constexpr std::size_t many = (std::size_t{1} << 15) + 70;  // more seeds than are made at once
    Stream random(5);
    const Bytes long_table = random.bytes(many * 24);
    std::vector<std::int64_t> all(many * 2);
    noise.draw(long_table, 24, slots, all.data());
    for (const std::size_t i : {std::size_t{0}, std::size_t{63}, std::size_t{64}, many - 71, many - 1}) {
        noise.draw(std::span(long_table).subspan(24 * i, 24), 24, slots, z);
        CHECK(z[0] == all[2 * i] && z[1] == all[2 * i + 1]);
    }
    noise.draw({}, 24, slots, z);
    CHECK_ERROR(pyfe::RowNoise(std::span<const std::uint8_t, 32>(secret), context, 255), parameter,
                "255/256");
}

// Roughly right, with the operating system's bytes; tests/unit/test_gaussian.py looks closely
void test_moments() {
    for (const std::uint64_t sigma : widths) {
        std::vector<std::int64_t> z(20000);
        DiscreteGaussian(sigma).sample(pyfe::os_random(), z.data(), z.size());
        double sum = 0, squares = 0;
        for (const std::int64_t one : z) {
            const double scaled = 256.0 * static_cast<double>(one) / static_cast<double>(sigma);
            sum += scaled, squares += scaled * scaled;
        }
        CHECK(std::abs(sum / 20000) < 0.05);  // 7 standard errors
        CHECK(std::abs(squares / 20000 - 1) < 0.07);
    }
}

class Failing : public pyfe::Random {
  public:
    void fill(std::uint8_t*, std::size_t) override { pyfe::fail(pyfe::ErrorKind::randomness, "dry"); }
};

void test_refusals() {
    CHECK_ERROR(DiscreteGaussian(0), parameter, "0/256 is not from 1 to 2^49");
    CHECK_ERROR(DiscreteGaussian(255), parameter, "255/256");
    CHECK_ERROR(DiscreteGaussian((1UL << 57) + 1), parameter, "is not from 1 to 2^49");
    CHECK_ERROR(DiscreteGaussian(~0UL), parameter, "is not from 1 to 2^49");
    CHECK(DiscreteGaussian(128 * 256).bound() == 1535);
    CHECK(DiscreteGaussian(1UL << 57).bound() == (24L << 48) - 1);
    Failing dry;
    std::int64_t z = 5;
    CHECK_ERROR(DiscreteGaussian(256).sample(dry, &z, 1), randomness, "dry");
    CHECK(z == 5);
    DiscreteGaussian(256).sample(dry, &z, 0);
    DiscreteGaussian(256).sample_rows({}, 3, &z);
}

}  // namespace

int main() {
    test_chacha20_vectors();
    test_chacha20_pieces();
    test_chacha20_counters();
    test_candidates_alike();
    test_rows();
    test_known_draws();
    test_row_noise();
    test_moments();
    test_refusals();
    return check::result("test_random");
}
