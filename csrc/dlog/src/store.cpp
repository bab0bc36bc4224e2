#include "store.hpp"

#include <array>
#include <chrono>
#include <mutex>

#include "build.hpp"
#include "cache_file.hpp"
#include "pyfe/dlog/dlog.hpp"

namespace pyfe::dlog {
namespace {

struct Open {
    std::mutex mutex;
    std::array<std::shared_ptr<const Table>, kMaxLogEntries + 1> tables;
};

// Never destroyed: a thread may still search while the process ends.
Open& open_tables() {
    static Open* const open = new Open;
    return *open;
}

std::shared_ptr<const Table>& slot_of(Rung rung) { return open_tables().tables[size_t(rung.log_entries)]; }

bool belongs_in_file(Rung rung) { return rung.log_entries > kMaxLogInMemory; }

std::string path_for(Rung rung) {
    const std::string directory = belongs_in_file(rung) ? cache_directory() : std::string();
    return directory.empty() ? std::string() : cache_path(directory, rung);
}

// Once written, the file is mapped, so that processes share one copy.
std::unique_ptr<Table> make_table(Rung rung) {
    const std::string path = path_for(rung);
    if (!path.empty())
        if (auto mapped = map_table(path, rung)) return mapped;
    auto built = build_table(rung);
    if (path.empty() || !write_table(path, *built)) return built;
    auto mapped = map_table(path, rung);
    if (mapped == nullptr) return built;
    mapped->built = true;
    return mapped;
}

}  // namespace

std::shared_ptr<const Table> open_table(Rung rung) {
    const std::lock_guard lock(open_tables().mutex);
    std::shared_ptr<const Table>& slot = slot_of(rung);
    if (slot == nullptr) {
        std::unique_ptr<Table> table = make_table(rung);
        table->steps = giant_steps(rung);
        slot = std::move(table);
    }
    return slot;
}

bool is_open(Rung rung) {
    const std::lock_guard lock(open_tables().mutex);
    return slot_of(rung) != nullptr;
}

void discard_damaged(const std::shared_ptr<const Table>& table) {
    const std::lock_guard lock(open_tables().mutex);
    std::shared_ptr<const Table>& slot = slot_of(table->rung());
    if (slot != table) return;  // another search was first
    remove_file(table->path);
    slot = nullptr;
}

void forget_tables() {
    const std::lock_guard lock(open_tables().mutex);
    open_tables().tables.fill(nullptr);
}

Plan plan(uint64_t width) {
    const Shape s = shape_of(width);
    Plan p{};
    p.table_entries = static_cast<uint64_t>(s.entries);
    p.table_bytes = lines_for(s.rung.log_entries) * sizeof(Line);
    p.steps_worst = static_cast<uint64_t>(2 * s.origins + 1) * (16 * s.blocks + 1);
    std::shared_ptr<const Table> open;
    {
        const std::lock_guard lock(open_tables().mutex);
        open = slot_of(s.rung);
    }
    p.path = open != nullptr ? open->path : path_for(s.rung);
    const bool on_disk = open == nullptr && !p.path.empty() && map_table(p.path, s.rung) != nullptr;
    if (open == nullptr && !on_disk && !cache_writable(cache_directory())) p.path.clear();
    p.ready = open != nullptr || on_disk;
    p.in_memory = p.path.empty();
    return p;
}

Prepared prepare(uint64_t width) {
    const Rung rung = shape_of(width).rung;
    const auto start = std::chrono::steady_clock::now();
    const bool was_open = is_open(rung);
    const std::shared_ptr<const Table> table = open_table(rung);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    return {elapsed.count(), !was_open && table->built, table->path};
}

}  // namespace pyfe::dlog
