// What several runners share: bytes from hex, repeatable randomness, the list of kernel tables this CPU can
// run.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "pyfe/base/cpu.hpp"
#include "pyfe/dlog/kernels.hpp"
#include "pyfe/field/scalar.hpp"
#include "pyfe/group/ristretto255/kernels.hpp"
#include "pyfe/random/random.hpp"

namespace support {

namespace ristretto255 = pyfe::group::ristretto255;
using Bytes = std::vector<std::uint8_t>;

inline Bytes from_hex(std::string_view text) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    Bytes out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        out.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
    }
    return out;
}

// The same bytes on every run: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). For tests only.
class Stream : public pyfe::Random {
  public:
    explicit Stream(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }
    void fill(std::uint8_t* out, std::size_t size) override {
        for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(next());
    }
    Bytes bytes(std::size_t size) {
        Bytes out(size);
        fill(out.data(), size);
        return out;
    }
    pyfe::field::Scalar scalar() { return pyfe::field::Scalar::from_wide_bytes(bytes(64).data()); }
    // In [lo, hi]
    std::int64_t integer(std::int64_t lo, std::int64_t hi) {
        const auto span = static_cast<unsigned __int128>(static_cast<__int128>(hi) - lo + 1);
        return static_cast<std::int64_t>(lo + static_cast<__int128>(next() % span));
    }

  private:
    std::uint64_t state_;
};

inline std::vector<const ristretto255::Kernels*> all_kernels() {
    std::vector<const ristretto255::Kernels*> out = {&ristretto255::portable_kernels()};
#ifdef PYFE_EMULATED_LANES
    out.push_back(&ristretto255::emulated_kernels());
#endif
    if (pyfe::backend_supported(pyfe::Backend::ifma)) out.push_back(&ristretto255::ifma_kernels());
    return out;
}

// The sweeps of the same backend
inline const pyfe::dlog::Kernels& sweeps_of(const ristretto255::Kernels& table) {
#ifdef PYFE_EMULATED_LANES
    if (&table == &ristretto255::emulated_kernels()) return pyfe::dlog::emulated_kernels();
#endif
    return &table == &ristretto255::ifma_kernels() ? pyfe::dlog::ifma_kernels()
                                                   : pyfe::dlog::portable_kernels();
}

// Puts a kernel table, and the sweeps of its backend, in place of the active ones while it lives.
class UseKernels {
  public:
    explicit UseKernels(const ristretto255::Kernels& table) {
        ristretto255::override_kernels_for_testing(&table);
        pyfe::dlog::override_kernels_for_testing(&sweeps_of(table));
    }
    ~UseKernels() {
        ristretto255::override_kernels_for_testing(nullptr);
        pyfe::dlog::override_kernels_for_testing(nullptr);
    }
    UseKernels(const UseKernels&) = delete;
    UseKernels& operator=(const UseKernels&) = delete;
};

inline pyfe::field::Scalar small_scalar(std::uint64_t value) {
    pyfe::field::Scalar s;
    s.w[0] = value;
    return s;
}

inline pyfe::field::Scalar negated(const pyfe::field::Scalar& a) {
    return pyfe::field::Scalar::sub(pyfe::field::Scalar{}, a);
}

// 0, 1, 2, l - 1, l - 2, powers of two around limb and window borders, all-ones patterns below l
inline std::vector<pyfe::field::Scalar> edge_scalars() {
    using pyfe::field::Scalar;
    std::vector<Scalar> out = {small_scalar(0),         small_scalar(1),  small_scalar(2),
                               small_scalar(15),        small_scalar(16), negated(small_scalar(1)),
                               negated(small_scalar(2))};
    for (const int bit : {4, 5, 63, 64, 127, 128, 191, 192, 250, 251, 252}) {
        Scalar s;
        s.w[bit / 64] = std::uint64_t{1} << (bit % 64);
        out.push_back(s);
        out.push_back(Scalar::sub(s, small_scalar(1)));
        out.push_back(negated(s));
    }
    return out;
}

}  // namespace support
