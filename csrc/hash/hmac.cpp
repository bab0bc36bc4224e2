#include "pyfe/hash/hmac.hpp"

#include <algorithm>

#include "pyfe/base/secret.hpp"

namespace pyfe {
namespace {

void absorb_pad(Sha512& hash, const SecretVector<std::uint8_t>& key, std::uint8_t pad) {
    SecretVector<std::uint8_t> block(Sha512::block_size);
    for (std::size_t i = 0; i < block.size(); ++i) block[i] = key[i] ^ pad;
    hash.update({block.data(), block.size()});
}

}  // namespace

HmacSha512::HmacSha512(std::span<const std::uint8_t> key) {
    SecretVector<std::uint8_t> block(Sha512::block_size);  // the key, or its digest when it is longer; zeros
    if (key.size() > block.size()) {
        Sha512::Digest digest = sha512(key);
        std::ranges::copy(digest, block.begin());
        secure_zero(digest.data(), digest.size());
    } else {
        std::ranges::copy(key, block.begin());
    }
    absorb_pad(inner_, block, 0x36);
    absorb_pad(outer_, block, 0x5c);
}

HmacSha512& HmacSha512::update(std::span<const std::uint8_t> data) {
    inner_.update(data);
    return *this;
}

Sha512::Digest HmacSha512::finish() {
    Sha512::Digest digest = inner_.finish();
    outer_.update(digest);
    secure_zero(digest.data(), digest.size());
    return outer_.finish();
}

}  // namespace pyfe
