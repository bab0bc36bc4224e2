// Decryption: everything that the page's "A refusal is an answer" asks for. Vartime in public inputs; what is
// refused takes the time that what is accepted takes.
#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <set>

#include "decide.hpp"
#include "fractions.hpp"
#include "pyfe/base/ct.hpp"
#include "pyfe/base/ctcheck.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/ipfe_rlwe/scheme.hpp"
#include "tiles.hpp"

namespace pyfe::ipfe_rlwe {
namespace {

__extension__ using int128 = __int128;

// Those of all keys, one key's after the other's
struct Functions {
    const Parameters& parameters;
    std::vector<int64_t> y;             // [functions][n]
    std::vector<const Polynomial*> sk;  // of each, in the transform domain

    explicit Functions(Keys keys) : parameters(keys[0]->parameters) {
        for (const FunctionKey* key : keys) {
            y.insert(y.end(), key->y.begin(), key->y.end());
            for (const Polynomial& each : key->prepared().sk) sk.push_back(&each);
        }
    }
    size_t size() const { return sk.size(); }
    const int64_t* from(size_t f) const { return &y[f * parameters.n()]; }
};

constexpr size_t kFunctionsTogether = 16;  // bounds the memory of a block
constexpr size_t kTasksAThread = 4;

// By Newton's iteration, from three right bits on
uint64_t inverse_of_odd(uint64_t g) {
    uint64_t x = g;
    for (int i = 0; i < 5; ++i) x *= 2 - g * x;
    return x;
}

void set_multiples(Decision<int128>& d, std::span<const int64_t> y) {
    uint64_t divisor = 0;
    for (const int64_t v : y) divisor = std::gcd(divisor, schemes::magnitude(v));
    const int twos = std::countr_zero(divisor);
    const auto g = static_cast<int64_t>(divisor >> twos);
    d.inverse = inverse_of_odd(static_cast<uint64_t>(g));
    d.multiples_lo = d.lo / g, d.multiples_hi = d.hi / g;  // without a rest
    d.twos = (uint64_t{1} << twos) - 1;
}

// ceil(a / K)
int128 ceiling(int128 a, int128 K) { return a >= 0 ? (a + K - 1) / K : -(-a / K); }

Decision<int128> decision_of(const FunctionKey& sk, size_t f, const Weights& weights) {
    const Parameters& p = sk.parameters;
    const Interval range = result_interval(p, sk.function(f), weights);
    Decision<int128> d{static_cast<int128>(p.K), p.b, 0, 0, range.lo, range.hi};
    d.limit = static_cast<int128>(residual_limit(p, sk.margin(f, weights)));
    // v is at most K / 2: ceil((L - v) / K) is this number there, and this or one more below
    d.turns = ceiling(range.lo - d.K / 2, d.K) * d.K;
    set_multiples(d, sk.function(f));
    return d;
}

// The sums of one function and tile in one word or two
struct Sums {
    const uint64_t *low, *high;
};

bool decide_tile(const Decision<int128>& d, unsigned K_bits, const Sums& sums, const Sums& z, size_t occupied,
                 int64_t* results) {
    if (K_bits + d.b <= 62) {
        const Decision<int64_t> narrow{static_cast<int64_t>(d.K),
                                       d.b,
                                       static_cast<int64_t>(d.limit),
                                       static_cast<int64_t>(d.turns),
                                       d.lo,
                                       d.hi,
                                       d.inverse,
                                       d.multiples_lo,
                                       d.multiples_hi,
                                       d.twos};
        return kernels().decide(narrow, sums.low, z.low, occupied, results);
    }
    uint128 wide_sums[kTileWords], wide_z[kTileWords];
    for (size_t j = 0; j < kTileWords; ++j) {
        wide_sums[j] = uint128{d.b > 64 ? sums.high[j] : 0} << 64 | sums.low[j];
        wide_z[j] = uint128{d.b > 64 ? z.high[j] : 0} << 64 | z.low[j];
    }
    return decide<int128, uint128>(d, wide_sums, wide_z, occupied, results);
}

using Blocks = std::vector<const Block*>;

// Decisions of all functions, for the weights of each block
class Decisions {
  public:
    Decisions(Keys keys, const Blocks& blocks) {
        for (const Block* const block : blocks) {
            auto known = std::ranges::find(weights_, block->weights);
            of_block_.push_back(static_cast<size_t>(known - weights_.begin()));
            if (known != weights_.end()) continue;
            weights_.push_back(block->weights);
            std::vector<Decision<int128>>& all = all_.emplace_back();
            for (const FunctionKey* key : keys)
                for (size_t f = 0; f < key->functions; ++f)
                    all.push_back(decision_of(*key, f, block->weights));
        }
    }
    const std::vector<Decision<int128>>& of(size_t block) const { return all_[of_block_[block]]; }

