#include "pyfe/pairing/gt.hpp"

#include <algorithm>

#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/base/secret.hpp"
#include "pyfe/group/bls12_381/status.hpp"
#include "pyfe/pairing/kernels.hpp"
#include "recode.hpp"

namespace pyfe::pairing {
namespace {

using group::bls12_381::Status;

void require_same(size_t a, size_t b) {
    if (a != b)
        fail(ErrorKind::parameter,
             "GT: batches of " + std::to_string(a) + " and " + std::to_string(b) + " do not match");
}

void require_same(const GtElements& a, const GtElements& b) {
    require_same(a.size, b.size);
    a.require_backend();
    b.require_backend();
}

void copy_element(const GtBlock& from, size_t from_lane, GtBlock& to, size_t to_lane) {
    for (size_t row = 0; row < 96; ++row) to.c[row][to_lane] = from.c[row][from_lane];
}

// The signed digits of an exponent, odd or zero, |d| < 2^(width - 1), lowest first (non-adjacent form of that
// width)
std::vector<int> signed_digits_vartime(int64_t k, int width) {
    std::vector<int> digits;
    auto rest = static_cast<__int128>(k);
    while (rest != 0) {
        int d = 0;
        if (rest % 2 != 0) {
            const int modulus = 1 << width;
            d = static_cast<int>(((rest % modulus) + modulus) % modulus);
            if (d >= modulus / 2) d -= modulus;
        }
        digits.push_back(d);
        rest = (rest - d) / 2;
    }
    return digits;
}

// Straus: one chain of squarings for all bases. Entry j * odd + i is f_j^(2 i + 1).
std::vector<PowerStep> steps_vartime(std::span<const int64_t> row, int width, size_t odd) {
    std::vector<std::vector<int>> digits;
    size_t longest = 0;
    for (const int64_t k : row) {
        digits.push_back(signed_digits_vartime(k, width));
        longest = std::max(longest, digits.back().size());
    }
    std::vector<PowerStep> steps;
    uint32_t squarings = 0;
    for (size_t position = longest; position-- > 0;) {
        for (size_t j = 0; j < row.size(); ++j) {
            const int d = position < digits[j].size() ? digits[j][position] : 0;
            if (d == 0) continue;
            steps.push_back({squarings, static_cast<uint32_t>(j * odd + size_t(std::abs(d)) / 2), d < 0});
            squarings = 0;
        }
        if (position > 0 && !steps.empty()) ++squarings;
    }
    if (squarings > 0) steps.push_back({squarings, kNoEntry, false});
    return steps;
}

// Width of the digits: a table of 2^(w - 2) powers is made once for all rows.
int digit_width(size_t rows) { return rows < 3 ? 3 : rows < 12 ? 4 : 5; }

}  // namespace

GtElements GtElements::decode(std::span<const uint8_t> in, const std::string& what) {
    if (in.size() % bytes != 0)
        fail(ErrorKind::decode, what + ": length " + std::to_string(in.size()) + " is not a multiple of " +
                                    std::to_string(bytes));
    GtElements f(in.size() / bytes);
    std::vector<uint8_t> status(f.size);
    parallel_for(f.blocks.size(), [&](size_t b) {
        kernels().decode(in.data() + 8 * b * bytes, std::min<size_t>(8, f.size - 8 * b), &f.blocks[b],
                         status.data() + 8 * b);
    });
    const auto bad = std::find_if(status.begin(), status.end(), [](uint8_t s) { return s != 0; });
    if (bad != status.end())
        fail(ErrorKind::decode,
             what + ": element " + std::to_string(bad - status.begin()) + " of GT " +
                 (static_cast<Status>(*bad) == Status::not_below_p ? "has a coefficient that is not below p"
                                                                   : "is not in the subgroup of order r"));
    return f;
}

void GtElements::require_backend() const {
    if (made_by != &kernels())
        fail(ErrorKind::parameter, "GT: elements of another backend: encode them there, decode them here");
}

std::vector<uint8_t> GtElements::encode() const {
    require_backend();
    std::vector<uint8_t> out(bytes * size);
    constexpr size_t tile = 512;  // elements between two checkpoints
    parallel_for((size + tile - 1) / tile, [&](size_t t) {
        const size_t first = t * tile;
        kernels().encode(&blocks[first / 8], std::min(tile, size - first), out.data() + bytes * first);
    });
    return out;
}

GtElements GtElements::one(size_t count) {
    GtElements f(count);
    for (GtBlock& block : f.blocks) kernels().one(&block);
    return f;
}

GtElements GtElements::slice(size_t first, ptrdiff_t step, size_t count) const {
    require_backend();
    GtElements out(count);
    for (size_t j = 0; j < out.blocks.size() * 8; ++j) {
        const size_t at = first + std::min(j, count - 1) * static_cast<size_t>(step);
        copy_element(blocks[at / 8], at % 8, out.blocks[j / 8], j % 8);
    }
    return out;
}

GtElements GtElements::concat(std::span<const GtElements* const> parts) {
    size_t total = 0;
    for (const GtElements* part : parts) total += part->size;
    GtElements out(total);
    size_t at = 0;
    for (const GtElements* part : parts) {
        part->require_backend();
        for (size_t j = 0; j < part->size; ++j, ++at)
            copy_element(part->blocks[j / 8], j % 8, out.blocks[at / 8], at % 8);
    }
    for (; at < 8 * out.blocks.size(); ++at)
        copy_element(out.blocks.back(), (total - 1) % 8, out.blocks.back(), at % 8);
    return out;
}

GtElements mul(const GtElements& a, const GtElements& b) {
    require_same(a, b);
    GtElements out(a.size);
    kernels().mul(a.blocks.data(), b.blocks.data(), a.blocks.size(), out.blocks.data());
    return out;
}

GtElements invert(const GtElements& a) {
    a.require_backend();
    GtElements out(a.size);
    kernels().conjugate(a.blocks.data(), a.blocks.size(), out.blocks.data());
    return out;
}

std::vector<uint8_t> equal(const GtElements& a, const GtElements& b) {
    require_same(a, b);
    std::vector<uint8_t> out(8 * a.blocks.size());
    kernels().equal(a.blocks.data(), b.blocks.data(), a.blocks.size(), out.data());
    out.resize(a.size);
    return out;
}

GtElements exponentiate(const GtElements& f, std::span<const Fr> k) {
    require_same(f.size, k.size());
    f.require_backend();
    GtElements out(f.size);
    parallel_for(f.blocks.size(), [&](size_t b) {
        SecretVector<uint8_t> columns(size_t{kColumns + 1} * 8);
        for (size_t lane = 0; lane < 8; ++lane)
            recode_exponent(k[std::min(8 * b + lane, f.size - 1)], columns.data() + lane, 8);
        kernels().exponentiate(&f.blocks[b], columns.data(), 1, &out.blocks[b]);
    });
    return out;
}

std::vector<GtElements> multi_exponentiate_vartime(std::span<const GtElements* const> f,
                                                   std::span<const int64_t> rows) {
    if (f.empty()) fail(ErrorKind::parameter, "GT: a product of powers needs a base");
    if (rows.size() % f.size() != 0)
        fail(ErrorKind::parameter, "GT: " + std::to_string(rows.size()) + " exponents are no whole rows of " +
                                       std::to_string(f.size()));
    for (const GtElements* base : f) require_same(*f[0], *base);
    const size_t count = rows.size() / f.size();
    const int width = digit_width(count);
    const size_t odd = size_t{1} << (width - 2);
    std::vector<std::vector<PowerStep>> steps;
    for (size_t r = 0; r < count; ++r)
        steps.push_back(steps_vartime(rows.subspan(r * f.size(), f.size()), width, odd));
    std::vector<GtElements> out(count, GtElements(f[0]->size));
    parallel_for(f[0]->blocks.size(), [&](size_t b) {
        std::vector<GtBlock> entries(f.size() * odd);
        for (size_t j = 0; j < f.size(); ++j) {
            GtBlock* power = &entries[j * odd];
            GtBlock square;
            power[0] = f[j]->blocks[b];
            kernels().cyclotomic_square(power, 1, &square);
            for (size_t i = 1; i < odd; ++i) kernels().mul(&power[i - 1], &square, 1, &power[i]);
        }
        for (size_t r = 0; r < count; ++r)
            kernels().multi_power_vartime(entries.data(), steps[r].data(), steps[r].size(),
                                          &out[r].blocks[b]);
    });
    return out;
}

GtElements product(const GtElements& f) {
    f.require_backend();
    if (f.size == 0) return GtElements::one(1);
    GtElements padded = f;
    if (f.size % 8 != 0) {
        GtBlock one;
        kernels().one(&one);
        for (size_t row = 0; row < 96; ++row)
            for (size_t lane = f.size % 8; lane < 8; ++lane)
                padded.blocks.back().c[row][lane] = one.c[row][lane];
    }
    for (size_t b = 1; b < padded.blocks.size(); ++b)
        kernels().mul(&padded.blocks[0], &padded.blocks[b], 1, &padded.blocks[0]);
    kernels().fold(&padded.blocks[0]);
    return padded.slice(0, 1, 1);
}

}  // namespace pyfe::pairing
