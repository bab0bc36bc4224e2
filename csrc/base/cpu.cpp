#include "pyfe/base/cpu.hpp"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pyfe/base/error.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace pyfe {
namespace {

#if defined(__x86_64__)

// The intrinsic would need -mxsave; this file must run on every CPU.
std::uint64_t read_xcr0() {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    __asm__ __volatile__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (std::uint64_t{high} << 32) | low;
}

constexpr bool bit(std::uint32_t word, int position) { return ((word >> position) & 1) != 0; }

// Bit positions: Intel SDM volume 2A, CPUID; XCR0: volume 1, section 13.3.
CpuFeatures detect() {
    constexpr std::uint64_t ymm_state = 0x06;  // XMM, YMM
    constexpr std::uint64_t zmm_state = 0xe6;  // and opmask, ZMM_Hi256, Hi16_ZMM

    CpuFeatures features;
    std::uint32_t a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_max(0, nullptr) < 7) return features;
    __cpuid_count(1, 0, a, b, c, d);
    const bool osxsave = bit(c, 27);
    const std::uint64_t xcr0 = osxsave ? read_xcr0() : 0;
    const bool os_ymm = (xcr0 & ymm_state) == ymm_state;
    features.os_zmm = (xcr0 & zmm_state) == zmm_state;

    __cpuid_count(7, 0, a, b, c, d);
    features.bmi2 = bit(b, 8);
    features.adx = bit(b, 19);
    features.avx2 = os_ymm && bit(b, 5);
    features.avx512f = features.os_zmm && bit(b, 16);
    features.dq = features.os_zmm && bit(b, 17);
    features.ifma = features.os_zmm && bit(b, 21);
    features.vpclmulqdq = features.os_zmm && bit(c, 10);
    features.bw = features.os_zmm && bit(b, 30);
    features.vl = features.os_zmm && bit(b, 31);
    return features;
}

#else

CpuFeatures detect() { return {}; }

#endif

Backend best_backend() { return backend_supported(Backend::ifma) ? Backend::ifma : Backend::portable; }

Backend backend_from_environment() {
    const char* value = std::getenv("PYFE_BACKEND");
    return parse_backend(value == nullptr ? "auto" : value, "PYFE_BACKEND");
}

const CpuFeatures features = detect();

constexpr int undecided = -1;
std::atomic<int> chosen{undecided};

}  // namespace

const CpuFeatures& cpu_features() { return features; }

bool backend_supported(Backend backend) {
    if (backend == Backend::portable) return true;
    const CpuFeatures& cpu = cpu_features();
    return cpu.os_zmm && cpu.avx512f && cpu.dq && cpu.bw && cpu.vl && cpu.ifma;
}

std::string_view backend_name(Backend backend) { return backend == Backend::ifma ? "ifma" : "portable"; }

Backend parse_backend(std::string_view name, std::string_view source) {
    if (name == "auto") return best_backend();
    if (name == "portable") return Backend::portable;
    if (name != "ifma") {
        fail(ErrorKind::parameter,
             std::string(source) + ": '" + std::string(name) + "' is not one of auto, portable, ifma");
    }
    if (!backend_supported(Backend::ifma)) {
        fail(ErrorKind::parameter,
             std::string(source) + ": 'ifma' needs AVX-512 F, DQ, BW, VL and IFMA, which this machine lacks");
    }
    return Backend::ifma;
}

Backend active_backend() {
    int value = chosen.load(std::memory_order_relaxed);
    if (value == undecided) {
        // Two threads may both read the environment, with one result; a set_backend() in between wins.
        const int first = static_cast<int>(backend_from_environment());
        value = chosen.compare_exchange_strong(value, first) ? first : value;
    }
    return static_cast<Backend>(value);
}

void set_backend(Backend backend) {
    chosen.store(static_cast<int>(parse_backend(backend_name(backend), "set_backend")));
}

}  // namespace pyfe
