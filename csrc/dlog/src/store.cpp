#include "store.hpp"

#include <algorithm>

namespace pyfe::dlog {
namespace {

constexpr size_t kMostBytes = size_t{64} << 20;

struct Notices {
    std::vector<std::string> waiting, given;
};
Guarded<Notices>& notices = *new Guarded<Notices>;

bool has_file(Rung rung) { return rung.log_entries > kMaxLogInMemory; }

}  // namespace

// Never destroyed: a thread may still search while the process ends.
OpenTables& open_tables = *new OpenTables;

std::string path_for(const char* group, Rung rung) {
    const std::string directory = has_file(rung) ? cache_directory() : std::string();
    return directory.empty() ? std::string() : cache_path(directory, group, rung);
}

void give_notice(const std::string& words) {
    notices.with([&](Notices& n) {
        if (std::ranges::find(n.given, words) != n.given.end()) return;
        n.given.push_back(words);
        n.waiting.push_back(words);
    });
}

std::vector<std::string> take_notices() {
    return notices.with([](Notices& n) { return std::exchange(n.waiting, {}); });
}

OpenTables::Found OpenTables::find(Entries& all, const char* group, Rung rung) {
    const auto at = std::ranges::find_if(all, [&](const Entry& entry) {
        return entry.group == group && entry.table->rung().log_entries == rung.log_entries;
    });
    if (at == all.end()) return nullptr;
    std::rotate(at, at + 1, all.end());
    return all.back().table;
}

OpenTables::Found OpenTables::keep(Entries& all, const char* group, Found made) {
    if (Found first = find(all, group, made->rung())) return first;
    all.push_back({group, made});
    size_t bytes = 0;
    for (size_t at = all.size(); has_file(made->rung()) && at-- > 0;) {
        if (!has_file(all[at].table->rung())) continue;
        bytes += all[at].table->lines().size_bytes();
        if (bytes > kMostBytes) all.erase(all.begin() + static_cast<ptrdiff_t>(at));
    }
    return made;
}

OpenTables::Found OpenTables::peek(const char* group, Rung rung) {
    return entries_.with([&](Entries& all) { return find(all, group, rung); });
}

Shape OpenTables::shape_for(uint64_t width, const char* group, std::span<const Rung> ladder) {
    const Shape shape = shape_of(width, ladder);
    for (size_t at = ladder.size(); has_file(shape.rung) && at-- > 0;)
        if (ladder[at].log_entries > shape.rung.log_entries && peek(group, ladder[at]) != nullptr)
            return shape_of(width, ladder.subspan(at));
    return shape;
}

void OpenTables::forget() {
    entries_.with([](Entries& all) { all.clear(); });
}

}  // namespace pyfe::dlog
