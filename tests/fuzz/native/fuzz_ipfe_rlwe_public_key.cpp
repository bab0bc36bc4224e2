#include "lattices.hpp"
#include "pyfe/ipfe_rlwe/keys.hpp"

namespace pyfe::fuzz {

Bytes decode(View data) { return ipfe_rlwe::MasterPublicKey::from_bytes(data).to_bytes(); }

// None is zero: where a first residue is, it becomes one. Sometimes the last one is a copy of the first.
void repair(Bytes& data) {
    Fields f(data);
    const auto p = lattice_parameters(f, 3);
    const bool twice = f.skip(32)[0] % 8 == 7;
    const std::size_t start = f.at();
    for (std::size_t i = 0; p && i < p->n(); ++i)
        for (const std::uint64_t q : p->primes) {
            std::uint8_t* const packed = residues(f, q);
            if (field_at<std::uint32_t>(packed) == 0) packed[0] = static_cast<std::uint8_t>(2 * i + 2);
        }
    const std::size_t size = p ? (f.at() - start) / p->n() : 0;
    if (twice) std::memmove(data.data() + f.at() - size, data.data() + start, size);
    f.finish();
}

}  // namespace pyfe::fuzz
