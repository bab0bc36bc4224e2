#include <algorithm>
#include <bit>

#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/ipfe_rlwe/keys.hpp"

namespace pyfe::ipfe_rlwe {
namespace {

constexpr unsigned kMostSecretBits = 57;  // keygen makes none that is longer

// The least number of bits that hold all of them in two's complement
unsigned width_of(std::span<const int64_t> sk) {
    unsigned width = 1;
    for (const int64_t v : sk)
        width = std::max(width, 1 + static_cast<unsigned>(std::bit_width(v < 0 ? ~static_cast<uint64_t>(v)
                                                                               : static_cast<uint64_t>(v))));
    return width;
}

// kRing numbers without gaps, the first in the lowest bits, each of `width` bits
void pack_secret(std::span<const int64_t> sk, unsigned width, Writer& out) {
    uint128 waiting = 0;
    unsigned filled = 0;
    for (const int64_t v : sk) {
        waiting |= uint128{static_cast<uint64_t>(v) + (uint64_t{1} << (width - 1))} << filled;
        for (filled += width; filled >= 8; filled -= 8, waiting >>= 8) out.u8(static_cast<uint8_t>(waiting));
    }
}

std::vector<int64_t> unpack_secret(std::span<const uint8_t> bytes, unsigned width) {
    std::vector<int64_t> sk;
    uint128 waiting = 0;
    unsigned filled = 0;
    const uint64_t mask = (uint64_t{1} << width) - 1;
    for (const uint8_t byte : bytes) {
        waiting |= uint128{byte} << filled;
        for (filled += 8; filled >= width; filled -= width, waiting >>= width)
            sk.push_back(
                static_cast<int64_t>((static_cast<uint64_t>(waiting) & mask) - (uint64_t{1} << (width - 1))));
    }
    return sk;
}

void read_function(Reader& in, FunctionKey& key) {
    const uint64_t low = in.u64("error norm");
    key.error_squared.push_back(uint128{in.u64("error norm")} << 64 | low);
    const unsigned width = in.u8("width");
    if (width == 0 || width > kMostSecretBits)
        in.refuse("width", std::to_string(width) + " is not from 1 to " + std::to_string(kMostSecretBits));
    const std::vector<int64_t> sk = unpack_secret(in.bytes(kRing / 8 * width, "sk"), width);
    if (width_of(sk) != width) in.refuse("sk", "is not packed in the least width that holds it");
    key.sk.insert(key.sk.end(), sk.begin(), sk.end());
}

Integer margin_of(const FunctionKey& key, size_t f, const Weights& w) {
    const Parameters& p = key.parameters;
    const KeyNorms norms{Integer::of(key.error_squared[f]), Integer::of(squared_norm(key.secret(f)))};
    return noise_margin(p, FunctionNorms::of(key.function(f)), norms, w,
                        result_interval(p, key.function(f), w));
}

void require_quiet(const Parameters& p, size_t f, const Integer& bound) {
    if (key_too_noisy(p, bound))
        fail(ErrorKind::out_of_range,
             "function " + std::to_string(f) +
                 ": the key is too noisy to tell neighbouring results apart; smaller weights "
                 "of the function or of the sum cure it, and so does a larger y_bound");
}

}  // namespace

void require_functions(const Parameters& p, const IntMatrix& y) {
    if (y.columns != p.n())
        fail(ErrorKind::parameter, "y has " + std::to_string(y.columns) +
                                       " columns; the parameters have n = " + std::to_string(p.n()));
    if (y.rows == 0) fail(ErrorKind::parameter, "y has no rows");
    for (size_t f = 0; f < y.rows; ++f) {
        bool zero = true;
        for (size_t i = 0; i < y.columns; ++i) {
            const int64_t v = y.data[f * y.columns + i];
            if (schemes::magnitude(v) > p.y_bound)
                fail(ErrorKind::out_of_range, "y: row " + std::to_string(f) + ", coordinate " +
                                                  std::to_string(i) + " = " + std::to_string(v) +
                                                  " exceeds y_bound = " + std::to_string(p.y_bound));
            zero = zero && v == 0;
        }
        if (zero) fail(ErrorKind::parameter, "y: row " + std::to_string(f) + " is zero");
    }
}

uint128 squared_norm(std::span<const int64_t> v) {
    uint128 sum = 0;
    for (const int64_t c : v) sum += static_cast<uint128>(static_cast<__int128>(c) * c);
    return sum;
}

// (10.5 sigma1)^2 = 441/4 sigma^2 in units of 2^-16
uint128 longest_coefficient(const Parameters& p, std::span<const int64_t> y) {
    const Integer sigma = p.sigma[0];
    return square_root_up(shifted_up(sigma * sigma * FunctionNorms::of(y).l2_squared * 441, 18)).to_u128();
}

Integer FunctionKey::margin(size_t f, const Weights& w) const {
    w.require_within(parameters);
    const Integer bound = w == Weights{} ? prepared().margins[f] : margin_of(*this, f, w);
    require_quiet(parameters, f, bound);
    return bound;
}

void FunctionKey::require_usable() const {
    for (size_t f = 0; f < functions; ++f) require_quiet(parameters, f, margin_of(*this, f, Weights{}));
}

bool FunctionKey::too_noisy(size_t f) const {
    return key_too_noisy(parameters, margin_of(*this, f, Weights{}));
}

const PreparedKey& FunctionKey::prepared() const {
    return once.get([this] {
        const ring::Basis basis(parameters.primes, kLogRing);
        PreparedKey out;
        for (size_t f = 0; f < functions; ++f) {
            checkpoint();
            Polynomial& at = out.sk.emplace_back(basis.words());
            basis.from_signed(secret(f).data(), at.data());
            basis.forward(at.data());
            out.margins.push_back(margin_of(*this, f, Weights{}));
        }
        return out;
    });
}

Bytes FunctionKey::to_bytes() const {
    Writer w;
    w.bytes(public_key_id);
    if (readout) w.u32(0).u8(schemes::kLayoutWithReadout);
    w.u32(static_cast<uint32_t>(functions));
    parameters.write(w);
    for (const int64_t v : y) w.i64(v);
    for (const Interval& i : intervals) w.i64(i.lo).i64(i.hi);
    if (readout) readout->write(w);
    for (size_t f = 0; f < functions; ++f) {
        w.u64(static_cast<uint64_t>(error_squared[f])).u64(static_cast<uint64_t>(error_squared[f] >> 64));
        const unsigned width = width_of(secret(f));
        w.u8(static_cast<uint8_t>(width));
        pack_secret(secret(f), width, w);
    }
    return w.take();
}

FunctionKey FunctionKey::from_bytes(std::span<const uint8_t> data) {
    Reader in(data, "function key");
    const Id id = in.array<32>("public key id");
    uint32_t functions = in.u32("functions");
    const bool has_readout = functions == 0;
    if (has_readout) {
        schemes::read_layout(in);
        functions = in.u32("functions");
    }
    if (functions == 0) in.refuse("functions", "is 0, must be at least 1");
    FunctionKey key{Parameters::read(in), id, functions, {}, {}, {}, {}, {}, {}};
    in.require_items(uint64_t{functions} * key.n(), 8, "y");
    key.y.resize(functions * key.n());
    for (int64_t& v : key.y) v = in.i64("y");
    in.require_items(functions, schemes::kIntervalSize + 17 + kRing / 8, "intervals");
    key.intervals.resize(functions);
    for (Interval& i : key.intervals) i = schemes::read_interval(in, uint64_t{1} << 63);
    try {
        require_functions(key.parameters, {key.y.data(), functions, key.n()});
        for (size_t f = 0; f < functions; ++f) {
            const Interval exact = result_interval(key.parameters, key.function(f), Weights{});
            if (exact.lo != key.intervals[f].lo || exact.hi != key.intervals[f].hi)
                in.refuse("interval", "is not the one of y");
        }
    } catch (const Error& e) {
        fail(ErrorKind::decode, e.what());
    }
    if (has_readout) key.readout = Readout::read(in, key.intervals);
    for (size_t f = 0; f < functions; ++f) read_function(in, key);
    in.finish();
    return key;
}

}  // namespace pyfe::ipfe_rlwe
