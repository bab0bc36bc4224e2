#include "pyfe/random/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "pyfe/base/error.hpp"
#include "pyfe/base/secret.hpp"

namespace pyfe {
namespace {

class OsRandom final : public Random {
  public:
    // Flags 0: the urandom source, which blocks only until the kernel has been seeded once after boot.
    void fill(std::uint8_t* out, std::size_t size) override { detail::fill_from(::getrandom, out, size); }
};

[[noreturn]] void refuse(const std::string& reason, std::size_t filled, std::size_t size) {
    fail(ErrorKind::randomness, "operating system randomness: " + reason + " after " +
                                    std::to_string(filled) + " of " + std::to_string(size) + " bytes");
}

// Never destroyed: a thread may still draw while the process ends. It holds no state: a forked child draws
// from the kernel like its parent, and never the same.
Random& source = *new OsRandom;

}  // namespace

Random::~Random() = default;

Random& os_random() { return source; }

namespace detail {

void fill_from(EntropyCall call, std::uint8_t* out, std::size_t size) {
    std::size_t filled = 0;
    while (filled < size) {
        const ssize_t got = call(out + filled, size - filled, 0);
        if (got > 0 && static_cast<std::size_t>(got) <= size - filled) {
            filled += static_cast<std::size_t>(got);
            continue;
        }
        const int code = errno;
        if (got < 0 && code == EINTR) continue;
        secure_zero(out, size);
        refuse(
            got < 0 ? std::generic_category().message(code) : "impossible byte count " + std::to_string(got),
            filled, size);
    }
}

}  // namespace detail
}  // namespace pyfe