  private:
    std::vector<Weights> weights_;
    std::vector<std::vector<Decision<int128>>> all_;
    std::vector<size_t> of_block_;
};

// Where the rows of a block go
struct Target {
    uint32_t first, rows;
    size_t row;
};

// One ciphertext after the other under all functions. w and z are as secret as the key: they stay in its
// memory, and are wiped.
class Opening {
  public:
    Opening(const Functions& functions, const ring::Basis& basis, const FractionShape& fractions,
            const Shape& shape)
        : functions_(functions),
          basis_(basis),
          fractions_(fractions),
          shape_(shape),
          two_(shape.b > 64),
          together_(std::min(kFunctionsTogether, functions.size())),
          ct0_(basis.words()),
          product_(basis.words()),
          z_low_(together_ * kRing),
          z_high_(two_ ? together_ * kRing : 0),
          low_(together_ * kTileWords),
          high_(together_ * kTileWords),
          last_(shape.tile_size() + kReadBeyond) {}

    // z[row][function] for the rows of the targets; whether the ciphertext has to be refused
    bool run(const Block& block, const std::vector<Decision<int128>>& decisions,
             const std::vector<Target>& targets, int64_t* z) {
        basis_.unpack(block.bytes.span().first(shape_.shared_size()), ct0_.data());
        std::ranges::copy(block.bytes.span().last(shape_.tile_size()), last_.begin());
        bool wrong = false;
        for (size_t f = 0; f < functions_.size(); f += together_) {
            const size_t some = std::min(together_, functions_.size() - f);
            for (size_t g = 0; g < some; ++g) round_product(block, f + g, g);
            for (size_t tile = 0; tile < tiles_for(block.count); ++tile) {
                checkpoint();
                wrong |= open_tile(block, tile, f, some, decisions, targets, z);
                block.bytes.let_go(shape_.shared_size() + tile * shape_.tile_size(), shape_.tile_size());
            }
        }
        return wrong;
    }

  private:
    // z = round(2^b ct_0 sk_y / q)
    void round_product(const Block& block, size_t f, size_t g) {
        checkpoint();
        basis_.mul(ct0_.data(), functions_.sk[f]->data(), product_.data());
        basis_.inverse(product_.data());
        kernels().compress(fractions_, product_.data(), kRing, block.slots(), &z_low_[g * kRing],
                           two_ ? &z_high_[g * kRing] : nullptr);
    }

    bool open_tile(const Block& block, size_t tile, size_t f, size_t some,
                   const std::vector<Decision<int128>>& decisions, const std::vector<Target>& targets,
                   int64_t* z) {
        const bool last = tile + 1 == tiles_for(block.count);
        const uint8_t* const columns =
            last ? last_.data() : &block.bytes.span()[shape_.shared_size() + tile * shape_.tile_size()];
        kernels().dot_vartime(shape_.b, columns, shape_.n, functions_.from(f), some, low_.data(),
                              high_.data());
        const size_t first = tile * kTile, occupied = std::min<size_t>(kTile, block.count - first);
        const auto K_bits = static_cast<unsigned>(Integer::of(functions_.parameters.K).bit_length());
        bool wrong = false;
        for (size_t g = 0; g < some; ++g) {
            int64_t results[kTileWords];
            wrong |= decide_tile(decisions[f + g], K_bits, {&low_[g * kTileWords], &high_[g * kTileWords]},
                                 {&z_low_[g * kRing + first], two_ ? &z_high_[g * kRing + first] : nullptr},
                                 occupied, results);
            for (const Target& t : targets) {
                const size_t from = std::max<size_t>(first, t.first),
                             to = std::min<size_t>(first + kTile, t.first + t.rows);
                for (size_t slot = from; slot < to; ++slot)
                    z[(t.row + slot - t.first) * functions_.size() + f + g] = results[slot - first];
            }
        }
        return wrong;
    }

