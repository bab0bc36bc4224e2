#pragma once
#include <memory>

#include "table.hpp"

namespace pyfe::dlog {

// The table of a rung, in memory, without its giant steps
std::unique_ptr<Table> build_table(Rung rung);
// The giant steps that go with it
std::vector<group::AffineBlock> giant_steps(Rung rung);

}  // namespace pyfe::dlog
