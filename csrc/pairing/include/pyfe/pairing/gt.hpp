// Batches of elements of GT, the subgroup of order r of Fp12. Written multiplicatively.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pyfe/field/fr.hpp"
#include "pyfe/pairing/blocks.hpp"

namespace pyfe::pairing {

using field::bls12_381::Fr;

struct Kernels;
const Kernels& kernels();

// Eight to a block; the last block is padded with any elements of GT.
struct GtElements {
    static constexpr size_t bytes = 576;  // of an encoded element

    std::vector<GtBlock> blocks;
    size_t size = 0;
    const Kernels* made_by = &kernels();  // the backend whose form the blocks have

    // Error(parameter) when another backend is active now
    void require_backend() const;

    GtElements() = default;
    explicit GtElements(size_t count) : blocks((count + 7) / 8), size(count) {}

    // Strict, membership included. Error(decode) naming `what`, the index of the first bad element and what
    // is wrong.
    static GtElements decode(std::span<const uint8_t> in, const std::string& what);
    std::vector<uint8_t> encode() const;
    static GtElements one(size_t count);
    // Elements first, first + step, .. : `count` of them
    GtElements slice(size_t first, ptrdiff_t step, size_t count) const;
    static GtElements concat(std::span<const GtElements* const> parts);
};

GtElements mul(const GtElements& a, const GtElements& b);
GtElements invert(const GtElements& a);
std::vector<uint8_t> equal(const GtElements& a, const GtElements& b);
// f_j^k_j. Constant-time in k and f.
GtElements exponentiate(const GtElements& f, std::span<const Fr> k);
// For every row of `count` exponents: the product over j of f_j^(row[j]), lane by lane, where all f_j have
// the same size. Powers of the f_j are shared by the rows. The exponents are public.
std::vector<GtElements> multi_exponentiate_vartime(std::span<const GtElements* const> f,
                                                   std::span<const int64_t> rows);
// The product of all elements
GtElements product(const GtElements& f);

}  // namespace pyfe::pairing
