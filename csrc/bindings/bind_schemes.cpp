#include <array>
#include <optional>
#include <utility>

#include "objects.hpp"
#include "pyfe/schemes/decoded.hpp"
#include "pyfe/schemes/readout.hpp"

namespace {

using namespace pyfe::bindings;
using pyfe::ErrorKind;
using pyfe::fail;
using pyfe::schemes::Label;
using pyfe::schemes::Link;
using pyfe::schemes::Readout;
using FloatArray = py::array_t<double, py::array::c_style>;
using TypedText = std::pair<std::string, std::string>;

// Python's names of the types, in the order of their numbers
constexpr std::array<const char*, 4> type_names = {"bool", "int", "float", "str"};

Label as_label(const TypedText& given) {
    for (size_t type = 0; type < type_names.size(); ++type)
        if (given.first == type_names[type]) return {static_cast<Label::Type>(type), given.second};
    fail(ErrorKind::parameter, "readout: a label is a bool, int, float or str, not a " + given.first);
}

std::vector<double> floats(const FloatArray& a, const char* name) {
    if (a.ndim() != 1) fail(ErrorKind::parameter, std::string(name) + ": must be a float64 array [k]");
    std::vector<double> out(static_cast<size_t>(a.size()));
    if (!out.empty()) std::memcpy(out.data(), a.data(), out.size() * sizeof(double));
    return out;
}

FloatArray float_array(const std::vector<double>& v) {
    return FloatArray(static_cast<py::ssize_t>(v.size()), v.data());
}

Readout make_readout(const IntArray& intercepts, const FloatArray& scales, const FloatArray& max_errors,
                     int64_t link, const std::optional<std::vector<TypedText>>& classes,
                     std::optional<double> baseline_survival) {
    if (link < 0 || link > static_cast<int64_t>(pyfe::schemes::kLastLink))
        fail(ErrorKind::parameter, "readout: unknown link " + std::to_string(link));
    Readout r;
    r.intercepts = int_vector(intercepts, "intercepts");
    r.scales = floats(scales, "scales");
    r.max_errors = floats(max_errors, "max_errors");
    r.link = static_cast<Link>(link);
    for (const TypedText& label : classes.value_or(std::vector<TypedText>{}))
        r.classes.push_back(as_label(label));
    r.baseline_survival = baseline_survival.value_or(0);
    r.require_valid();
    return r;
}

std::optional<std::vector<TypedText>> classes_of(const Readout& r) {
    if (r.classes.empty()) return std::nullopt;
    std::vector<TypedText> out;
    for (const Label& label : r.classes)
        out.emplace_back(type_names[static_cast<size_t>(label.type)], label.text);
    return out;
}

std::optional<double> survival_of(const Readout& r) {
    return r.link == Link::cox ? std::optional(r.baseline_survival) : std::nullopt;
}

// long long, so that a negative limit is a ParameterError like any other bad one.
void set_decoded_megabytes(long long megabytes) {
    pyfe::schemes::set_decoded_limit(megabytes < 0 ? UINT64_MAX : static_cast<uint64_t>(megabytes));
}

}  // namespace

void bind_schemes(py::module_& module) {
    module.def("decoded_megabytes", pyfe::schemes::decoded_limit,
               "Memory that batches may take for decoded points, all together, in 10^6 bytes.");
    module.def("set_decoded_megabytes", set_decoded_megabytes, py::arg("n"),
               "Set that limit, from 0. What is kept already stays until its batches go.");
    py::module_ m = module.def_submodule("schemes", "What the objects of all schemes share.");
    native_class<Readout>(
        m, "Readout",
        "How the integers that a key opens are read: score = u + intercept, decision value = scale * score, "
        "then the link (a number; docs/reference/formats.md). Classes are pairs (type, text).")
        .def(py::init(&make_readout), py::arg("intercepts").noconvert(), py::arg("scales").noconvert(),
             py::arg("max_errors").noconvert(), py::arg("link"), py::arg("classes") = py::none(),
             py::arg("baseline_survival") = py::none())
        .def_property_readonly("intercepts", [](const Readout& r) { return int_array(r.intercepts); })
        .def_property_readonly("scales", [](const Readout& r) { return float_array(r.scales); })
        .def_property_readonly("max_errors", [](const Readout& r) { return float_array(r.max_errors); })
        .def_property_readonly("link", [](const Readout& r) { return static_cast<unsigned>(r.link); })
        .def_property_readonly("classes", &classes_of)
        .def_property_readonly("baseline_survival", &survival_of)
        .def("__repr__", [](const Readout& r) {
            return "<schemes.Readout of " + std::to_string(r.intercepts.size()) + " functions>";
        });
}
