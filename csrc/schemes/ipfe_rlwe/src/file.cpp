#include "pyfe/ipfe_rlwe/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"

namespace pyfe::ipfe_rlwe {
namespace {

constexpr size_t kPiece = size_t{1} << 24;  // between two checkpoints

// `step`, which reads or writes a piece, until all of `size` bytes are done
template <class Step>
void in_pieces(size_t size, const char* what, Step step) {
    for (size_t done = 0; done < size;) {
        checkpoint();
        const ssize_t some = step(done, std::min(kPiece, size - done));
        if (some < 0 && errno == EINTR) continue;
        if (some < 0) fail(ErrorKind::resource, std::string(what) + ": " + std::strerror(errno));
        if (some == 0) fail(ErrorKind::decode, std::string(what) + ": the file ends too early");
        done += static_cast<size_t>(some);
    }
}

}  // namespace

File::File(int descriptor) {
    const int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (own < 0) fail(ErrorKind::parameter, std::string("file: ") + std::strerror(errno));
    descriptor_ = std::shared_ptr<const int>(new int(own), [](const int* kept) {
        close(*kept);
        delete kept;
    });
}

void File::read(uint64_t at, std::span<uint8_t> out) const {
    in_pieces(out.size(), "cannot read", [&](size_t done, size_t some) {
        return pread(*descriptor_, out.data() + done, some, static_cast<off_t>(at + done));
    });
}

void File::write(uint64_t at, std::span<const uint8_t> bytes) const {
    in_pieces(bytes.size(), "cannot write", [&](size_t done, size_t some) {
        return pwrite(*descriptor_, bytes.data() + done, some, static_cast<off_t>(at + done));
    });
}

void File::append(std::span<const uint8_t> bytes) const {
    in_pieces(bytes.size(), "cannot write",
              [&](size_t done, size_t some) { return ::write(*descriptor_, bytes.data() + done, some); });
}

}  // namespace pyfe::ipfe_rlwe
