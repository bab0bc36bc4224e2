#include <algorithm>
#include <cstring>

#include "pyfe/base/ctcheck.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/guarded.hpp"
#include "pyfe/dlog/dlog.hpp"
#include "pyfe/ipfe_ddh/objects.hpp"

namespace pyfe::ipfe_ddh {
namespace {

// H = hash-to-group of the empty message: nobody knows its logarithm to the base G.
Bytes make_second_generator() {
    constexpr std::string_view dst = "PYFE-V1-ipfe-ddh-H-ristretto255_XMD:SHA-512_R255MAP_RO_";
    return group::hash_to_group({}, {reinterpret_cast<const uint8_t*>(dst.data()), dst.size()});
}

Cache<char, Bytes>& kept_generators = *new Cache<char, Bytes>;

const Bytes& second_generator() { return kept_generators.get('H', make_second_generator); }

void require_distinct(const Bytes& h) {
    const size_t n = h.size() / kPointSize;
    std::vector<size_t> order(n);
    for (size_t i = 0; i < n; ++i) order[i] = i;
    const auto compare = [&](size_t a, size_t b) {
        return std::memcmp(&h[kPointSize * a], &h[kPointSize * b], kPointSize);
    };
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return compare(a, b) < 0; });
    for (size_t i = 1; i < n; ++i)
        if (compare(order[i - 1], order[i]) == 0)
            fail(ErrorKind::decode, "public key: h_" + std::to_string(std::min(order[i - 1], order[i])) +
                                        " equals h_" + std::to_string(std::max(order[i - 1], order[i])));
}

Scalar read_scalar(Reader& in, const char* field) {
    uint64_t ok;
    const auto bytes = in.bytes(32, field);
    Scalar s = Scalar::from_bytes(bytes.data(), &ok);
    declassify(&ok, sizeof ok);
    if (ok == 0) in.refuse(field, "is not below the group order");
    return s;
}

}  // namespace

Bytes MasterPublicKey::generator_bytes() {
    Bytes both = group::generator_bytes();
    both.insert(both.end(), second_generator().begin(), second_generator().end());
    return both;
}

MasterPublicKey::MasterPublicKey(Parameters p, Bytes h_in)
    : parameters(std::move(p)),
      h_bytes(std::move(h_in)),
      bases(std::make_shared<group::FixedBases>(
          group::PointVector::concat(generators(), group::PointVector::decode(h_bytes, "public key")))) {
    static constexpr std::array<uint8_t, kPointSize> identity{};
    for (size_t i = 0; i < h_bytes.size() / kPointSize; ++i)
        if (std::memcmp(&h_bytes[kPointSize * i], identity.data(), kPointSize) == 0)
            fail(ErrorKind::decode, "public key: h_" + std::to_string(i) + " is the identity");
    require_distinct(h_bytes);
    id = schemes::tagged_hash("PYFE-V1-ipfe-ddh-ristretto255-public-key", to_bytes());
}

Bytes MasterPublicKey::to_bytes() const {
    Writer w;
    parameters.write(w);
    w.bytes(h_bytes);
    return w.take();
}

MasterPublicKey MasterPublicKey::from_bytes(std::span<const uint8_t> data) {
    Reader in(data, "public key");
    Parameters p = Parameters::read(in);
    const auto h = in.bytes(kPointSize * uint64_t{p.n()}, "h");
    in.finish();
    return {std::move(p), Bytes(h.begin(), h.end())};
}

MasterSecretKey::MasterSecretKey(Parameters p, const Id& id, SecretScalars s_in, SecretScalars t_in)
    : parameters(std::move(p)), public_key_id(id), s(std::move(s_in)), t(std::move(t_in)) {}

Bytes MasterSecretKey::to_bytes() const {
    Writer w(64 + 24 * parameters.n() + 64 * parameters.n() + 128);
    parameters.write(w);
    w.bytes(public_key_id);
    SecretVector<uint8_t> bytes(32);
    for (const SecretScalars* v : {&s, &t})
        for (const Scalar& scalar : *v) {
            scalar.to_bytes(bytes.data());
            w.bytes({bytes.data(), 32});
        }
    return w.take();
}

MasterSecretKey MasterSecretKey::from_bytes(std::span<const uint8_t> data) {
    Reader in(data, "master secret key");
    Parameters p = Parameters::read(in);
    const Id id = in.array<32>("public key id");
    in.require_items(p.n(), 64, "scalars");
    SecretScalars s(p.n()), t(p.n());
    for (Scalar& v : s) v = read_scalar(in, "s");
    for (Scalar& v : t) v = read_scalar(in, "t");
    in.finish();
    return {std::move(p), id, std::move(s), std::move(t)};
}

Bytes FunctionKey::to_bytes() const {
    Writer w;
    w.bytes(public_key_id);
    if (readout) w.u32(0).u8(schemes::kLayoutWithReadout);
    w.u32(static_cast<uint32_t>(functions)).u32(static_cast<uint32_t>(n));
    for (const int64_t v : y) w.i64(v);
    for (const Interval& i : intervals) w.i64(i.lo).i64(i.hi);
    if (readout) readout->write(w);
    uint8_t bytes[32];
    for (size_t f = 0; f < functions; ++f)
        for (const PublicScalar* v : {&s[f], &t[f]}) {
            v->value.to_bytes(bytes);
            w.bytes(bytes);
        }
    return w.take();
}

FunctionKey FunctionKey::from_bytes(std::span<const uint8_t> data) {
    Reader in(data, "function key");
    FunctionKey key;
    key.public_key_id = in.array<32>("public key id");
    key.functions = in.u32("functions");
    const bool has_readout = key.functions == 0;
    if (has_readout) {
        schemes::read_layout(in);
        key.functions = in.u32("functions");
    }
    key.n = in.u32("n");
    if (key.functions == 0) in.refuse("functions", "is 0, must be at least 1");
    if (key.n == 0) in.refuse("n", "is 0, must be at least 1");
    in.require_items(uint64_t{key.functions} * key.n, 8, "y");
    key.y.resize(key.functions * key.n);
    for (int64_t& v : key.y) v = in.i64("y");
    in.require_items(key.functions, schemes::kIntervalSize + 2 * kScalarSize, "intervals");
    key.intervals.resize(key.functions);
    for (Interval& i : key.intervals) i = schemes::read_interval(in, dlog::kMaxWidth);
    if (has_readout) key.readout = Readout::read(in, key.intervals);
    for (size_t f = 0; f < key.functions; ++f) {
        key.s.push_back({read_scalar(in, "s_y")});
        key.t.push_back({read_scalar(in, "t_y")});
    }
    in.finish();
    return key;
}

}  // namespace pyfe::ipfe_ddh
