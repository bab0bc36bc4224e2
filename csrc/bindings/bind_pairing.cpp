#include <pybind11/stl.h>

#include <memory>

#include "arrays.hpp"
#include "pyfe/pairing/pairing.hpp"
#include "scalars381.hpp"

namespace {

using namespace pyfe::bindings;
using namespace pyfe::pairing;
using pyfe::ErrorKind;
using pyfe::fail;

// P of a factor and its Q: a batch as long as P, or (prepared points, index)
using FactorArgument =
    std::pair<const G1Points*, std::variant<const G2Points*, std::pair<const Prepared*, size_t>>>;

std::vector<Factor> factors_of(const std::vector<FactorArgument>& arguments) {
    std::vector<Factor> out;
    for (const auto& [p, q] : arguments) {
        const G1Points* first = &present(p, "factors");
        if (const auto* fresh = std::get_if<const G2Points*>(&q)) {
            out.push_back({first, &present(*fresh, "factors"), nullptr});
            continue;
        }
        const auto& [prepared, index] = std::get<1>(q);
        out.push_back({first, nullptr, &present(prepared, "factors").at(index)});
    }
    return out;
}

py::array_t<bool> bools(const std::vector<uint8_t>& flags) {
    py::array_t<bool> out(static_cast<py::ssize_t>(flags.size()));
    std::copy(flags.begin(), flags.end(), out.mutable_data());
    return out;
}

void bind_elements(py::module_& m) {
    native_class<GtElements>(m, "GTElements", "Elements of GT.")
        .def_static(
            "from_bytes",
            [](const ByteArray& rows) {
                const auto bytes = byte_rows_copied(rows, GtElements::bytes, "elements");
                const NoGil no_gil;
                return GtElements::decode(bytes, "elements");
            },
            py::arg("elements").noconvert(), "Strict decoding of 576 bytes each, membership included.")
        .def(
            "to_bytes",
            [](const GtElements& f) {
                const auto bytes = [&] {
                    const NoGil no_gil;
                    return f.encode();
                }();
                return byte_array(bytes, GtElements::bytes);
            },
            "Canonical encoding.")
        .def_static(
            "one", [](long long count) { return GtElements::one(count_of(count)); }, py::arg("count"),
            "The neutral element, `count` times.")
        .def("__len__", [](const GtElements& f) { return f.size; })
        .def("slice", &sliced<GtElements>, py::arg("range"), "Some of the elements.")
        .def("mul", &mul, py::arg("other"), py::call_guard<NoGil>(), "Products.")
        .def("invert", &invert, py::call_guard<NoGil>(), "Inverses.")
        .def(
            "equal", [](const GtElements& a, const GtElements& b) { return bools(equal(a, b)); },
            py::arg("other"), "Which are equal.")
        .def("product", &product, py::call_guard<NoGil>(), "The product of all: one element.")
        .def(
            "exponentiate",
            [](const GtElements& f, const SecretRows& k) {
                const SecretScalars s = scalars(k, "exponents");
                const NoGil no_gil;
                return exponentiate(f, {s.data(), s.size()});
            },
            py::arg("exponents").noconvert(), "f_j^k_j; constant-time.");
    m.def(
        "multi_exponentiate_vartime",
        [](const std::vector<const GtElements*>& bases, const IntArray& exponents) {
            if (exponents.ndim() != 2 || static_cast<size_t>(exponents.shape(1)) != bases.size())
                fail(ErrorKind::parameter,
                     "exponents: must be an int64 array [rows, " + std::to_string(bases.size()) + "]");
            all_present(bases, "bases");
            const std::vector<int64_t> rows = int_values(exponents);
            const NoGil no_gil;
            return multi_exponentiate_vartime(bases, rows);
        },
        py::arg("bases"), py::arg("exponents").noconvert(),
        "For every row of exponents the product of the bases' powers, lane by lane.");
}

}  // namespace

void bind_pairing(py::module_& module) {
    py::module_ m = module.def_submodule("pairing", "The pairing of BLS12-381, and GT.");
    bind_elements(m);
    native_class<Prepared>(m, "PreparedG2", "Points of G2 with their lines.")
        .def(py::init<const G2Points&>(), py::arg("points"), py::call_guard<NoGil>())
        .def("__len__", &Prepared::size);
    m.def("pair", &pair, py::arg("p"), py::arg("q"), py::call_guard<NoGil>(), "e(P_j, Q_j).");
    m.def("pairing_product", &pairing_product, py::arg("p"), py::arg("q"), py::call_guard<NoGil>(),
          "The product of all e(P_j, Q_j): one element.");
    m.def(
        "multi_pair",
        [](const std::vector<FactorArgument>& factors) {
            const std::vector<Factor> list = factors_of(factors);
            const NoGil no_gil;
            return multi_pair(list);
        },
        py::arg("factors"), "Lane by lane, the product over all factors.");
}
