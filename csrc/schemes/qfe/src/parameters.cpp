#include "pyfe/qfe/parameters.hpp"

#include "pyfe/base/error.hpp"

namespace pyfe::qfe {

Parameters::Parameters(uint32_t dimension, Box x_box, Box y_box, uint64_t bound, const Id& ctx)
    : k(dimension),
      square(y_box.lo.empty() && y_box.hi.empty()),
      x(std::move(x_box)),
      f_bound(bound),
      context(ctx) {
    if (k != 1 && k != 3)  // k = 2 has a proof on doubled vectors only, at a higher price than k = 3
        fail(ErrorKind::parameter, "parameters: k = " + std::to_string(k) + " is neither 1 nor 3");
    x.require_valid("x");
    y = square ? x : std::move(y_box);
    y.require_valid("y");
    if (f_bound == 0 || f_bound > INT64_MAX)
        fail(ErrorKind::parameter,
             "parameters: f_bound = " + std::to_string(f_bound) + " is not in 1 .. 2^63 - 1");
}

std::string Parameters::scheme() const { return k == 1 ? "qfe-ggm-bls12381" : "qfe-sxdh-bls12381"; }

void Parameters::write(Writer& out) const {
    out.u8(static_cast<uint8_t>(k)).u8(square);
    out.u32(static_cast<uint32_t>(n())).u32(static_cast<uint32_t>(m()));
    x.write(out);
    if (!square) y.write(out);
    out.u64(f_bound).bytes(context);
}

Parameters Parameters::read(Reader& in) {
    const uint8_t k = in.u8("k"), square = in.u8("square");
    if (square > 1) in.refuse("square", "must be 0 or 1");
    const uint32_t n = in.u32("n"), m = in.u32("m");
    if (n == 0 || m == 0 || (square == 1 && m != n)) in.refuse("m", "does not go with n");
    Box x = Box::read(in, n), y = square == 1 ? Box{} : Box::read(in, m);
    const uint64_t bound = in.u64("f_bound");
    const Id context = in.array<32>("context");
    try {
        return {k, std::move(x), std::move(y), bound, context};
    } catch (const Error& e) {
        fail(ErrorKind::decode, e.what());
    }
}

Id Parameters::id() const {
    Writer w;
    write(w);
    return schemes::tagged_hash(tag("parameters"), w.take());
}

}  // namespace pyfe::qfe
