#include "lattices.hpp"
#include "pyfe/ipfe_rlwe/keys.hpp"

namespace pyfe::fuzz {
namespace {

// y within its bound, and at least one weight; then the intervals of these
void functions(Fields& f, const ipfe_rlwe::Parameters& p, std::size_t k) {
    const auto bound = static_cast<std::int64_t>(p.y_bound);
    std::vector<std::int64_t> y(k * p.n());
    for (std::size_t i = 0; i < y.size(); ++i)
        y[i] = within<std::int64_t>(f, i % p.n() == 0 ? 1 : -bound, bound);
    for (std::size_t j = 0; j < k; ++j) {
        const Interval range = result_interval(p, std::span(y).subspan(j * p.n(), p.n()), {});
        f.put(range.lo);
        f.put(range.hi);
    }
}

}  // namespace

Bytes decode(View data) { return ipfe_rlwe::FunctionKey::from_bytes(data).to_bytes(); }

void repair(Bytes& data) {
    Fields f(data);
    const bool has_readout = f.skip(32)[0] % 2 == 1;
    if (has_readout) {
        f.put<std::uint32_t>(0);
        f.put<std::uint8_t>(2);
    }
    const std::uint32_t k = f.small(2);
    const auto p = lattice_parameters(f, 4);
    if (p) functions(f, *p, k);
    if (has_readout) f.readout(k);
    for (std::size_t j = 0; j < k; ++j) {
        f.skip(16);
        const auto width = within<std::uint8_t>(f, 1, 57);
        std::uint8_t* const sk = f.skip(ipfe_rlwe::kRing / 8 * width);
        if (sk[0] % 2 == 0) std::memset(sk, 0, 8);  // the least number of this width
    }
    f.finish();
}

}  // namespace pyfe::fuzz
