#include "gt.hpp"

#include <algorithm>

#include "pyfe/base/dispatch.hpp"
#include "pyfe/group/bls12_381/points.hpp"
#include "pyfe/pairing/pairing.hpp"

namespace pyfe::dlog {
namespace {

// In every lane
GtBlock base() {
    return pairing::pair(group::bls12_381::G1Points::generator(8), group::bls12_381::G2Points::generator(8))
        .blocks[0];
}

bool same_integer(const FpConstant& a, const FpConstant& b) { return std::equal(a.word, a.word + 6, b.word); }

}  // namespace

const Gt& Gt::active() {
    const Kernels& k = kernels();
    return once_a_backend<Gt>(k, [&] { return Gt(k); });
}

Gt::Gt(const Kernels& k) : k_(k), ops_{&pairing::kernels()}, fixed_(ops_, base()) {}

Gt::Targets::Targets(const Gt& group, const Block* in, size_t count) : at_(count) {
    group.k_.gt_targets(in, count, at_.data());
}

bool Gt::Targets::is_identity(size_t t) const {
    const FpConstant zero{}, one{{1}, {1}};
    bool is = same_integer(at_[t].a[0], one);
    for (size_t i = 1; i < 12 && is; ++i) is = same_integer(at_[t].a[i], zero);
    return is;
}

bool Gt::Targets::same(size_t t, const Targets& other, size_t o) const {
    return std::equal(at_[t].a, at_[t].a + 12, other.at_[o].a, same_integer);
}

Gt::Steps Gt::steps(const std::vector<Block>& elements) const {
    Steps out(elements.size());
    k_.gt_steps(elements.data(), elements.size(), out.data());
    return out;
}

bool Gt::sweep_vartime(const SweepUnit* units, size_t count, const Targets& targets, const Steps& steps,
                       KeyRow* keys, Scratch& /*scratch*/) const {
    return k_.gt_sweep_vartime(units, count, targets.data(), steps.data(), &keys->key) != 0;
}

}  // namespace pyfe::dlog
