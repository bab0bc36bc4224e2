#include <memory>

#include "arrays.hpp"
#include "bytes.hpp"
#include "pyfe/field/fr.hpp"
#include "pyfe/group/bls12_381/fixed_base.hpp"
#include "pyfe/group/bls12_381/msm.hpp"
#include "pyfe/group/bls12_381/points.hpp"

namespace {

using namespace pyfe::bindings;
using SecretRows = Unprinted<ByteArray>;
using pyfe::ErrorKind;
using pyfe::fail;
using namespace pyfe::group::bls12_381;
using SecretScalars = pyfe::SecretVector<Fr>;

SecretScalars scalars(const SecretRows& rows, const char* name) {
    const ByteArray array = rows.get(name);
    const auto bytes = byte_rows(array, 32, name);
    SecretScalars out(bytes.size() / 32);
    for (size_t j = 0; j < out.size(); ++j) {
        uint64_t ok;
        out[j] = Fr::from_bytes(bytes.data() + 32 * j, &ok);
        if (ok == 0)
            fail(ErrorKind::decode,
                 std::string(name) + ": row " + std::to_string(j) + " is not below the group order");
    }
    return out;
}

// [n] or [rows, n]; the number of rows
template <class Array>
size_t rows_of(const Array& k, py::ssize_t matrix, const char* what) {
    if (k.ndim() != matrix && k.ndim() != matrix - 1) fail(ErrorKind::parameter, what);
    return k.ndim() == matrix ? static_cast<size_t>(k.shape(0)) : 1;
}

std::vector<PublicFr> public_scalars(const ByteArray& k) {
    std::vector<PublicFr> out(static_cast<size_t>(k.size()) / 32);
    for (size_t j = 0; j < out.size(); ++j) {
        uint64_t ok;
        out[j].value = Fr::from_bytes(k.data() + 32 * j, &ok);
        if (ok == 0)
            fail(ErrorKind::decode, "scalars: number " + std::to_string(j) + " is not below the group order");
    }
    return out;
}

template <int Parts>
Points<Parts> msm(const Points<Parts>& p, const IntArray& k) {
    const size_t rows = rows_of(k, 2, "scalars: must be an int64 array [n] or [rows, n]");
    py::gil_scoped_release release;
    return msm_vartime<Parts>(p, std::span<const int64_t>(k.data(), static_cast<size_t>(k.size())), rows);
}

template <int Parts>
Points<Parts> msm_full(const Points<Parts>& p, const ByteArray& k) {
    const size_t rows = rows_of(k, 3, "scalars: must be a uint8 array [n, 32] or [rows, n, 32]");
    if (k.shape(k.ndim() - 1) != 32) fail(ErrorKind::parameter, "scalars: must have 32 bytes each");
    const std::vector<PublicFr> s = public_scalars(k);
    py::gil_scoped_release release;
    return msm_vartime<Parts>(p, std::span<const PublicFr>(s), rows);
}

template <int Parts>
Points<Parts> msm_cohort(const Points<Parts>& p, const IntArray& k, size_t cohort) {
    const std::vector<int64_t> s = int_vector(k, "scalars");
    py::gil_scoped_release release;
    return msm_cohort_vartime<Parts>(p, std::span<const int64_t>(s), cohort);
}

template <int Parts>
Points<Parts> msm_cohort_full(const Points<Parts>& p, const ByteArray& k, size_t cohort) {
    byte_rows(k, 32, "scalars");
    const std::vector<PublicFr> s = public_scalars(k);
    py::gil_scoped_release release;
    return msm_cohort_vartime<Parts>(p, std::span<const PublicFr>(s), cohort);
}

template <int Parts>
Points<Parts> sliced(const Points<Parts>& p, const py::slice& range) {
    py::ssize_t start = 0, stop = 0, step = 0, count = 0;
    if (!range.compute(static_cast<py::ssize_t>(p.size), &start, &stop, &step, &count))
        throw py::error_already_set();
    return p.slice(static_cast<size_t>(start), step, static_cast<size_t>(count));
}

template <int Parts>
Points<Parts> multiply_fixed(const FixedBase<Parts>& base, const SecretRows& k) {
    const SecretScalars s = scalars(k, "scalars");
    py::gil_scoped_release release;
    return base.multiply({s.data(), s.size()});
}

template <int Parts>
void bind_fixed_base(py::module_& m, const char* name, const char* doc) {
    py::class_<FixedBase<Parts>>(m, name, py::module_local(), doc)
        .def(py::init<const Points<Parts>&>(), py::arg("base"), py::call_guard<py::gil_scoped_release>())
        .def("multiply", &multiply_fixed<Parts>, py::arg("scalars").noconvert(),
             "k_j base; constant-time in k.");
}

template <int Parts>
void bind_points(py::module_& m, const char* name, const char* doc) {
    using P = Points<Parts>;
    py::class_<P>(m, name, py::module_local(), doc)
        .def_static(
            "from_bytes",
            [](const ByteArray& rows) {
                const auto bytes = byte_rows(rows, P::bytes, "points");
                py::gil_scoped_release release;
                return P::decode(bytes, "points");
            },
            py::arg("points").noconvert(), "Strict decoding of compressed points, subgroup included.")
        .def(
            "to_bytes", [](const P& p) { return byte_array(p.encode(), P::bytes); }, "Compressed points.")
        .def_static("generator", &P::generator, py::arg("count"), "The generator, `count` times.")
        .def_static("identity", &P::identity, py::arg("count"), "The identity, `count` times.")
        .def("__len__", [](const P& p) { return p.size; })
        .def("slice", &sliced<Parts>, py::arg("range"), "Some of the points.")
        .def("add", &add<Parts>, py::arg("other"), py::call_guard<py::gil_scoped_release>(), "Sums.")
        .def("negate", &negate<Parts>, py::call_guard<py::gil_scoped_release>(), "Negatives.")
        .def(
            "multiply",
            [](const P& p, const SecretRows& k) {
                const SecretScalars s = scalars(k, "scalars");
                py::gil_scoped_release release;
                return multiply<Parts>(p, {s.data(), s.size()});
            },
            py::arg("scalars").noconvert(), "k_j P_j; constant-time.")
        .def_static(
            "multiply_generator",
            [](const SecretRows& k) { return multiply_fixed(FixedBase<Parts>::generator(), k); },
            py::arg("scalars").noconvert(), "k_j times the generator; constant-time.")
        .def("msm_vartime", &msm<Parts>, py::arg("scalars").noconvert(),
             "sum_j k_j P_j, one for each row of the int64 scalars; public scalars only.")
        .def("msm_full_vartime", &msm_full<Parts>, py::arg("scalars").noconvert(),
             "The same for scalars of 32 bytes each.")
        .def("msm_cohort_vartime", &msm_cohort<Parts>, py::arg("scalars").noconvert(), py::arg("cohort"),
             "sum_j k_j P_jc for c below `cohort`; P_jc is point j * cohort + c. Public int64 scalars only.")
        .def("msm_cohort_full_vartime", &msm_cohort_full<Parts>, py::arg("scalars").noconvert(),
             py::arg("cohort"), "The same for scalars of 32 bytes each.");
}

}  // namespace

void bind_bls12_381(py::module_& module) {
    py::module_ m = module.def_submodule("bls12_381", "Batches of points of BLS12-381.");
    bind_points<1>(m, "G1Points", "Points of G1.");
    bind_points<2>(m, "G2Points", "Points of G2.");
    bind_fixed_base<1>(m, "G1FixedBase", "A table of multiples of one point of G1.");
    bind_fixed_base<2>(m, "G2FixedBase", "A table of multiples of one point of G2.");
}
