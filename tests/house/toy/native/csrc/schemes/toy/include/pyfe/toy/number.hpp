// Integers modulo p = 2^127 - 1, 16 canonical bytes each.
#pragma once
#include <cstdint>
#include <string_view>

#include "pyfe/codec/reader.hpp"
#include "pyfe/codec/writer.hpp"
#include "pyfe/random/random.hpp"

namespace pyfe::toy {

__extension__ using Number = unsigned __int128;
constexpr Number kPrime = (Number{1} << 127) - 1;

Number add(Number a, Number b);
Number subtract(Number a, Number b);
Number multiply(Number a, Number b);
Number from_int64(int64_t v);
Number draw(Random& random);

void write(Writer& out, Number a);
Number read(Reader& in, std::string_view field);

}  // namespace pyfe::toy
