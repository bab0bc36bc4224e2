// pyfe._core_testing: the core with what only tests may have, injected randomness and the emulated lanes.
// Built with PYFE_BUILD_TESTING only.
#include <cstring>
#include <string>
#include <vector>

#include "bindings.hpp"
#include "bytes.hpp"
#include "pyfe/base/cpu.hpp"
#include "pyfe/field/kernels381.hpp"
#include "pyfe/group/kernels.hpp"
#include "verbs.hpp"

namespace {

using namespace pyfe::bindings;

// Gives out the bytes it was made with, once
class ListedRandom : public pyfe::Random {
  public:
    explicit ListedRandom(const py::bytes& data) : data_(as_span(data)) {}
    void fill(uint8_t* out, size_t size) override {
        if (size > data_.size())
            pyfe::fail(pyfe::ErrorKind::randomness, "the injected randomness has run out");
        std::memcpy(out, data_.data(), size);
        data_ = data_.subspan(size);
    }

  private:
    std::span<const uint8_t> data_;
};

void set_lanes(const std::string& name) {
    if (name == "emulated")
        pyfe::group::override_kernels_for_testing(&pyfe::group::emulated_kernels());
    else {
        pyfe::group::override_kernels_for_testing(nullptr);
        pyfe::set_backend(pyfe::parse_backend(name, "set_lanes"));
    }
}

namespace fp = pyfe::field::bls12_381;

const fp::FpKernels& fp_kernels(const std::string& backend) {
    if (backend == "emulated") return fp::emulated_fp_kernels();
    return pyfe::parse_backend(backend, "fp381") == pyfe::Backend::ifma ? fp::ifma_fp_kernels()
                                                                        : fp::portable_fp_kernels();
}

struct FpBlocks {
    explicit FpBlocks(size_t count) : words((count + 7) / 8 * 48) {}
    fp::FpBlock* data() { return reinterpret_cast<fp::FpBlock*>(words.data()); }
    uint64_t& word(size_t item, size_t i) { return words[item / 8 * 48 + i * 8 + item % 8]; }
    std::vector<uint64_t> words;
};

// 48 little-endian bytes an item; any integer below 2^384
FpBlocks fp_blocks(const py::bytes& data) {
    const auto bytes = as_span(data);
    FpBlocks blocks(bytes.size() / 48);
    for (size_t item = 0; item < bytes.size() / 48; ++item)
        for (size_t i = 0; i < 6; ++i) std::memcpy(&blocks.word(item, i), &bytes[48 * item + 8 * i], 8);
    return blocks;
}

py::bytes fp_bytes(FpBlocks& blocks, size_t count) {
    std::string out(48 * count, 0);
    for (size_t item = 0; item < count; ++item)
        for (size_t i = 0; i < 6; ++i) std::memcpy(&out[48 * item + 8 * i], &blocks.word(item, i), 8);
    return py::bytes(out);
}

// One field operation of BLS12-381 over many items
py::bytes fp381(const std::string& backend, const std::string& operation, const py::bytes& a,
                const py::bytes& b) {
    const fp::FpKernels& k = fp_kernels(backend);
    FpBlocks x = fp_blocks(a), y = fp_blocks(b);
    const size_t count = as_span(a).size() / 48, blocks = (count + 7) / 8;
    if (x.words.size() > y.words.size()) y.words.resize(x.words.size());
    FpBlocks out(count);
    if (operation == "add")
        k.add(x.data(), y.data(), blocks, out.data());
    else if (operation == "sub")
        k.sub(x.data(), y.data(), blocks, out.data());
    else if (operation == "mul")
        k.mul(x.data(), y.data(), blocks, out.data());
    else if (operation == "square")
        k.square(x.data(), blocks, out.data());
    else if (operation == "negate")
        k.negate(x.data(), blocks, out.data());
    else if (operation == "invert")
        k.invert(x.data(), blocks, out.data());
    else
        pyfe::fail(pyfe::ErrorKind::parameter, "fp381: no operation " + operation);
    return fp_bytes(out, count);
}

// The roots, and one byte an item: 1 where there is one
py::tuple fp381_square_root(const std::string& backend, const py::bytes& a) {
    FpBlocks x = fp_blocks(a);
    const size_t count = as_span(a).size() / 48, blocks = (count + 7) / 8;
    FpBlocks out(count);
    std::string ok(8 * blocks, 0);
    fp_kernels(backend).square_root(x.data(), blocks, out.data(), reinterpret_cast<uint8_t(*)[8]>(ok.data()));
    ok.resize(count);
    return py::make_tuple(fp_bytes(out, count), py::bytes(ok));
}

}  // namespace

PYBIND11_MODULE(_core_testing, module) {
    module.doc() = "The core with injected randomness and emulated lanes. Never in a wheel.";
    register_errors(module);
    bind_base(module);
    bind_codec(module);
    bind_ristretto255(module);
    bind_dlog(module);
    bind_ipfe_ddh(module);
    bind_self_test(module);
    module.def("set_lanes", &set_lanes, py::arg("name"));
    module.def("fp381", &fp381, py::arg("backend"), py::arg("operation"), py::arg("a"),
               py::arg("b") = py::bytes());
    module.def("fp381_square_root", &fp381_square_root, py::arg("backend"), py::arg("a"));
    module.def(
        "setup",
        [](const pyfe::ipfe_ddh::Parameters& p, const py::bytes& random) {
            ListedRandom source(random);
            return run_setup(p, source);
        },
        py::arg("params"), py::arg("random"));
    module.def(
        "encrypt",
        [](const pyfe::ipfe_ddh::MasterPublicKey& mpk, const IntArray& x, const py::bytes& random) {
            ListedRandom source(random);
            return run_encrypt(mpk, x, source);
        },
        py::arg("mpk"), py::arg("x"), py::arg("random"));
}
