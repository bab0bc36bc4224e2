// Tables on disk: one header page, then the lines. Written whole under another name, synced, renamed; read
// whole into memory of our own, so that nothing that happens to the file afterwards can reach a search.
#pragma once
#include <memory>
#include <string>
#include <variant>

#include "table.hpp"

namespace pyfe::dlog {

// PYFE_CACHE_DIR, else XDG_CACHE_HOME/pyfe, else HOME/.cache/pyfe; empty when none is set
std::string cache_directory();
// Whether it exists and can be written, or could be made
bool cache_writable(const std::string& directory);
// group: the name of one, at most 15 letters; tables of two groups never pass for each other
std::string cache_path(const std::string& directory, const char* group, Rung rung);

// There is no file, or it is damaged or of another version: to be written anew.
struct NoFile {};
// Somebody else could have put it there: not to be used, not to be touched.
struct Distrusted {
    std::string reason;
};

// The table, with the digest that the rung knows
std::variant<std::unique_ptr<Table>, NoFile, Distrusted> read_table(const std::string& path,
                                                                    const char* group, Rung rung);
// Whether there is such a file with a sound header; its pages are not read.
bool file_is_ready(const std::string& path, const char* group, Rung rung);
// Empty, or why it could not be written; then no trace is left.
std::string write_table(const std::string& path, const char* group, const Table& table);

}  // namespace pyfe::dlog
