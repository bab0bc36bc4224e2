// Which code path runs: the only place that asks the CPU.
#pragma once

#include <string_view>

namespace pyfe {

// A feature is true when the CPU has it and the operating system saves the registers it needs.
struct CpuFeatures {
    bool avx512f = false, dq = false, bw = false, vl = false, ifma = false;
    bool avx2 = false, bmi2 = false, adx = false;
    bool vpclmulqdq = false;  // carry-less multiplication, of 64 bytes
    bool os_zmm = false;      // OSXSAVE set, and XCR0 enables XMM, YMM, opmask and both halves of ZMM
};

const CpuFeatures& cpu_features();

enum class Backend { portable, ifma };

bool backend_supported(Backend backend);
std::string_view backend_name(Backend backend);

// "portable", "ifma", or "auto" for the best that this CPU supports. Error(parameter), whose message starts
// with `source`, for another name or a backend this CPU cannot run.
Backend parse_backend(std::string_view name, std::string_view source);

// Starts as PYFE_BACKEND says (default "auto"; read once). A bad value throws at every call until it is
// mended or set_backend() overrides it.
Backend active_backend();

// For the whole process. Error(parameter) when this CPU cannot run it.
void set_backend(Backend backend);

}  // namespace pyfe
