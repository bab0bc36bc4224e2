// A file of the smallest table: a sound header and empty lines, changed by the input; the first byte says
// whether the sums are made right afterwards.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "cache_file.hpp"
#include "fuzz.hpp"

namespace pyfe::fuzz {
namespace {

using dlog::kPageBytes;

constexpr dlog::Rung kRung{10, 1 << 10};
constexpr std::size_t kSums = 48, kSum = kPageBytes - 8;

template <class T>
void put(Bytes& file, std::size_t at, T value) {
    std::memcpy(file.data() + at, &value, sizeof value);
}

Bytes sound() {
    const std::uint64_t lines = dlog::lines_for(kRung.log_entries);
    Bytes file(kPageBytes);
    std::memcpy(file.data(), "PYFEDLOG", 8);
    std::memcpy(file.data() + 8, "ristretto255", 12);
    put<std::uint32_t>(file, 24, 2);
    put<std::uint32_t>(file, 28, kRung.log_entries);
    put<std::uint64_t>(file, 32, lines);
    put<std::uint64_t>(file, 40, sizeof(dlog::Line));
    file.resize(kPageBytes + lines * sizeof(dlog::Line));
    return file;
}

void make_sums_right(Bytes& file) {
    for (std::size_t p = 0; kPageBytes * (p + 2) <= file.size(); ++p)
        put<std::uint64_t>(file, kSums + 8 * p, dlog::page_checksum(file.data() + kPageBytes * (p + 1)));
    put<std::uint64_t>(file, kSum, 0);
    put<std::uint64_t>(file, kSum, dlog::page_checksum(file.data()));
}

const std::string& path() {
    static const std::string made = [] {
        char folder[] = "/tmp/pyfe-fuzz-XXXXXX";
        if (mkdtemp(folder) == nullptr) std::abort();
        return std::string(folder) + "/table";
    }();
    return made;
}

}  // namespace

Bytes decode(View data) {
    static const Bytes whole = sound();
    if (data.size() < 4) return {};
    Bytes file = whole;
    std::uint16_t at;
    std::memcpy(&at, data.data() + 1, 2);
    const std::size_t start = at < 32768 ? at % 128 : kPageBytes + at;
    const View change = data.subspan(3);
    if (start + change.size() > file.size()) file.resize(start + change.size());
    std::ranges::copy(change, file.begin() + static_cast<std::ptrdiff_t>(start));
    if (data[0] % 8 == 7) file.resize(file.size() * data[0] / 256);
    if (data[0] % 4 != 0 && file.size() >= kPageBytes) make_sums_right(file);
    const int fd = open(path().c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (fd < 0 || write(fd, file.data(), file.size()) != static_cast<ssize_t>(file.size())) std::abort();
    close(fd);
    (void)dlog::read_table(path(), "ristretto255", kRung);
    return {};
}

void repair(Bytes& data) {
    if (data.size() < 4) data.resize(4);
}

}  // namespace pyfe::fuzz
