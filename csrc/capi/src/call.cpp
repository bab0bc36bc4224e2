#include "call.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "pyfe/base/error.hpp"
#include "pyfe/codec/utf8.hpp"
#include "pyfe/dlog/dlog.hpp"

namespace pyfe::capi {
namespace {

constexpr const char* no_memory = "there is no memory for this";

thread_local const pyfe_call* current = nullptr;  // of this thread, for its checkpoints

bool is_cancelled(const pyfe_call* call) {
    return call != nullptr && __atomic_load_n(&call->cancelled, __ATOMIC_ACQUIRE) != 0;
}

void ask() {
    if (is_cancelled(current)) throw Interrupted{};
}

pyfe_status status_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::parameter:
            return PYFE_PARAMETER;
        case ErrorKind::decode:
            return PYFE_DECODE;
        case ErrorKind::key_mismatch:
            return PYFE_KEY_MISMATCH;
        case ErrorKind::out_of_range:
            return PYFE_OUT_OF_RANGE;
        case ErrorKind::randomness:
            return PYFE_RANDOMNESS;
        case ErrorKind::refused:
            return PYFE_REFUSED;
        case ErrorKind::resource:
            return PYFE_RESOURCE;
    }
    return PYFE_INTERNAL;
}

bool continues(char byte) { return (static_cast<uint8_t>(byte) & 0xc0) == 0x80; }

// A message may quote an environment value in any encoding: what is no text, or does not print, is a question
// mark. What is too long is cut between characters. No allocation.
void write_message(pyfe_call* call, std::string_view text) noexcept {
    const auto* const bytes = reinterpret_cast<const uint8_t*>(text.data());
    const bool is_text = is_utf8({bytes, text.size()});
    size_t size = std::min<size_t>(text.size(), PYFE_MESSAGE_SIZE - 1);
    while (is_text && size > 0 && size < text.size() && continues(text[size])) --size;
    for (size_t i = 0; i < size; ++i) {
        const bool prints = bytes[i] >= 0x20 && bytes[i] != 0x7f && (is_text || bytes[i] < 0x80);
        call->message[i] = prints ? text[i] : '?';
    }
    call->message[size] = 0;
}

pyfe_status end(pyfe_call* call, pyfe_status status, std::string_view message) noexcept {
    if (call != nullptr) {
        call->status = status;
        write_message(call, message);
    }
    return status;
}

}  // namespace

void refuse(pyfe_status status, std::string message) { throw Failure{status, std::move(message)}; }

void require_given(const void* pointer, const char* name) {
    if (pointer == nullptr) fail(ErrorKind::parameter, std::string(name) + ": must not be NULL");
}

std::span<const uint8_t> octets(const uint8_t* data, uint64_t size, const char* name) {
    if (size > 0) require_given(data, name);
    return {data, static_cast<size_t>(size)};
}

Cancellable::Cancellable(const pyfe_call* call) : outer_(std::exchange(current, call)), scope_(ask) {
    if (!is_cancelled(call)) return;
    current = outer_;
    throw Interrupted{};
}
Cancellable::~Cancellable() { current = outer_; }

pyfe_status succeed(pyfe_call* call) noexcept { return end(call, PYFE_OK, ""); }

pyfe_status fail_with_current(pyfe_call* call) noexcept {
    try {
        throw;
    } catch (const Failure& failure) {
        return end(call, failure.status, failure.message);
    } catch (const Error& error) {
        return end(call, status_of(error.kind()), error.what());
    } catch (const Interrupted&) {
        return end(call, PYFE_CANCELLED, "the call was cancelled");
    } catch (const std::bad_alloc&) {
        return end(call, PYFE_RESOURCE, no_memory);
    } catch (const std::length_error&) {
        return end(call, PYFE_RESOURCE, no_memory);
    } catch (const std::exception& error) {
        return end(call, PYFE_INTERNAL, error.what());
    } catch (...) {
        return end(call, PYFE_INTERNAL, "an unknown exception");
    }
}

void give_notices(pyfe_call* call) {
    std::string all;
    for (const std::string& notice : dlog::take_notices()) {
        if (!all.empty()) all += "; ";
        all += notice;
    }
    if (call != nullptr && !all.empty()) write_message(call, all);
}

}  // namespace pyfe::capi
