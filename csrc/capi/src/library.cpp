// The library: its version, its threads, its errors by name
#include <iterator>

#include "call.hpp"
#include "pyfe/base/cpu.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/signature/ed25519.hpp"

using namespace pyfe;
using namespace pyfe::capi;

const char* pyfe_version(void) { return PYFE_VERSION; }

uint32_t pyfe_abi(void) { return uint32_t{PYFE_ABI_MAJOR} << 16 | PYFE_ABI_MINOR; }

const char* pyfe_status_name(pyfe_status status) {
    static constexpr const char* names[] = {
        "PYFE_OK",           "PYFE_PARAMETER",   "PYFE_DECODE",    "PYFE_KEY_MISMATCH",     "PYFE_SIGNATURE",
        "PYFE_OUT_OF_RANGE", "PYFE_REFUSED",     "PYFE_SILENCED",  "PYFE_KEY_EXPIRED",      "PYFE_RANDOMNESS",
        "PYFE_RESOURCE",     "PYFE_UNSUPPORTED", "PYFE_CANCELLED", "PYFE_BUFFER_TOO_SMALL", "PYFE_INTERNAL",
    };
    static_assert(std::size(names) == PYFE_INTERNAL + 1);
    return status >= 0 && status <= PYFE_INTERNAL ? names[status] : "unknown";
}

pyfe_status pyfe_backend(const char** name, pyfe_call* call) {
    return run(call, [&] {
        require_given(name, "name");
        *name = backend_name(active_backend()).data();  // a constant, which a 0 ends
    });
}

pyfe_status pyfe_set_threads(uint32_t threads, pyfe_call* call) {
    return run(call, [&] { set_num_threads(threads); });
}

pyfe_status pyfe_threads(uint32_t* threads, pyfe_call* call) {
    return run(call, [&] {
        require_given(threads, "threads");
        *threads = num_threads();
    });
}

void pyfe_cancel(pyfe_call* call) {
    if (call != nullptr) __atomic_store_n(&call->cancelled, 1, __ATOMIC_RELEASE);
}

pyfe_status pyfe_verify_signature(const uint8_t* key, const uint8_t* message, uint64_t message_size,
                                  const uint8_t* signature, pyfe_call* call) {
    return run(call, [&] {
        require_given(key, "key");
        require_given(signature, "signature");
        const auto of = octets(message, message_size, "message");
        if (!verify_ed25519_vartime({key, ed25519_key_size}, of, {signature, ed25519_signature_size}))
            refuse(PYFE_SIGNATURE, "the signature is not the key's of this message");
    });
}
