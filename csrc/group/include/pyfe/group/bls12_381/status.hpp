// What the decoder says of one encoded point
#pragma once
#include <cstdint>

namespace pyfe::group::bls12_381 {

enum class Status : uint8_t { ok, not_compressed, bad_infinity, not_below_p, not_on_curve, not_in_subgroup };

}  // namespace pyfe::group::bls12_381
