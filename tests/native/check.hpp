// The whole test framework of the native runners: count, print what failed, return non-zero from main.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pyfe/base/error.hpp"

namespace check {

inline std::atomic<unsigned long> checks{0};
inline std::atomic<unsigned long> failures{0};

inline void record(bool passed, const char* file, int line, const std::string& what) {
    ++checks;
    if (passed) return;
    ++failures;
    std::fprintf(stderr, "%s:%d: failed: %s\n", file, line, what.c_str());
}

inline void expect_error(const std::function<void()>& action, pyfe::ErrorKind kind, std::string_view part,
                         const char* file, int line, const char* text) {
    std::string outcome = "threw nothing";
    try {
        action();
    } catch (const pyfe::Error& error) {
        const std::string message = error.what();
        if (error.kind() == kind && message.find(part) != std::string::npos) {
            return record(true, file, line, text);
        }
        outcome = "threw kind " + std::to_string(static_cast<int>(error.kind())) + ", \"" + message +
                  "\", expected kind " + std::to_string(static_cast<int>(kind)) + " with \"" +
                  std::string(part) + "\"";
    } catch (...) {
        outcome = "threw something that is no pyfe::Error";
    }
    record(false, file, line, std::string(text) + " " + outcome);
}

// The last line of main.
inline int result(const char* name) {
    std::printf("%s: %lu checks, %lu failed\n", name, checks.load(), failures.load());
    return failures == 0 && checks > 0 ? 0 : 1;
}

inline std::vector<std::uint8_t> bytes(std::string_view text) { return {text.begin(), text.end()}; }

inline std::string hex(std::span<const std::uint8_t> data) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const std::uint8_t byte : data) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

}  // namespace check

#define CHECK(condition) check::record(static_cast<bool>(condition), __FILE__, __LINE__, #condition)

// The action must throw pyfe::Error of this kind, with `part` in its message.
#define CHECK_ERROR(action, kind, part) \
    check::expect_error([&] { (void)(action); }, pyfe::ErrorKind::kind, part, __FILE__, __LINE__, #action)
