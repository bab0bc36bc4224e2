#include "fuzz.hpp"
#include "pyfe/ipfe_ddh/objects.hpp"

namespace pyfe::fuzz {

// What came in is decoded on the spot, a slice of it and a sum of its rows are formed.
Bytes decode(View data) {
    const auto batch = ipfe_ddh::CiphertextBatch::from_bytes(data);
    if (batch.size() > 1 && batch.slice(1, 2).to_bytes().empty()) return {0};
    return batch.to_bytes();
}

void repair(Bytes& data) {
    Fields f(data);
    f.skip(32);
    const std::size_t count = f.at();
    f.skip(8);
    const std::uint32_t n = f.small(6);
    std::uint8_t* combined = f.skip(1);
    *combined &= 1;
    const std::size_t weight = *combined == 1 ? 16 : 0;
    const std::size_t rows = f.items(32 * (n + 2) + weight);
    const std::uint64_t said = rows;
    f.skip(rows * weight);
    f.points(rows * (n + 2), ipfe_ddh::MasterPublicKey::generator_bytes(), 32);
    std::memcpy(data.data() + count, &said, 8);
    f.finish();
}

}  // namespace pyfe::fuzz
