#include "pyfe/pairing/pairing.hpp"

#include <algorithm>

#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/base/secret.hpp"
#include "pyfe/pairing/kernels.hpp"

namespace pyfe::pairing {
namespace {

void require_same(size_t a, size_t b) {
    if (a != b)
        fail(ErrorKind::parameter, "pairing: batches of " + std::to_string(a) + " and " + std::to_string(b) +
                                       " points do not match");
}

// The factors of one block of lanes, gathered where the kernel wants them
struct Gathered {
    std::vector<G1Flat> fresh_p, ready_p;
    std::vector<G2Flat> fresh_q;
    std::vector<const PreparedPoint*> ready_q;

    Gathered(std::span<const Factor> factors, size_t block) {
        for (const Factor& f : factors) {
            if (f.ready != nullptr) {
                ready_p.push_back(f.p->blocks[block]);
                ready_q.push_back(f.ready);
            } else {
                fresh_p.push_back(f.p->blocks[block]);
                fresh_q.push_back(f.q->blocks[block]);
            }
        }
    }
};

void miller_loop(const Pairs& fresh, const PreparedPairs& ready, GtBlock* out) {
    SecretVector<G2Block> state(fresh.pairs);
    SecretVector<Scaled> scaled(ready.pairs);
    kernels().miller_loop(&fresh, &ready, state.data(), scaled.data(), out);
}

size_t batch_size(std::span<const Factor> factors) {
    if (factors.empty()) fail(ErrorKind::parameter, "pairing: a product needs a factor");
    for (const Factor& f : factors) {
        require_same(factors[0].p->size, f.p->size);
        f.p->require_backend();
        if (f.ready != nullptr) continue;
        require_same(f.p->size, f.q->size);
        f.q->require_backend();
    }
    return factors[0].p->size;
}

GtElements miller_loops(std::span<const Factor> factors) {
    GtElements f(batch_size(factors));
    parallel_for(f.blocks.size(), [&](size_t b) {
        const Gathered g(factors, b);
        miller_loop({g.fresh_p.data(), g.fresh_q.data(), g.fresh_q.size(), 1},
                    {g.ready_p.data(), g.ready_q.data(), g.ready_q.size(), 1}, &f.blocks[b]);
    });
    return f;
}

template <class Kernel>
void in_blocks(GtElements& f, Kernel kernel) {
    parallel_for(f.blocks.size(), [&](size_t b) { kernel(&f.blocks[b], 1); });
}

}  // namespace

Prepared::Prepared(const G2Points& q) : lines_(q.size) {
    q.require_backend();
    parallel_for(q.blocks.size(), [&](size_t b) {
        kernels().prepare(&q.blocks[b], std::min<size_t>(8, q.size - 8 * b), &lines_[8 * b]);
    });
}

const PreparedPoint& Prepared::at(size_t j) const {
    if (made_by_ != &kernels()) fail(ErrorKind::parameter, "pairing: prepared points of another backend");
    if (j >= lines_.size())
        fail(ErrorKind::parameter,
             "pairing: prepared point " + std::to_string(j) + " of " + std::to_string(lines_.size()));
    return lines_[j];
}

GtElements pair(const G1Points& p, const G2Points& q) {
    const Factor factor{&p, &q, nullptr};
    return multi_pair({&factor, 1});
}

GtElements miller_and_easy_part(std::span<const Factor> factors) {
    GtElements f = miller_loops(factors);
    in_blocks(f, kernels().easy_part);
    return f;
}

void finish(GtElements& f) {
    f.require_backend();
    in_blocks(f, kernels().hard_part);
}

GtElements multi_pair(std::span<const Factor> factors) {
    GtElements f = miller_and_easy_part(factors);
    finish(f);
    return f;
}

// Eight partial products in the lanes, a run of blocks for each thread
GtElements pairing_product(const G1Points& p, const G2Points& q) {
    require_same(p.size, q.size);
    p.require_backend();
    q.require_backend();
    if (p.size == 0) return GtElements::one(1);
    std::vector<G1Flat> padded = p.blocks;
    for (size_t lane = (p.size - 1) % 8 + 1; lane < 8; ++lane) padded.back().infinite[lane] = ~uint64_t{0};
    const size_t runs = std::min<size_t>(num_threads(), padded.size());
    GtElements part(8 * runs);
    parallel_for(runs, [&](size_t r) {
        const size_t first = padded.size() * r / runs, last = padded.size() * (r + 1) / runs;
        miller_loop({&padded[first], &q.blocks[first], last - first, 1}, {nullptr, nullptr, 0, 1},
                    &part.blocks[r]);
    });
    GtElements f = product(part);
    in_blocks(f, kernels().easy_part);
    finish(f);
    return f;
}

}  // namespace pyfe::pairing
