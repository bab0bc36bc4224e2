#include "cache_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "pyfe/base/interrupt.hpp"

namespace pyfe::dlog {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kVersion = 2;
constexpr std::string_view kTableEnd = ".table";
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
    explicit Fd(int f = -1) : fd(f) {}
    Fd(Fd&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
    Fd(const Fd&) = delete;
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd, other.fd);
        return *this;
    }
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

constexpr size_t kPiece = size_t{1} << 20;  // between checkpoints

template <class Call, class Byte>
bool transfer(Call call, int fd, Byte* at, size_t size) {
    while (size > 0) {
        checkpoint();
        const ssize_t done = call(fd, at, std::min(size, kPiece));
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        at += done;
        size -= static_cast<size_t>(done);
    }
    return true;
}

bool write_all(int fd, std::span<const uint8_t> data) {
    return transfer(::write, fd, data.data(), data.size());
}

bool read_all(int fd, std::span<uint8_t> data) { return transfer(::read, fd, data.data(), data.size()); }

// Everybody may read it: the table is the same for all and holds no secret.
bool fill_file(int fd, const char* group, const Table& table) {
    const auto header = header_of(group, table);
    const std::span lines(reinterpret_cast<const uint8_t*>(table.lines().data()), table.lines().size_bytes());
    return write_all(fd, {reinterpret_cast<const uint8_t*>(header.get()), sizeof(Header)}) &&
           write_all(fd, lines) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
}

// A file under a passing name, gone unless it was given its own. Its lock says that its writer lives: the
// system drops it with the process. Where files have no locks, none is told from a dead writer's, and none is
// removed.
class Draft {
  public:
    explicit Draft(const std::string& path) {
        do {
            name_ = path + std::string(kSuffix);
            file_ = Fd(mkostemp(name_.data(), O_CLOEXEC));
        } while (file_.fd >= 0 && taken());
    }
    Draft(const Draft&) = delete;
    ~Draft() {
        if (file_.fd >= 0 && !kept_) unlink(name_.c_str());
    }
    int fd() const { return file_.fd; }
    bool keep_as(const std::string& path) {
        kept_ = rename(name_.c_str(), path.c_str()) == 0;
        return kept_;
    }
    // Whether a table's draft is called so
    static bool is_name(std::string_view name) {
        const size_t size = name.size();
        return size > kSuffix.size() && name.substr(0, size - kSuffix.size()).ends_with(kTableEnd) &&
               name[size - kSuffix.size()] == '.';
    }

  private:
    static constexpr std::string_view kSuffix = ".XXXXXX";

