#include "pyfe/hash/expand_message.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "pyfe/base/error.hpp"
#include "pyfe/hash/sha2.hpp"

namespace pyfe {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t max_dst = 255;
constexpr std::string_view oversize_prefix = "H2C-OVERSIZE-DST-";

// DST_prime = DST || I2OSP(len(DST), 1), with the section 5.3.3 replacement of a long DST.
template <class Hash>
std::vector<std::uint8_t> dst_prime(Bytes dst) {
    std::vector<std::uint8_t> out(dst.begin(), dst.end());
    if (dst.size() > max_dst) {
        const auto* prefix = reinterpret_cast<const std::uint8_t*>(oversize_prefix.data());
        const auto digest = Hash().update({prefix, oversize_prefix.size()}).update(dst).finish();
        out.assign(digest.begin(), digest.end());
    }
    out.push_back(static_cast<std::uint8_t>(out.size()));
    return out;
}

void require_sizes(Bytes dst, std::size_t out_size, std::size_t max_output) {
    if (dst.empty()) fail(ErrorKind::parameter, "expand_message: the domain separation tag is empty");
    if (out_size < 1 || out_size > max_output) {
        fail(ErrorKind::parameter, "expand_message: length " + std::to_string(out_size) +
                                       " is not from 1 to " + std::to_string(max_output));
    }
}

template <class Hash>
void expand_message_xmd(Bytes msg, Bytes dst, std::span<std::uint8_t> out) {
    using Digest = typename Hash::Digest;
    require_sizes(dst, out.size(), 255 * Hash::digest_size);
    const std::vector<std::uint8_t> tag = dst_prime<Hash>(dst);
    const std::array<std::uint8_t, Hash::block_size> z_pad{};
    const std::array<std::uint8_t, 3> length_and_zero = {static_cast<std::uint8_t>(out.size() >> 8),
                                                         static_cast<std::uint8_t>(out.size()), 0};

    // b_0 = H(Z_pad || msg || I2OSP(len, 2) || I2OSP(0, 1) || DST_prime)
    const Digest b0 = Hash().update(z_pad).update(msg).update(length_and_zero).update(tag).finish();

    // b_i = H((b_0 xor b_(i-1)) || I2OSP(i, 1) || DST_prime); for i = 1 the xor is left out: b_(i-1) is zero
    Digest block{};
    std::uint8_t index = 0;
    for (std::size_t done = 0; done < out.size(); done += block.size()) {
        for (std::size_t j = 0; j < block.size(); ++j) block[j] ^= b0[j];
        ++index;
        block = Hash().update(block).update({&index, 1}).update(tag).finish();
        std::copy_n(block.begin(), std::min(block.size(), out.size() - done), out.data() + done);
    }
}

}  // namespace

void expand_message_xmd_sha256(Bytes msg, Bytes dst, std::span<std::uint8_t> out) {
    expand_message_xmd<Sha256>(msg, dst, out);
}

void expand_message_xmd_sha512(Bytes msg, Bytes dst, std::span<std::uint8_t> out) {
    expand_message_xmd<Sha512>(msg, dst, out);
}

}  // namespace pyfe
