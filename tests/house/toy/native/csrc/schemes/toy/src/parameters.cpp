#include "pyfe/toy/parameters.hpp"

#include "pyfe/base/error.hpp"

namespace pyfe::toy {

Parameters::Parameters(std::vector<int64_t> lo, std::vector<int64_t> hi, uint64_t bound, const Id& ctx)
    : x{std::move(lo), std::move(hi)}, y_bound(bound), context(ctx) {
    x.require_valid("x");
    if (y_bound == 0 || y_bound > INT64_MAX) fail(ErrorKind::parameter, "toy: y_bound is out of range");
}

void Parameters::write(Writer& out) const {
    out.u32(static_cast<uint32_t>(n()));
    x.write(out);
    out.u64(y_bound).bytes(context);
}

Parameters Parameters::read(Reader& in) {
    Box x = Box::read(in, in.u32("n"));
    const uint64_t bound = in.u64("y_bound");
    const Id context = in.array<32>("context");
    try {
        return {std::move(x.lo), std::move(x.hi), bound, context};
    } catch (const Error& e) {
        fail(ErrorKind::decode, e.what());
    }
}

Id Parameters::id() const {
    Writer w;
    write(w);
    return schemes::tagged_hash("toy-parameters", w.take());
}

}  // namespace pyfe::toy
