#include "fuzz.hpp"
#include "pyfe/codec/envelope.hpp"

namespace pyfe::fuzz {

Bytes decode(View data) { return pack_envelope(unpack_envelope(data)); }

// "PYFE" | version 1 | kind | signed | scheme | 0 | ids | lengths that fit
void repair(Bytes& data) {
    Fields f(data);
    std::memcpy(f.skip(4), "PYFE", 4);
    f.put<std::uint16_t>(1);
    std::uint8_t* kind = f.skip(1);
    *kind = *kind % 16 + 1;
    std::uint8_t* flags = f.skip(1);
    *flags &= 1;
    const std::size_t end = *flags == 1 ? 64 : 0;
    std::uint8_t* scheme = f.skip(2);
    scheme[0] %= 4;
    scheme[1] = 0;
    f.put<std::uint16_t>(0);
    f.skip(64);
    const std::size_t before = f.at() + 12;
    const std::size_t rest = data.size() > before + end ? data.size() - before - end : 0;
    const std::size_t payload = rest * (data[f.at() - 1] + 1) / 256;
    f.put<std::uint64_t>(payload);
    f.put<std::uint32_t>(static_cast<std::uint32_t>(rest - payload));
    f.skip(rest + end);
    f.finish();
}

}  // namespace pyfe::fuzz
