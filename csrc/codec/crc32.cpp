#include "pyfe/codec/crc32.hpp"

#include "pyfe/base/dispatch.hpp"

namespace pyfe {
namespace crc {
namespace {

const Kernels& wide_kernels() { return cpu_features().vpclmulqdq ? ifma_kernels() : portable_kernels(); }

constinit Dispatch<Kernels> dispatch(portable_kernels, wide_kernels);

}  // namespace
}  // namespace crc

std::uint32_t crc32(std::span<const std::uint8_t> data, std::uint32_t before) {
    return ~crc::dispatch.active().update(~before, data.data(), data.size());
}

}  // namespace pyfe