    // By another process that took it for a leftover, before the lock was there
    bool taken() const {
        struct stat info;
        if (flock(file_.fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return true;
        return fstat(file_.fd, &info) == 0 && info.st_nlink == 0;
    }

    std::string name_;
    Fd file_;
    bool kept_ = false;
};

// Removes a draft of this user whose writer is dead: nobody holds its lock.
void remove_if_dead(int folder, const char* name) {
    const Fd file(openat(folder, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    struct stat info;
    if (file.fd >= 0 && fstat(file.fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid() &&
        info.st_nlink == 1 && flock(file.fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(folder, name, 0);
}

void remove_dead_drafts(const fs::path& directory, int folder) {
    std::error_code error;  // a folder that cannot be listed keeps what lies there
    for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error))
        if (const std::string name = at->path().filename(); Draft::is_name(name))
            remove_if_dead(folder, name.c_str());
}

std::string of_errno() { return std::generic_category().message(errno); }

// What the operating system says may be changed by root and this user only. In a folder with the sticky bit
// nobody else can take a file's place.
std::string distrust(const struct stat& info, bool sticky_will_do) {
    if (info.st_uid != geteuid() && info.st_uid != 0) return "belongs to another user";
    const bool others_write = (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    if (others_write && !(sticky_will_do && (info.st_mode & S_ISVTX) != 0)) return "can be written by others";
    return {};
}

// Of the folder itself: who could change those above it can only put another trusted folder in its place,
// and what lies there must have the right digest.
std::string distrust_folder(int fd) {
    struct stat info;
    if (fstat(fd, &info) != 0) return of_errno();
    const std::string reason = distrust(info, true);
    return reason.empty() ? reason : "its folder " + reason;
}

Fd open_folder(const fs::path& directory) {
    return Fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// An open file that only this user or root can have written, or why there is none
std::variant<Fd, NoFile, Distrusted> open_trusted(const fs::path& path) {
    const Fd folder = open_folder(path.parent_path());
    if (folder.fd < 0) return NoFile{};
    Fd file(openat(folder.fd, path.filename().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (file.fd < 0 && errno == ELOOP) return Distrusted{"is a link"};
    if (file.fd < 0 && errno == ENOENT) return NoFile{};
    if (file.fd < 0) return Distrusted{"cannot be opened: " + of_errno()};
    struct stat info;
    if (fstat(file.fd, &info) != 0 || !S_ISREG(info.st_mode)) return Distrusted{"is no regular file"};
    std::string reason = distrust(info, false);
    if (reason.empty()) reason = distrust_folder(folder.fd);
    if (!reason.empty()) return Distrusted{reason};
    return file;
}

// Its header, when it goes with a file of this size
std::unique_ptr<Header> read_header(int fd, const char* group, Rung rung) {
    struct stat info;
    if (fstat(fd, &info) != 0 || static_cast<size_t>(info.st_size) != file_size(rung)) return nullptr;
    auto header = std::make_unique<Header>();
    if (!read_all(fd, {reinterpret_cast<uint8_t*>(header.get()), sizeof(Header)})) return nullptr;
    return sound(*header, group, rung) ? std::move(header) : nullptr;
}

std::unique_ptr<Table> read_lines(int fd, const Header& header, Rung rung) {
    auto table = std::make_unique<Table>(rung);
    for (size_t p = 0; p < header.lines / kPageLines; ++p) {
        const std::span<uint8_t> page = table->bytes().subspan(p * kPageBytes, kPageBytes);
        if (!read_all(fd, page) || page_checksum(page.data()) != header.page_sums[p]) return nullptr;
    }
    return table->is_genuine() ? std::move(table) : nullptr;
}

// With the modes of the XDG base directory specification
bool make_folders(const fs::path& directory) {
    std::error_code error;
    if (directory.empty() || fs::is_directory(directory, error)) return true;
    return make_folders(directory.parent_path()) && (mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST);
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
                                  std::to_string(rung.log_entries) + std::string(kTableEnd));
}

std::variant<std::unique_ptr<Table>, NoFile, Distrusted> read_table(const std::string& path,
                                                                    const char* group, Rung rung) {
    const auto opened = open_trusted(path);
    if (const auto* refused = std::get_if<Distrusted>(&opened)) return *refused;
    const Fd* file = std::get_if<Fd>(&opened);
    if (file == nullptr) return NoFile{};
    const auto header = read_header(file->fd, group, rung);
    auto table = header == nullptr ? nullptr : read_lines(file->fd, *header, rung);
    if (table == nullptr) return NoFile{};
    table->path = path;
    return table;
}

bool file_is_ready(const std::string& path, const char* group, Rung rung) {
    const auto opened = open_trusted(path);
    const Fd* file = std::get_if<Fd>(&opened);
    return file != nullptr && read_header(file->fd, group, rung) != nullptr;
}

std::string write_table(const std::string& path, const char* group, const Table& table) {
    const fs::path directory = fs::path(path).parent_path();
    if (!make_folders(directory)) return of_errno();
    const Fd folder = open_folder(directory);
    if (folder.fd < 0) return of_errno();
    if (std::string reason = distrust_folder(folder.fd); !reason.empty()) return reason;
    remove_dead_drafts(directory, folder.fd);
    Draft draft(path);
    if (draft.fd() < 0 || !fill_file(draft.fd(), group, table) || !draft.keep_as(path)) return of_errno();
    fsync(folder.fd);  // so that the new name survives a power cut; the file is whole either way
    return {};
}

}  // namespace pyfe::dlog
