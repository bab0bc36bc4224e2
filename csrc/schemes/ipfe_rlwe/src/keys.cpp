#include "pyfe/ipfe_rlwe/keys.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <string_view>

#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/hash/hmac.hpp"
#include "pyfe/hash/sha2.hpp"
#include "pyfe/hash/shake128.hpp"
#include "pyfe/random/chacha20.hpp"
#include "pyfe/random/gaussian.hpp"

namespace pyfe::ipfe_rlwe {
namespace {

std::span<const uint8_t> octets(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

constexpr uint64_t kMostHead = 1024;  // of parameters and seed, beside the box
constexpr std::string_view kIdTag = "PYFE-V1-ipfe-rlwe-public-key";

std::string named(size_t i) { return "public key: pk_" + std::to_string(i); }

void unpack(const ring::Basis& basis, std::span<const uint8_t> bytes, size_t i, uint64_t* out) {
    try {
        basis.unpack(bytes, out);
    } catch (const Error& e) {
        fail(e.kind(), named(i) + ": " + e.what());
    }
}

}  // namespace

// -- the public key -----------------------------------------------------------------------------------------

// What pk_i and -pk_i have in common, and hardly any others do: the residues of the first prime, the sign
// chosen by the first that is not 0
struct MasterPublicKey::Mark {
    std::array<uint64_t, 4> first{};
    size_t i = 0;
    bool negated = false;
    auto operator<=>(const Mark&) const = default;
};

Polynomial uniform_polynomial(const Parameters& p, const Seed& seed) {
    const Id hash = p.id();
    Polynomial a;
    for (size_t j = 0; j < p.primes.size(); ++j) {
        const auto bits = static_cast<unsigned>(std::bit_width(p.primes[j]));
        const uint8_t number = static_cast<uint8_t>(j);
        Shake128 stream;
        stream.absorb(octets("PYFE-V1-ipfe-rlwe-a")).absorb(hash).absorb(seed).absorb({&number, 1});
        for (size_t found = 0; found < kRing;) {
            uint8_t piece[8] = {};
            stream.squeeze({piece, (bits + 7) / 8});
            uint64_t v = 0;
            for (size_t i = 8; i-- > 0;) v = v << 8 | piece[i];
            v &= (uint64_t{1} << bits) - 1;
            if (v >= p.primes[j]) continue;
            a.push_back(v);
            ++found;
        }
    }
    return a;
}

// schemes::tagged_hash of parts that are never together in memory
Sha256 begun_id(std::span<const uint8_t> head) {
    Sha256 hash;
    hash.update(Writer(4).u32(static_cast<uint32_t>(kIdTag.size())).take()).update(octets(kIdTag));
    hash.update(head);
    return hash;
}

MasterPublicKey::MasterPublicKey(Parameters p, const Seed& seed)
    : parameters_(std::move(p)),
      basis_(parameters_.primes, kLogRing),
      seed_(seed),
      a_(std::make_shared<const Polynomial>(uniform_polynomial(parameters_, seed))) {}

MasterPublicKey::MasterPublicKey(Parameters p, const Seed& seed, SharedBytes pk)
    : MasterPublicKey(std::move(p), seed) {
    pk_ = std::move(pk);
    if (pk_.size() != pk_size())
        fail(ErrorKind::decode, "public key: pk has another length than the parameters say");
    validate();
}

MasterPublicKey MasterPublicKey::without_pk(Parameters p, const Seed& seed, const Id& id) {
    MasterPublicKey out(std::move(p), seed);
    out.id_ = id;
    return out;
}

MasterPublicKey MasterPublicKey::made_by(Make make) const {
    MasterPublicKey out = *this;
    out.make_ = std::move(make);
    return out;
}

MasterPublicKey MasterPublicKey::open(const File& file, uint64_t at, uint64_t size) {
    uint8_t count[4] = {};
    file.read(at, std::span(count).first(std::min<uint64_t>(size, sizeof(count))));
    const uint64_t n = Reader(count, "public key").u32("n");
    if (n > size / (kRing / 8 * ring::least_bits)) fail(ErrorKind::decode, "public key: n is too large");
    Bytes start(std::min(size, 16 * n + kMostHead));
    file.read(at, start);
    Reader in(start, "public key");
    Parameters p = Parameters::read(in);
    const Seed seed = in.array<32>("seed of a");
    MasterPublicKey out(std::move(p), seed);
    if (size != in.offset() + out.pk_size())
        fail(ErrorKind::decode, "public key: pk has another length than the parameters say");
    out.file_ = std::make_shared<InFile>(InFile{file, at + in.offset(), {}});
    out.validate();
    return out;
}

// pk_i as it is packed; of a file what was checked, or nothing
std::span<const uint8_t> MasterPublicKey::packed(size_t i, Bytes& scratch) const {
    const size_t size = basis_.packed_size();
    if (!has_pk())
        fail(ErrorKind::parameter,
             "public key: only the hash of pk_1 .. pk_n is here, as an authority keeps it; open the file of "
             "the "
             "public key that it wrote");
    if (!file_ && !make_) return pk_.span().subspan(i * size, size);
    scratch.resize(size);
    if (make_) {
        make_(i, scratch.data());
        return scratch;
    }
    file_->file.read(file_->at + i * size, scratch);
    if (i < file_->hashes.size() && sha256(scratch) != file_->hashes[i])
        fail(ErrorKind::decode,
             named(i) + " is not what it was when the file was opened: somebody changed it");
    return scratch;
}

void MasterPublicKey::read_pk(size_t i, uint64_t* out) const {
    Bytes scratch;
    const std::span<const uint8_t> bytes = packed(i, scratch);
    unpack(basis_, bytes, i, out);
}

const uint64_t* MasterPublicKey::pk(size_t i, uint64_t* scratch) const {
    if (kept_) return kept_->data() + i * basis_.words();
    read_pk(i, scratch);
    return scratch;
}

void MasterPublicKey::validate() {
    std::vector<Mark> marks;
    const size_t all = parameters_.n() * basis_.words();
    if (all <= kMostKept / sizeof(uint64_t)) kept_ = std::make_shared<Polynomial>(all);
    Polynomial pk(basis_.words());
    Sha256 id = begun_id(head());
    Bytes scratch;
    for (size_t i = 0; i < parameters_.n(); ++i) {
        checkpoint();
        const std::span<const uint8_t> bytes = packed(i, scratch);
        id.update(bytes);
        if (file_) file_->hashes.push_back(sha256(bytes));
        unpack(basis_, bytes, i, pk.data());
        if (kept_) std::ranges::copy(pk, kept_->begin() + static_cast<ptrdiff_t>(i * basis_.words()));
        const auto first = std::ranges::find_if(pk, [](uint64_t v) { return v != 0; });
        if (first == pk.end()) fail(ErrorKind::decode, named(i) + " is 0");
        const size_t at = static_cast<size_t>(first - pk.begin()), limb = at / kRing;
        const uint64_t q = parameters_.primes[limb];
        const bool negate = *first > q / 2;
        Mark mark{{at}, i, negate};
        for (size_t j = 0; j < 3 && (at + j) / kRing == limb; ++j)
            mark.first[j + 1] = negate && pk[at + j] != 0 ? q - pk[at + j] : pk[at + j];
        marks.push_back(mark);
    }
    id_ = id.finish();
    std::ranges::sort(marks);
    for (auto first = marks.begin(); first != marks.end();) {
        const auto end =
            std::find_if(first, marks.end(), [&](const Mark& m) { return m.first != first->first; });
        if (end - first > 1) require_distinct({first, end});
        first = end;
    }
}

// Of pk_i with one mark, which honest ones do not share: any two, not neighbours only, since whoever wrote
// them chose their order
void MasterPublicKey::require_distinct(std::span<const Mark> marks) const {
    std::vector<std::pair<Id, size_t>> hashes;
    Polynomial pk(basis_.words());
    for (const Mark& mark : marks) {
        checkpoint();
        read_pk(mark.i, pk.data());
        if (mark.negated) basis_.negate(pk.data(), pk.data());
        const auto* const bytes = reinterpret_cast<const uint8_t*>(pk.data());
        hashes.emplace_back(sha256({bytes, pk.size() * sizeof(uint64_t)}), mark.i);
    }
    std::ranges::sort(hashes);
    const auto same = std::ranges::adjacent_find(hashes, {}, &std::pair<Id, size_t>::first);
    if (same != hashes.end())
        fail(ErrorKind::decode, named(same->second) + " and pk_" + std::to_string((same + 1)->second) +
                                    " are equal or opposite");
}

std::vector<SharedBytes> MasterPublicKey::pieces() const {
    if (!has_pk()) return {SharedBytes::of(head()), SharedBytes::copy(id_)};
    if (pk_.size() > 0) return {SharedBytes::of(head()), pk_};
    auto [all, out] = SharedBytes::to_write(pk_size());
    Bytes scratch;
    for (size_t i = 0; i < parameters_.n(); ++i)
        std::ranges::copy(packed(i, scratch), out + i * basis_.packed_size());
    return {SharedBytes::of(head()), all};
}

Bytes MasterPublicKey::head() const {
    Writer w;
    parameters_.write(w);
    w.bytes(seed_);
    return w.take();
}

MasterPublicKey MasterPublicKey::from_bytes(const SharedBytes& data) {
    Reader in(data.span(), "public key");
    Parameters p = Parameters::read(in);
    const Seed seed = in.array<32>("seed of a");
    const size_t size = ring::Basis(p.primes, kLogRing).packed_size(), at = in.offset();
    if (data.size() - at == sizeof(Id)) return without_pk(std::move(p), seed, in.array<32>("id"));
    in.require_items(p.n(), size, "pk");
    in.bytes(p.n() * size, "pk");
    in.finish();
    const size_t all = p.n() * size;
    return {std::move(p), seed, data.part(at, all)};
}

// -- the master key -----------------------------------------------------------------------------------------

MasterSecretKey::MasterSecretKey(Parameters p, const Id& id, SecretVector<uint8_t> seed)
    : parameters_(std::move(p)),
      parameter_hash_(parameters_.id()),
      public_key_id_(id),
      seed_(std::move(seed)) {}

void MasterSecretKey::draw(uint8_t which, size_t i, int64_t* out) const {
    const StackGuard wiped;
    HmacSha512 mac({seed_.data(), seed_.size()});
    const Bytes index = Writer(5).u8(which).u32(static_cast<uint32_t>(i)).take();
    Sha512::Digest digest =
        mac.update(octets("PYFE-V1-ipfe-rlwe-secret")).update(parameter_hash_).update(index).finish();
    ChaCha20Random random(std::span<const uint8_t>(digest).first<ChaCha20Random::seed_size>());
    secure_zero(digest.data(), digest.size());
    DiscreteGaussian(parameters_.sigma[0]).sample(random, out, kRing);
}

Bytes MasterSecretKey::to_bytes() const {
    Writer w(16 * parameters_.n() + 1024);
    parameters_.write(w);
    w.bytes(public_key_id_).bytes({seed_.data(), seed_.size()});
    return w.take();
}

MasterSecretKey MasterSecretKey::from_bytes(std::span<const uint8_t> data) {
    Reader in(data, "master secret key");
    Parameters p = Parameters::read(in);
    const Id id = in.array<32>("public key id");
    SecretVector<uint8_t> seed(kSeedSize);
    std::ranges::copy(in.bytes(kSeedSize, "seed"), seed.begin());
    in.finish();
    return {std::move(p), id, std::move(seed)};
}

}  // namespace pyfe::ipfe_rlwe
