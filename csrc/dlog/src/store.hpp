// The tables of this process: each opened once, shared by all searches.
#pragma once
#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "build.hpp"
#include "cache_file.hpp"
#include "pyfe/base/guarded.hpp"
#include "pyfe/dlog/dlog.hpp"
#include "shape.hpp"
#include "table.hpp"

namespace pyfe::dlog {

// The path of a rung's cache file; empty for a rung that is kept in memory, or without a cache folder
std::string path_for(const char* group, Rung rung);

// For dlog.hpp's take_notices(); the same words are kept once a process
void give_notice(const std::string& words);

// The tables of all groups. Those that have files take at most 64 MB together: the one that was not used for
// longest goes, for which running searches hold on to it.
class OpenTables {
  public:
    using Found = std::shared_ptr<const Table>;

    template <class Make>
    Found get(const char* group, Rung rung, Make make) {
        return entries_.find_or_make(
            [&](Entries& all) { return find(all, group, rung); }, make,
            [&](Entries& all, Found made) { return keep(all, group, std::move(made)); });
    }
    // The table if it is open
    Found peek(const char* group, Rung rung);
    // How to cut up an interval of this width. Where the ladder's rung has a file, a larger table that is
    // open serves as well.
    Shape shape_for(uint64_t width, const char* group, std::span<const Rung> ladder);
    void forget();

  private:
    struct Entry {
        std::string_view group;
        Found table;
    };
    using Entries = std::vector<Entry>;  // the one used last stands last
    static Found find(Entries& all, const char* group, Rung rung);
    static Found keep(Entries& all, const char* group, Found made);

    Guarded<Entries> entries_;
};
extern OpenTables& open_tables;

// From its file, else built and written, else built and kept in memory
template <class G>
std::shared_ptr<const Table> make_table(const G& group, Rung rung) {
    const std::string path = path_for(G::kName, rung);
    auto file = path.empty() ? NoFile{} : read_table(path, G::kName, rung);
    if (auto* table = std::get_if<std::unique_ptr<Table>>(&file)) return std::move(*table);
    const auto* refused = std::get_if<Distrusted>(&file);
    std::unique_ptr<Table> built = build_table(group, rung);
    if (rung.log_entries <= kMaxLogInMemory) return built;
    const std::string reason = path.empty()         ? "no folder is set; set PYFE_CACHE_DIR"
                               : refused != nullptr ? path + " " + refused->reason
                                                    : write_table(path, G::kName, *built);
    if (reason.empty())
        built->path = path;
    else
        give_notice("the table of small logarithms is kept in memory only, for this process: " +
                    (path.empty() || refused != nullptr ? reason : path + ": " + reason));
    return built;
}

// A table, the same on every backend, and the giant steps in the form of one
template <class G>
struct Opened {
    std::shared_ptr<const Table> table;
    const typename G::Steps& steps;
};

// Of a backend's group and a rung's size: at most 1 MB each
template <class G>
inline Cache<std::pair<const G*, int>, typename G::Steps>& kept_steps =
    *new Cache<std::pair<const G*, int>, typename G::Steps>;

template <class G>
Opened<G> open(const G& group, Rung rung) {
    auto table = open_tables.get(G::kName, rung, [&] { return make_table(group, rung); });
    return {std::move(table),
            kept_steps<G>.get({&group, rung.log_entries}, [&] { return giant_steps(group, rung); })};
}

template <class G>
Plan plan_in(uint64_t width) {
    const Shape s = shape_of(width, G::kLadder);
    const Rung serving = open_tables.shape_for(width, G::kName, G::kLadder).rung;
    Plan p{};
    p.table_entries = static_cast<uint64_t>(s.entries);
    p.table_bytes = lines_for(s.rung.log_entries) * sizeof(Line);
    p.steps_worst = static_cast<uint64_t>(2 * s.origins + 1) * (16 * s.blocks + 1);
    const std::shared_ptr<const Table> open = open_tables.peek(G::kName, serving);
    p.path = open != nullptr ? open->path : path_for(G::kName, s.rung);
    const bool on_disk = open == nullptr && !p.path.empty() && file_is_ready(p.path, G::kName, s.rung);
    if (open == nullptr && !on_disk && !cache_writable(cache_directory())) p.path.clear();
    p.ready = open != nullptr || on_disk;
    p.in_memory = p.path.empty();
    return p;
}

template <class G>
Prepared prepare_in(uint64_t width) {
    const Rung rung = open_tables.shape_for(width, G::kName, G::kLadder).rung;
    const auto start = std::chrono::steady_clock::now();
    const bool was_open = open_tables.peek(G::kName, rung) != nullptr;
    const std::shared_ptr<const Table> table = open(G::active(), rung).table;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    return {elapsed.count(), !was_open && table->built, table->path};
}

}  // namespace pyfe::dlog
