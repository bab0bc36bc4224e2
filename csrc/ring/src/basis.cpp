#include "pyfe/ring/basis.hpp"

#include <string>

#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/ring/packing.hpp"

namespace pyfe::ring {

Basis::Basis(std::span<const std::uint64_t> primes, int log_n) {
    if (primes.empty()) fail(ErrorKind::parameter, "ring: no prime is given");
    for (std::size_t j = 0; j < primes.size(); ++j) {
        if (j > 0 && primes[j - 1] >= primes[j])
            fail(ErrorKind::parameter, "ring: the primes " + std::to_string(primes[j - 1]) + " and " +
                                           std::to_string(primes[j]) + " do not ascend");
        limbs_.emplace_back(primes[j], log_n);
    }
}

void Basis::forward(std::uint64_t* a, std::size_t batch) const {
    parallel_for(batch * size(), [&](std::size_t i) { limbs_[i % size()].forward(a + i * n()); });
}

void Basis::inverse(std::uint64_t* a, std::size_t batch) const {
    parallel_for(batch * size(), [&](std::size_t i) { limbs_[i % size()].inverse(a + i * n()); });
}

void Basis::add(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const {
    each([&](const Ntt& limb, std::size_t at) { limb.add(a + at, b + at, out + at); });
}

void Basis::sub(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const {
    each([&](const Ntt& limb, std::size_t at) { limb.sub(a + at, b + at, out + at); });
}

void Basis::negate(const std::uint64_t* a, std::uint64_t* out) const {
    each([&](const Ntt& limb, std::size_t at) { limb.negate(a + at, out + at); });
}

void Basis::mul(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const {
    each([&](const Ntt& limb, std::size_t at) { limb.mul(a + at, b + at, out + at); });
}

void Basis::mul_add(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* sum) const {
    each([&](const Ntt& limb, std::size_t at) { limb.mul_add(a + at, b + at, sum + at); });
}

void Basis::scale(std::int64_t c, const std::uint64_t* a, std::uint64_t* out) const {
    each([&](const Ntt& limb, std::size_t at) { limb.scale(c, a + at, out + at); });
}

void Basis::scale_add(std::int64_t c, const std::uint64_t* a, std::uint64_t* sum) const {
    each([&](const Ntt& limb, std::size_t at) { limb.scale_add(c, a + at, sum + at); });
}

void Basis::from_signed(const std::int64_t* z, std::uint64_t* out) const {
    each([&](const Ntt& limb, std::size_t at) { limb.from_signed(z, out + at); });
}

std::size_t Basis::packed_size() const {
    std::size_t size = 0;
    for (const Ntt& limb : limbs_) size += ring::packed_size(limb.modulus(), n());
    return size;
}

void Basis::pack(const std::uint64_t* a, std::uint8_t* out) const {
    each([&](const Ntt& limb, std::size_t at) {
        ring::pack(limb.modulus(), a + at, n(), out);
        out += ring::packed_size(limb.modulus(), n());
    });
}

void Basis::unpack(std::span<const std::uint8_t> bytes, std::uint64_t* out) const {
    if (bytes.size() != packed_size())
        fail(ErrorKind::decode, "ring: a polynomial of " + std::to_string(size()) + " x " +
                                    std::to_string(n()) + " residues has " + std::to_string(packed_size()) +
                                    " bytes, not " + std::to_string(bytes.size()));
    each([&](const Ntt& limb, std::size_t at) {
        const std::size_t part = ring::packed_size(limb.modulus(), n());
        ring::unpack(limb.modulus(), bytes.first(part), n(), out + at);
        bytes = bytes.subspan(part);
    });
}

}  // namespace pyfe::ring
