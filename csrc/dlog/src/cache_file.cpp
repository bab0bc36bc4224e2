#include "cache_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace pyfe::dlog {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kVersion = 2;
constexpr char kMagic[8] = {'P', 'Y', 'F', 'E', 'D', 'L', 'O', 'G'};
constexpr size_t kMaxPages = (size_t{1} << (kMaxLogEntries - 3)) / kPageLines;

struct Header {
    char magic[8];
    char group[16];
    uint32_t version;
    uint32_t log_entries;
    uint64_t lines;
    uint64_t line_bytes;
    uint64_t page_sums[kMaxPages];
    uint8_t zero[kPageBytes - 56 - 8 * kMaxPages];
    uint64_t sum;  // of this page with `sum` zero
};
static_assert(sizeof(Header) == kPageBytes);

struct Fd {
    int fd;
    explicit Fd(int f) : fd(f) {}
    Fd(const Fd&) = delete;
    ~Fd() {
        if (fd >= 0) close(fd);
    }
};

uint64_t header_sum(const Header& header) {
    const auto copy = std::make_unique<Header>(header);
    copy->sum = 0;
    return page_checksum(reinterpret_cast<const uint8_t*>(copy.get()));
}

size_t file_size(Rung rung) { return kPageBytes + lines_for(rung.log_entries) * sizeof(Line); }

bool sound(const Header& h, const char* group, Rung rung) {
    return std::memcmp(h.magic, kMagic, 8) == 0 && std::strncmp(h.group, group, sizeof h.group) == 0 &&
           h.version == kVersion && h.log_entries == uint32_t(rung.log_entries) &&
           h.lines == lines_for(rung.log_entries) && h.line_bytes == sizeof(Line) && h.sum == header_sum(h);
}

std::unique_ptr<Header> header_of(const char* group, const Table& table) {
    auto h = std::make_unique<Header>();
    std::memcpy(h->magic, kMagic, 8);
    std::memcpy(h->group, group, std::strlen(group));
    h->version = kVersion;
    h->log_entries = uint32_t(table.rung().log_entries);
    h->lines = table.lines().size();
    h->line_bytes = sizeof(Line);
    const auto* bytes = reinterpret_cast<const uint8_t*>(table.lines().data());
    for (size_t p = 0; p < h->lines / kPageLines; ++p)
        h->page_sums[p] = page_checksum(bytes + p * kPageBytes);
    h->sum = header_sum(*h);
    return h;
}

bool write_all(int fd, const void* data, size_t size) {
    const auto* at = static_cast<const uint8_t*>(data);
    while (size > 0) {
        const ssize_t done = write(fd, at, size);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        at += done;
        size -= static_cast<size_t>(done);
    }
    return true;
}

// Everybody may read it: the table is the same for all and holds no secret.
bool fill_file(int fd, const char* group, const Table& table) {
    const auto header = header_of(group, table);
    return write_all(fd, header.get(), sizeof(Header)) &&
           write_all(fd, table.lines().data(), table.lines().size_bytes()) && fchmod(fd, 0644) == 0 &&
           fsync(fd) == 0;
}

// So that the new name survives a power cut; the file is whole either way.
void sync_directory(const fs::path& directory) {
    const Fd d(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (d.fd >= 0) fsync(d.fd);
}

const char* set_variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

std::string cache_directory() {
    if (const char* own = set_variable("PYFE_CACHE_DIR")) return own;
    // The XDG base directory specification: a relative path is to be ignored.
    if (const char* xdg = set_variable("XDG_CACHE_HOME"); xdg != nullptr && *xdg == '/')
        return fs::path(xdg) / "pyfe";
    if (const char* home = set_variable("HOME")) return fs::path(home) / ".cache" / "pyfe";
    return {};
}

bool cache_writable(const std::string& directory) {
    if (directory.empty()) return false;
    std::error_code error;
    fs::path at = fs::absolute(directory, error);
    if (error) return false;
    while (!fs::exists(at, error) && !error && at.has_relative_path()) at = at.parent_path();
    return !error && fs::is_directory(at, error) && access(at.c_str(), W_OK | X_OK) == 0;
}

std::string cache_path(const std::string& directory, const char* group, Rung rung) {
    return fs::path(directory) / (std::string(group) + "-log-v" + std::to_string(kVersion) + "-2p" +
                                  std::to_string(rung.log_entries) + ".table");
}

std::unique_ptr<Table> map_table(const std::string& path, const char* group, Rung rung) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat info;
    if (file.fd < 0 || fstat(file.fd, &info) != 0 || !S_ISREG(info.st_mode)) return nullptr;
    if (static_cast<size_t>(info.st_size) != file_size(rung)) return nullptr;
    Mapping memory = Mapping::of_file(file.fd, file_size(rung));
    if (memory.data() == nullptr) return nullptr;
    const auto* header = reinterpret_cast<const Header*>(memory.data());
    if (!sound(*header, group, rung)) return nullptr;
    auto table = std::make_unique<Table>(rung, std::move(memory), kPageBytes);
    table->check_against(header->page_sums);
    table->path = path;
    return table;
}

bool write_table(const std::string& path, const char* group, const Table& table) {
    std::error_code error;
    const fs::path directory = fs::path(path).parent_path();
    fs::create_directories(directory, error);
    std::string name = path + ".XXXXXX";
    const Fd file(mkostemp(name.data(), O_CLOEXEC));
    if (file.fd < 0) return false;
    if (!fill_file(file.fd, group, table) || rename(name.c_str(), path.c_str()) != 0) {
        unlink(name.c_str());
        return false;
    }
    sync_directory(directory);
    return true;
}

void remove_file(const std::string& path) { unlink(path.c_str()); }

}  // namespace pyfe::dlog
