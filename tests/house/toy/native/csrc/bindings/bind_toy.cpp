#include "objects.hpp"
#include "pyfe/toy/scheme.hpp"
#include "verbs.hpp"

namespace {

using namespace pyfe::bindings;
using namespace pyfe::toy;

Parameters make_parameters(const IntArray& lo, const IntArray& hi, int64_t y_bound,
                           const py::bytes& context) {
    return {int_vector(lo, "x_lo"), int_vector(hi, "x_hi"),
            static_cast<uint64_t>(std::max<int64_t>(y_bound, 0)), as_id(context, "context")};
}

IntArray results(const FunctionKey& sk, const CiphertextBatch& ct) {
    std::vector<int64_t> z(ct.size() * sk.count);
    {
        const NoGil no_gil;
        decrypt(sk, ct, z.data());
    }
    return int_matrix(z, ct.size(), sk.count);
}

FunctionKey derive(const MasterSecretKey& msk, const IntArray& y) {
    const Matrix m(y, "y");
    const NoGil no_gil;
    return keygen(msk, m.view());
}

void bind_keys(py::module_& m) {
    native_class<Parameters>(m, "Parameters", "The box of x, the bound of y, and the context.")
        .def(py::init(&make_parameters), py::arg("x_lo").noconvert(), py::arg("x_hi").noconvert(),
             py::arg("y_bound"), py::arg("context"))
        .def_property_readonly("context", [](const Parameters& p) { return as_bytes(p.context); })
        .def_property_readonly("id", [](const Parameters& p) { return as_bytes(p.id()); });
    native_class<MasterPublicKey>(m, "MasterPublicKey", "The parameters and s.")
        .def_readonly("parameters", &MasterPublicKey::parameters)
        .def_property_readonly("id", [](const MasterPublicKey& k) { return as_bytes(k.id); })
        .def("to_bytes", [](const MasterPublicKey& k) { return as_bytes(k.to_bytes()); })
        .def_static("from_bytes", &decoded<MasterPublicKey>, py::arg("data"));
    native_class<MasterSecretKey>(m, "MasterSecretKey", "The public key once more.")
        .def_property_readonly("public_key_id", [](const MasterSecretKey& k) { return as_bytes(k.mpk.id); })
        .def("to_secret", &secret_buffer<MasterSecretKey>)
        .def_static("from_buffer", &secret_from_buffer<MasterSecretKey>, py::arg("data"));
    native_class<FunctionKey>(m, "FunctionKey", "s_y for each function, with y and the intervals.")
        .def_property_readonly("y", [](const FunctionKey& k) { return int_matrix(k.y, k.count, k.n); })
        .def_property_readonly("intervals", [](const FunctionKey& k) { return interval_array(k.intervals); })
        .def_property_readonly("public_key_id",
                               [](const FunctionKey& k) { return as_bytes(k.public_key_id); })
        .def_readonly("readout", &FunctionKey::readout)
        .def("with_readout", &pyfe::schemes::with_readout<FunctionKey>, py::arg("readout"))
        .def("to_bytes", [](const FunctionKey& k) { return as_bytes(k.to_bytes()); })
        .def_static("from_bytes", &decoded<FunctionKey>, py::arg("data"));
}

// s_y opens what y says
bool round_trip() {
    const auto [mpk, msk] = setup(Parameters({-5, 0}, {5, 9}, 7, Id{}), pyfe::os_random());
    const int64_t x[] = {-5, 9, 3, 1}, y[] = {7, -2};
    int64_t z[2];
    decrypt(keygen(msk, {y, 1, 2}), encrypt(mpk, {x, 2, 2}, pyfe::os_random()), z);
    return z[0] == -53 && z[1] == 19;
}

}  // namespace

void bind_toy(py::module_& module) {
    py::module_ m = module.def_submodule("toy", "Inner products that hide nothing: the verbs.");
    bind_keys(m);
    native_class<CiphertextBatch>(m, "CiphertextBatch", "Blocks (r, E) of four rows, and which rows of them.")
        .def("__len__", &CiphertextBatch::size)
        .def_readonly("n", &CiphertextBatch::n)
        .def_property_readonly("public_key_id",
                               [](const CiphertextBatch& c) { return as_bytes(c.public_key_id); })
        .def_property_readonly("nbytes", &CiphertextBatch::bytes)
        .def("slice", &CiphertextBatch::slice, py::arg("start"), py::arg("stop"))
        .def_static("concat", &concatenated<CiphertextBatch>, py::arg("batches"))
        .def("to_bytes", [](const CiphertextBatch& c) { return as_bytes(c.to_bytes()); })
        .def_static("from_bytes", &decoded<CiphertextBatch>, py::arg("data"));
    add_self_test("toy-packed round trip", round_trip);
    m.attr("BLOCK_ROWS") = CiphertextBatch::kBlockRows;
    m.def(
        "setup", [](const Parameters& p) { return run_setup(p, pyfe::os_random()); }, py::arg("params"));
    m.def(
        "encrypt",
        [](const MasterPublicKey& mpk, const Unprinted<IntArray>& x) {
            return run_encrypt(mpk, x.get("x"), pyfe::os_random());
        },
        py::arg("mpk"), py::arg("x"));
    m.def("keygen", &derive, py::arg("msk"), py::arg("y").noconvert());
    m.def("decrypt", &results, py::arg("sk"), py::arg("ct"));
    m.def("verify_key", &verify_key, py::arg("mpk"), py::arg("sk"), py::call_guard<NoGil>());
}
