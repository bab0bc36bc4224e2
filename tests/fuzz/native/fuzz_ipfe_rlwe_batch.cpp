#include "lattices.hpp"
#include "pyfe/ipfe_rlwe/ciphertext.hpp"

namespace pyfe::fuzz {
namespace {

using ipfe_rlwe::CiphertextBatch;

struct Kept {
    std::uint32_t n;
    std::size_t b;
    std::vector<std::uint64_t> primes;
};

// Ascending primes of the pool, each the least one that is not below what stands there
std::vector<std::uint64_t> primes(Fields& f, std::size_t k) {
    const std::vector<std::uint64_t>& pool = ring_primes();
    std::vector<std::uint64_t> out;
    std::size_t next = 0;
    for (std::size_t j = 0; j < k; ++j) {
        std::uint8_t* const field = f.skip(8);
        const auto found = std::ranges::lower_bound(pool, field_at<std::uint64_t>(field)) - pool.begin();
        const std::size_t chosen =
            std::clamp<std::size_t>(static_cast<std::size_t>(found), next, pool.size() - k + j);
        std::memcpy(field, &pool[chosen], 8);
        out.push_back(pool[chosen]);
        next = chosen + 1;
    }
    return out;
}

Kept shape(Fields& f, std::uint64_t& sum_w) {
    Kept s{f.small(3), 0, {}};
    f.put<std::uint8_t>(ipfe_rlwe::kLogRing);
    std::uint8_t* const b = f.skip(1);
    *b = static_cast<std::uint8_t>(4 * ((*b / 4 + 27) % 28 + 1));
    s.b = *b;
    s.primes = primes(f, within<std::uint8_t>(f, 1, 3));
    sum_w = within<std::uint64_t>(f, 1, 9);
    return s;
}

// W1 of 1 to sum_w in two parts, W2 of W1 to W1^2
void weights(Fields& f, std::uint64_t sum_w) {
    const auto positive = within<std::uint64_t>(f, 0, sum_w);
    const auto negative = within<std::uint64_t>(f, positive == 0 ? 1 : 0, sum_w - positive),
               all = positive + negative;
    within<std::uint64_t>(f, all, all * all);
    f.put<std::uint64_t>(0);
}

}  // namespace

// What came in is decoded on the spot; a slice of it, a join with itself and a sum are formed.
Bytes decode(View data) {
    const auto batch = CiphertextBatch::from_bytes(data);
    const CiphertextBatch part = batch.slice(batch.size() / 2, batch.size());
    if (CiphertextBatch::concat({&part, &batch}).size() != batch.size() + part.size()) return {0};
    if (!batch.combined() && batch.shape().sum_w > 1) {
        const auto sum = CiphertextBatch::combine_vartime({&batch, &batch}, std::vector<std::int64_t>{1, -1});
        if (CiphertextBatch::from_bytes(sum.to_bytes()).size() != batch.size()) return {0};
    }
    return batch.to_bytes();
}

void repair(Bytes& data) {
    Fields f(data);
    f.skip(32);
    std::uint64_t sum_w = 1;
    const Kept s = shape(f, sum_w);
    std::uint8_t* const combined = f.skip(1);
    *combined &= 1;
    const bool is_sum = *combined == 1;
    const std::uint32_t blocks = f.small(2), ranges = std::max(f.small(3), blocks);
    std::memcpy(data.data() + f.at() - 4, &ranges, 4);
    std::vector<std::uint32_t> counts;
    for (std::uint32_t j = 0; j < blocks; ++j) {
        counts.push_back(f.small(130));
        if (is_sum) weights(f, sum_w);
    }
    for (std::uint32_t j = 0; j < ranges; ++j) {  // the first ones in the order of the blocks
        const std::uint32_t block = j < blocks ? j : (j - blocks) % blocks;
        f.put(block);
        const auto first = within<std::uint32_t>(f, 0, counts[block] - 1);
        within<std::uint32_t>(f, 1, counts[block] - first);
    }
    for (const std::uint32_t count : counts) {
        for (const std::uint64_t q : s.primes) residues(f, q);
        f.skip((count + 63) / 64 * s.n * 8 * s.b);
    }
    f.finish();
}

}  // namespace pyfe::fuzz
