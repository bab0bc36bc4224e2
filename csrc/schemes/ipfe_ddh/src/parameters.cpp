#include "pyfe/base/error.hpp"
#include "pyfe/hash/sha256.hpp"
#include "pyfe/ipfe_ddh/objects.hpp"

namespace pyfe::ipfe_ddh {

Id tagged_hash(std::string_view tag, std::span<const uint8_t> data) {
    Writer w;
    w.u32(static_cast<uint32_t>(tag.size()));
    w.bytes({reinterpret_cast<const uint8_t*>(tag.data()), tag.size()});
    w.bytes(data);
    return sha256(w.take());
}

Parameters::Parameters(std::vector<int64_t> lo, std::vector<int64_t> hi, uint64_t bound, const Id& ctx)
    : x_lo(std::move(lo)), x_hi(std::move(hi)), y_bound(bound), context(ctx) {
    if (x_lo.empty()) fail(ErrorKind::parameter, "parameters: n is 0, must be at least 1");
    if (x_lo.size() > UINT32_MAX) fail(ErrorKind::parameter, "parameters: n does not fit in 32 bits");
    if (x_hi.size() != x_lo.size())
        fail(ErrorKind::parameter, "parameters: x_lo has " + std::to_string(x_lo.size()) + " entries, x_hi " +
                                       std::to_string(x_hi.size()));
    for (size_t i = 0; i < x_lo.size(); ++i)
        if (x_lo[i] > x_hi[i])
            fail(ErrorKind::parameter, "parameters: coordinate " + std::to_string(i) +
                                           ": x_lo = " + std::to_string(x_lo[i]) +
                                           " exceeds x_hi = " + std::to_string(x_hi[i]));
    if (y_bound == 0 || y_bound > INT64_MAX)
        fail(ErrorKind::parameter,
             "parameters: y_bound = " + std::to_string(y_bound) + " is not in 1 .. 2^63 - 1");
}

void Parameters::write(Writer& out) const {
    out.u32(static_cast<uint32_t>(n()));
    for (const int64_t v : x_lo) out.i64(v);
    for (const int64_t v : x_hi) out.i64(v);
    out.u64(y_bound);
    out.bytes(context);
}

Parameters Parameters::read(Reader& in) {
    const uint32_t n = in.u32("n");
    in.require_items(n, 16, "bounds");
    std::vector<int64_t> lo(n), hi(n);
    for (int64_t& v : lo) v = in.i64("x_lo");
    for (int64_t& v : hi) v = in.i64("x_hi");
    const uint64_t bound = in.u64("y_bound");
    const Id context = in.array<32>("context");
    try {
        return {std::move(lo), std::move(hi), bound, context};
    } catch (const Error& e) {
        fail(ErrorKind::decode, e.what());
    }
}

Id Parameters::id() const {
    Writer w;
    write(w);
    return tagged_hash("PYFE-V1-ipfe-ddh-ristretto255-parameters", w.take());
}

}  // namespace pyfe::ipfe_ddh
