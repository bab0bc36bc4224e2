// pyfe._core_testing: the core with what only tests may have, injected randomness and the emulated lanes.
// Built with PYFE_BUILD_TESTING only.
#include <cstring>
#include <string>

#include "bindings.hpp"
#include "bytes.hpp"
#include "pyfe/base/cpu.hpp"
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
