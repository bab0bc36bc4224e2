#include <pybind11/numpy.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/dlog/dlog.hpp"
#include "pyfe/group/ristretto255/kernels.hpp"
#include "pyfe/group/ristretto255/points.hpp"

namespace {

namespace ristretto255 = pyfe::group::ristretto255;
using Wire = py::array_t<std::uint8_t, py::array::c_style>;

using pyfe::dlog::LogGroup;

LogGroup parse_group(const std::string& name) {
    if (name == "ristretto255") return LogGroup::ristretto255;
    if (name == "bls12_381_g1") return LogGroup::bls12_381_g1;
    if (name == "bls12_381_gt") return LogGroup::bls12_381_gt;
    pyfe::fail(pyfe::ErrorKind::parameter,
               "small logs: the group '" + name + "' is none of ristretto255, bls12_381_g1, bls12_381_gt");
}

std::uint64_t as_width(long long width) {
    if (width < 0)
        pyfe::fail(pyfe::ErrorKind::parameter,
                   "small logs: the width " + std::to_string(width) + " is negative");
    return static_cast<std::uint64_t>(width);
}

py::object path_or_none(const std::string& path) {
    if (path.empty()) return py::none();
    return py::reinterpret_steal<py::object>(
        PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size())));
}

py::dict plan(long long width, const std::string& group) {
    const pyfe::dlog::Plan p = pyfe::dlog::plan(as_width(width), parse_group(group));
    py::dict out;
    out["table_entries"] = p.table_entries;
    out["table_bytes"] = p.table_bytes;
    out["steps_worst"] = p.steps_worst;
    out["in_memory"] = p.in_memory;
    out["path"] = path_or_none(p.path);
    out["ready"] = p.ready;
    return out;
}

py::dict prepare(long long width, const std::string& group) {
    const LogGroup in = parse_group(group);
    pyfe::dlog::Prepared p;
    {
        const pyfe::bindings::NoGil no_gil;
        p = pyfe::dlog::prepare(as_width(width), in);
    }
    pyfe::bindings::give_notices();
    py::dict out;
    out["seconds"] = p.seconds;
    out["built"] = p.built;
    out["path"] = path_or_none(p.path);
    return out;
}

void require_all(const std::vector<std::uint8_t>& found, pyfe::Interval interval, const char* what) {
    for (std::size_t j = 0; j < found.size(); ++j) {
        if (found[j] != 0) continue;
        pyfe::fail(pyfe::ErrorKind::out_of_range,
                   std::string("small logs: the log of ") + what + " " + std::to_string(j) + " is not from " +
                       std::to_string(interval.lo) + " to " + std::to_string(interval.hi));
    }
}

void solve_all(std::span<const std::uint8_t> wire, pyfe::Interval interval, std::int64_t* z) {
    const auto decoded = ristretto255::PointVector::decode(wire, "small logs");
    std::vector<ristretto255::PointBlock> points(decoded.blocks.size());
    ristretto255::kernels().from_affine(decoded.blocks.data(), points.size(), points.data());
    std::vector<std::uint8_t> found(decoded.size);
    pyfe::dlog::solve_vartime(points.data(), decoded.size, interval, z, found.data());
    require_all(found, interval, "point");
}

// A batch of G1 or of GT
template <class Batch>
py::array_t<std::int64_t> solve_batch(const Batch& batch, std::int64_t lo, std::int64_t hi) {
    py::array_t<std::int64_t> z(static_cast<py::ssize_t>(batch.size));
    std::int64_t* const out = z.mutable_data();
    {
        const pyfe::bindings::NoGil no_gil;
        std::vector<std::uint8_t> found(batch.size);
        pyfe::dlog::solve_vartime(batch, {lo, hi}, out, found.data());
        require_all(found, {lo, hi}, "element");
    }
    pyfe::bindings::give_notices();
    return z;
}

py::array_t<std::int64_t> solve(const Wire& points, std::int64_t lo, std::int64_t hi) {
    if (points.ndim() != 2 || points.shape(1) != 32)
        pyfe::fail(pyfe::ErrorKind::parameter, "small logs: points must have the shape [N, 32]");
    py::array_t<std::int64_t> z(points.shape(0));
    const std::vector<std::uint8_t> wire = pyfe::bindings::byte_rows_copied(points, 32, "small logs: points");
    std::int64_t* const out = z.mutable_data();
    {
        const pyfe::bindings::NoGil no_gil;
        solve_all(wire, {lo, hi}, out);
    }
    pyfe::bindings::give_notices();
    return z;
}

}  // namespace

void bind_dlog(py::module_& module) {
    py::module_ dlog =
        module.def_submodule("dlog", "Batches of signed small logs on ristretto255, and in G1 and GT.");
    dlog.def("plan", plan, py::arg("width"), py::arg("group") = "ristretto255",
             "What a search over an interval of hi - lo = width needs: dict(table_entries, table_bytes, "
             "steps_worst, "
             "in_memory, path, ready). group: ristretto255, bls12_381_g1 or bls12_381_gt. Builds nothing. "
             "OutOfRangeError above 2^44.");
    dlog.def("prepare", prepare, py::arg("width"), py::arg("group") = "ristretto255",
             "Build or read the table now: dict(seconds, built, path). OutOfRangeError above 2^44.");
    dlog.def(
        "solve", solve, py::arg("points").noconvert(), py::arg("lo"), py::arg("hi"),
        "z[N], int64, from the encodings of z_j G, uint8[N, 32], lo <= z_j <= hi. The search is complete: "
        "OutOfRangeError names the first point whose log is not in the interval. DecodeError for bad "
        "encodings.");
    dlog.def("solve", solve_batch<pyfe::group::bls12_381::G1Points>, py::arg("points"), py::arg("lo"),
             py::arg("hi"), "The same in G1, to its generator.");
    dlog.def("solve", solve_batch<pyfe::pairing::GtElements>, py::arg("elements"), py::arg("lo"),
             py::arg("hi"), "The same in GT, to the pairing of the generators.");
}
