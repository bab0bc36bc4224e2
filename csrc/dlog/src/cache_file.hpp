// Tables on disk: one header page, then the lines. Written whole under another name, synced, renamed.
#pragma once
#include <memory>
#include <string>

#include "table.hpp"

namespace pyfe::dlog {

// PYFE_CACHE_DIR, else XDG_CACHE_HOME/pyfe, else HOME/.cache/pyfe; empty when none is set
std::string cache_directory();
// Whether it exists and can be written, or could be made
bool cache_writable(const std::string& directory);
// group: the name of one, at most 15 letters; tables of two groups never pass for each other
std::string cache_path(const std::string& directory, const char* group, Rung rung);

// The table, mapped; none when there is no file or its header is not sound. Pages are checked when first
// touched.
std::unique_ptr<Table> map_table(const std::string& path, const char* group, Rung rung);
// False when anything fails; then no trace is left.
bool write_table(const std::string& path, const char* group, const Table& table);
void remove_file(const std::string& path);

}  // namespace pyfe::dlog
