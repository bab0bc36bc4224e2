// The tables of this process: each opened once, shared by all searches.
#pragma once
#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "build.hpp"
#include "cache_file.hpp"
#include "pyfe/dlog/dlog.hpp"
#include "shape.hpp"
#include "table.hpp"

namespace pyfe::dlog {

// The path of a rung's cache file; empty for a rung that is kept in memory, or without a cache folder
inline std::string path_for(const char* group, Rung rung) {
    const bool belongs_in_file = rung.log_entries > kMaxLogInMemory;
    const std::string directory = belongs_in_file ? cache_directory() : std::string();
    return directory.empty() ? std::string() : cache_path(directory, group, rung);
}

// A table, the same on every backend, and the giant steps in the form of one
template <class G>
struct Opened {
    const G* group;
    std::shared_ptr<const Table> table;
    std::shared_ptr<const typename G::Steps> steps;
};

template <class G>
class Store {
  public:
    // Never destroyed: a thread may still search while the process ends.
    static Store& instance() {
        static Store* const store = new Store;
        return *store;
    }

    // Open already, else mapped from its file, else built and written, else built and kept in memory
    Opened<G> open(const G& group, Rung rung) {
        const std::lock_guard lock(mutex_);
        Opened<G>& slot = slots_[size_t(rung.log_entries)];
        if (slot.table == nullptr) slot.table = make_table(group, rung);
        if (slot.steps == nullptr || slot.group != &group)
            slot.steps = std::make_shared<typename G::Steps>(giant_steps(group, rung));
        slot.group = &group;
        return slot;
    }
    // The table if it is open
    std::shared_ptr<const Table> peek(Rung rung) {
        const std::lock_guard lock(mutex_);
        return slots_[size_t(rung.log_entries)].table;
    }
    // After DamagedPage: the next open() builds the file anew.
    void discard_damaged(const std::shared_ptr<const Table>& table) {
        const std::lock_guard lock(mutex_);
        std::shared_ptr<const Table>& slot = slots_[size_t(table->rung().log_entries)].table;
        if (slot != table) return;  // another search was first
        remove_file(table->path);
        slot = nullptr;
    }
    void forget() {
        const std::lock_guard lock(mutex_);
        slots_.fill({});
    }

  private:
    // Once written, the file is mapped, so that processes share one copy.
    static std::unique_ptr<Table> make_table(const G& group, Rung rung) {
        const std::string path = path_for(G::kName, rung);
        if (!path.empty())
            if (auto mapped = map_table(path, G::kName, rung)) return mapped;
        auto built = build_table(group, rung);
        if (path.empty() || !write_table(path, G::kName, *built)) return built;
        auto mapped = map_table(path, G::kName, rung);
        if (mapped == nullptr) return built;
        mapped->built = true;
        return mapped;
    }

    std::mutex mutex_;
    std::array<Opened<G>, kMaxLogEntries + 1> slots_;
};

template <class G>
Plan plan_in(uint64_t width) {
    const Shape s = shape_of(width, G::kLadder);
    Plan p{};
    p.table_entries = static_cast<uint64_t>(s.entries);
    p.table_bytes = lines_for(s.rung.log_entries) * sizeof(Line);
    p.steps_worst = static_cast<uint64_t>(2 * s.origins + 1) * (16 * s.blocks + 1);
    const std::shared_ptr<const Table> open = Store<G>::instance().peek(s.rung);
    p.path = open != nullptr ? open->path : path_for(G::kName, s.rung);
    const bool on_disk = open == nullptr && !p.path.empty() && map_table(p.path, G::kName, s.rung) != nullptr;
    if (open == nullptr && !on_disk && !cache_writable(cache_directory())) p.path.clear();
    p.ready = open != nullptr || on_disk;
    p.in_memory = p.path.empty();
    return p;
}

template <class G>
Prepared prepare_in(uint64_t width) {
    const Rung rung = shape_of(width, G::kLadder).rung;
    const auto start = std::chrono::steady_clock::now();
    const bool was_open = Store<G>::instance().peek(rung) != nullptr;
    const std::shared_ptr<const Table> table = Store<G>::instance().open(G::active(), rung).table;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    return {elapsed.count(), !was_open && table->built, table->path};
}

}  // namespace pyfe::dlog