    const Functions& functions_;
    const ring::Basis& basis_;
    const FractionShape& fractions_;
    const Shape& shape_;
    const bool two_;         // limbs
    const size_t together_;  // functions
    SecretPolynomial ct0_, product_;
    SecretVector<uint64_t> z_low_, z_high_, low_, high_;
    std::vector<uint8_t> last_;  // the last tile, with room behind it
};

// What is opened: the ciphertexts of the batch, and every other one that its sums are made of, unless every
// key accepted it before: the interval of a sum is so wide that one malformed summand takes sk_y away
// unnoticed
Blocks opened_with(Keys keys, const CiphertextBatch& ct) {
    Blocks out;
    for (const auto& block : ct.blocks()) out.push_back(block.get());
    std::set<const Block*> there(out.begin(), out.end());
    const auto accepted = [&](const Block& source) {
        return std::ranges::all_of(
            keys, [&](const FunctionKey* key) { return source.accepted->by(key->once.identity()); });
    };
    for (const auto& block : ct.blocks())
        for (const auto& source : block->sources.blocks)
            if (!accepted(*source) && there.insert(source.get()).second) out.push_back(source.get());
    return out;
}

// Of every block that is opened; the results of a summand go nowhere
std::vector<std::vector<Target>> targets_of(const CiphertextBatch& ct, size_t opened) {
    std::vector<std::vector<Target>> out(opened);
    size_t row = 0;
    for (const CiphertextBatch::Range& range : ct.ranges()) {
        out[range.block].push_back({range.first, range.rows, row});
        row += range.rows;
    }
    return out;
}

}  // namespace

void decrypt_vartime(Keys keys, const CiphertextBatch& ct, int64_t* z) {
    if (keys.empty()) fail(ErrorKind::parameter, "there is no key");
    for (const FunctionKey* key : keys) {
        if (key->public_key_id != ct.public_key_id())
            fail(ErrorKind::key_mismatch,
                 "the function key and the ciphertexts are under different public keys");
        if (Shape::of(key->parameters) != ct.shape() || key->parameters.id() != keys[0]->parameters.id())
            fail(ErrorKind::key_mismatch, "the function key and the ciphertexts have different parameters");
    }
    if (!ct.formed())
        fail(ErrorKind::parameter,
             "decrypt: a sum that came as bytes, and nobody vouches for it; form sums where they are "
             "decrypted");
    const Blocks opened = opened_with(keys, ct);
    const Decisions decisions(keys, opened);  // refuses weights, and keys that are too noisy, before any work
    const Functions functions(keys);
    const ring::Basis basis(functions.parameters.primes, kLogRing);
    const FractionShape fractions = fraction_shape(functions.parameters);
    const std::vector<std::vector<Target>> targets = targets_of(ct, opened.size());
    std::vector<uint8_t> wrong(opened.size());
    const size_t tasks = std::min<size_t>(wrong.size(), kTasksAThread * num_threads());
    parallel_for(tasks, [&](size_t task) {
        const StackGuard wiped;
        Opening opening(functions, basis, fractions, ct.shape());
        for (size_t j = task; j < wrong.size(); j += tasks)
            wrong[j] = opening.run(*opened[j], decisions.of(j), targets[j], z);
    });
    declassify(wrong.data(), wrong.size());  // the answer
    if (std::ranges::count(wrong, 0) == static_cast<ptrdiff_t>(wrong.size())) {
        for (const Block* const block : opened)
            for (const FunctionKey* key : keys) block->accepted->add(key->once.identity());
        return;
    }
    std::fill_n(z, ct.size() * functions.size(), 0);
    fail(ErrorKind::refused,
         "refused: these ciphertexts are not what encryption under this public key gives, or were changed");
}

void decrypt_vartime(const FunctionKey& sk, const CiphertextBatch& ct, int64_t* z) {
    const FunctionKey* const one[] = {&sk};
    decrypt_vartime(one, ct, z);
}

}  // namespace pyfe::ipfe_rlwe
