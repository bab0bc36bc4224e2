#include <algorithm>
#include <map>

#include "pyfe/base/ctcheck.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/dlog/dlog.hpp"
#include "pyfe/qfe/objects.hpp"
#include "tables.hpp"

namespace pyfe::qfe {
namespace {

template <int Parts>
void require_no_identity(const group::bls12_381::Points<Parts>& p, const std::string& what) {
    for (size_t j = 0; j < p.size; ++j)
        if (p.blocks[j / 8].infinite[j % 8] != 0)
            fail(ErrorKind::decode, what + ": point " + std::to_string(j) + " is the identity");
}

// u32 length of the scheme id | scheme id | u32 k | nonce | u32 i | u32 l
Bytes alpha_message(const Parameters& p, const Id& nonce, size_t i, size_t l) {
    const std::string scheme = p.scheme();
    Writer w;
    w.u32(static_cast<uint32_t>(scheme.size()));
    w.bytes({reinterpret_cast<const uint8_t*>(scheme.data()), scheme.size()});
    w.u32(p.k).bytes(nonce).u32(static_cast<uint32_t>(i)).u32(static_cast<uint32_t>(l));
    return w.take();
}

// d_i and d_j of one ciphertext would differ by y_i - y_j alone where beta_i = beta_j.
void require_distinct(const Bytes& beta, size_t k) {
    const size_t size = k * G2Points::bytes;
    std::map<std::string_view, size_t> seen;
    const std::string_view all(reinterpret_cast<const char*>(beta.data()), beta.size());
    for (size_t j = 0; j * size < all.size(); ++j) {
        const auto [other, fresh] = seen.try_emplace(all.substr(j * size, size), j);
        if (!fresh)
            fail(ErrorKind::decode,
                 "public key: beta_" + std::to_string(other->second) + " equals beta_" + std::to_string(j));
    }
}

void require_dimension(const Reader& in, uint8_t k) {
    if (k != 1 && k != 3) in.refuse("k", "is neither 1 nor 3");
}

}  // namespace

G1Points MasterPublicKey::hashed_alpha(const Parameters& p, const Id& nonce) {
    std::vector<Bytes> messages;
    for (size_t i = 0; i < p.n(); ++i)
        for (size_t l = 0; l < p.k; ++l) messages.push_back(alpha_message(p, nonce, i, l));
    const std::vector<std::span<const uint8_t>> spans(messages.begin(), messages.end());
    const std::string dst = p.tag("alpha-BLS12381G1_XMD:SHA-256_SSWU_RO_");
    return G1Points::hash(spans, {reinterpret_cast<const uint8_t*>(dst.data()), dst.size()});
}

MasterPublicKey::MasterPublicKey(Parameters p, const Id& nonce_in, G2Points beta_in)
    : MasterPublicKey(p, nonce_in, hashed_alpha(p, nonce_in), std::move(beta_in)) {}

MasterPublicKey::MasterPublicKey(Parameters p, const Id& nonce_in, G1Points alpha_in, G2Points beta_in)
    : parameters(std::move(p)),
      nonce(nonce_in),
      alpha(std::move(alpha_in)),
      beta(std::move(beta_in)),
      tables(std::make_shared<EncryptionTables>()) {
    if (alpha.size != parameters.n() * parameters.k || beta.size != parameters.m() * parameters.k)
        fail(ErrorKind::parameter, "public key: the numbers of alpha and beta do not match n, m and k");
    require_no_identity(alpha, "public key: alpha");
    require_no_identity(beta, "public key: beta");
    require_distinct(beta.encode(), parameters.k);
    id = schemes::tagged_hash(parameters.tag("public-key"), to_bytes());
}

Bytes MasterPublicKey::to_bytes() const {
    Writer w;
    parameters.write(w);
    w.bytes(nonce).bytes(beta.encode());
    return w.take();
}

MasterPublicKey MasterPublicKey::from_bytes(std::span<const uint8_t> data) {
    Reader in(data, "public key");
    Parameters p = Parameters::read(in);
    const Id nonce = in.array<32>("nonce");
    const auto beta = in.bytes(uint64_t{p.m()} * p.k * G2Points::bytes, "beta");
    in.finish();
    return {std::move(p), nonce, G2Points::decode(beta, "public key: beta")};
}

Bytes MasterSecretKey::to_bytes() const {
    // for speed only: about as much as will be written
    Writer w(256 + 32 * (parameters.n() + parameters.m()) + 32 * beta.size());
    parameters.write(w);
    w.bytes(public_key_id).bytes(nonce);
    SecretVector<uint8_t> bytes(32);
    for (const Fr& scalar : beta) {
        scalar.to_bytes(bytes.data());
        w.bytes({bytes.data(), 32});
    }
    w.bytes({prf_key.data(), prf_key.size()});
    return w.take();
}

MasterSecretKey MasterSecretKey::from_bytes(std::span<const uint8_t> data) {
    Reader in(data, "master secret key");
    Parameters p = Parameters::read(in);
    const Id id = in.array<32>("public key id"), nonce = in.array<32>("nonce");
    in.require_items(uint64_t{p.m()} * p.k, 32, "beta");
    SecretScalars beta(p.m() * p.k);
    for (Fr& scalar : beta) {
        uint64_t ok;
        scalar = Fr::from_bytes(in.bytes(32, "beta").data(), &ok);
        declassify(&ok, sizeof ok);
        if (ok == 0) in.refuse("beta", "is not below the group order");
    }
    SecretVector<uint8_t> prf_key(32);
    std::ranges::copy(in.bytes(32, "prf_key"), prf_key.begin());
    in.finish();
    G1Points alpha = MasterPublicKey::hashed_alpha(p, nonce);
    return {std::move(p), id, nonce, std::move(alpha), std::move(beta), std::move(prf_key)};
}

FunctionKey::FunctionKey(const Id& id, uint32_t dimension, Forms f, std::vector<Interval> ranges,
                         G1Points K_in, G2Points K2_in)
    : public_key_id(id),
      k(dimension),
      forms(std::move(f)),
      intervals(std::move(ranges)),
      K(std::move(K_in)),
      K2(std::move(K2_in)),
      lines(std::make_shared<DecryptionLines>()) {}

Bytes FunctionKey::to_bytes() const {
    Writer w;
    w.bytes(public_key_id);
    if (readout) w.u8(0).u8(schemes::kLayoutWithReadout);
    w.u8(static_cast<uint8_t>(k));
    w.u32(static_cast<uint32_t>(forms.n())).u32(static_cast<uint32_t>(forms.m()));
    w.u32(static_cast<uint32_t>(forms.count()));
    forms.write(w);
    for (const Interval& i : intervals) w.i64(i.lo).i64(i.hi);
    if (readout) readout->write(w);
    const Bytes first = K.encode(), second = K2.encode();
    constexpr size_t one = G1Points::bytes, two = G2Points::bytes;
    for (size_t f = 0; f < forms.count(); ++f) w.bytes({&first[one * f], one}).bytes({&second[two * f], two});
    return w.take();
}

FunctionKey FunctionKey::from_bytes(std::span<const uint8_t> data) {
    Reader in(data, "function key");
    const Id id = in.array<32>("public key id");
    uint8_t k = in.u8("k");
    const bool has_readout = k == 0;
    if (has_readout) {
        schemes::read_layout(in);
        k = in.u8("k");
    }
    require_dimension(in, k);
    const uint32_t n = in.u32("n"), m = in.u32("m"), count = in.u32("forms");
    if (n == 0 || m == 0 || count == 0) in.refuse("forms", "or a dimension is 0, must be at least 1");
    constexpr size_t least = schemes::kIntervalSize + G1Points::bytes + G2Points::bytes;  // of one form
    in.require_items(count, least, "forms");
    Forms forms = Forms::read(in, n, m, count);
    in.require_items(count, least, "intervals");
    std::vector<Interval> intervals;
    for (size_t f = 0; f < count; ++f) intervals.push_back(schemes::read_interval(in, dlog::kMaxWidth));
    std::optional<Readout> readout;
    if (has_readout) readout = Readout::read(in, intervals);
    Bytes first, second;
    for (size_t f = 0; f < count; ++f) {
        std::ranges::copy(in.bytes(48, "K"), std::back_inserter(first));
        std::ranges::copy(in.bytes(96, "K'"), std::back_inserter(second));
    }
    in.finish();
    FunctionKey key(id, k, std::move(forms), std::move(intervals), G1Points::decode(first, "function key: K"),
                    G2Points::decode(second, "function key: K'"));
    key.readout = std::move(readout);
    return key;
}

}  // namespace pyfe::qfe
