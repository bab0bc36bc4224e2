// The tables of this process: each opened once, shared by all searches.
#pragma once
#include <memory>

#include "table.hpp"

namespace pyfe::dlog {

// Open already, else mapped from its file, else built and written, else built and kept in memory
std::shared_ptr<const Table> open_table(Rung rung);
bool is_open(Rung rung);
// After DamagedPage: the next open_table builds the file anew.
void discard_damaged(const std::shared_ptr<const Table>& table);

}  // namespace pyfe::dlog
