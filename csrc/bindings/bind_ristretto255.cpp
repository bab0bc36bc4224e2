#include "arrays.hpp"
#include "bytes.hpp"
#include "pyfe/field/scalar.hpp"
#include "pyfe/group/ristretto255/fixed_base.hpp"
#include "pyfe/group/ristretto255/msm.hpp"
#include "pyfe/group/ristretto255/points.hpp"

namespace {

namespace ristretto255 = pyfe::group::ristretto255;
using namespace pyfe::bindings;
using SecretRows = Unprinted<ByteArray>;
using pyfe::ErrorKind;
using pyfe::fail;
using ristretto255::PointVector;
using ristretto255::PublicScalar;
using ristretto255::Scalar;
using ristretto255::SecretScalars;

SecretScalars scalars(const ByteArray& a, const char* name) {
    const auto bytes = byte_rows(a, 32, name);
    SecretScalars out(bytes.size() / 32);
    for (size_t j = 0; j < out.size(); ++j) {
        uint64_t ok;
        out[j] = Scalar::from_bytes(bytes.data() + 32 * j, &ok);
        if (ok == 0)
            fail(ErrorKind::decode,
                 std::string(name) + ": row " + std::to_string(j) + " is not below the group order");
    }
    return out;
}

void require_same(size_t a, size_t b, const char* what) {
    if (a != b)
        fail(ErrorKind::parameter,
             std::string(what) + ": " + std::to_string(a) + " and " + std::to_string(b) + " rows");
}

ByteArray scalar_array(const SecretScalars& s) {
    ByteArray out({static_cast<py::ssize_t>(s.size()), py::ssize_t{32}});
    for (size_t j = 0; j < s.size(); ++j) s[j].to_bytes(out.mutable_data() + 32 * j);
    return out;
}

ByteArray mul(const SecretRows& points, const SecretRows& k) {
    const ByteArray p_array = points.get("points");
    const auto p_bytes = byte_rows_copied(p_array, 32, "points");
    const SecretScalars s = scalars(k.get("scalars"), "scalars");
    require_same(p_bytes.size() / 32, s.size(), "mul");
    std::vector<uint8_t> out(p_bytes.size());
    {
        const NoGil no_gil;
        const PointVector p = PointVector::decode(p_bytes, "points");
        ristretto255::mul_variable(p, {s.data(), s.size()}, out.data());
    }
    return byte_array(out, 32);
}

ByteArray mul_base(const SecretRows& k) {
    const SecretScalars s = scalars(k.get("scalars"), "scalars");
    std::vector<uint8_t> out(32 * s.size());
    {
        const NoGil no_gil;
        ristretto255::mul_base({s.data(), s.size()}, out.data());
    }
    return byte_array(out, 32);
}

template <std::vector<uint8_t> (*Combine)(const PointVector&, const PointVector&)>
ByteArray combine(const ByteArray& a, const ByteArray& b) {
    const auto a_bytes = byte_rows_copied(a, 32, "a"), b_bytes = byte_rows_copied(b, 32, "b");
    require_same(a_bytes.size(), b_bytes.size(), "points");
    std::vector<uint8_t> out;
    {
        const NoGil no_gil;
        out = Combine(PointVector::decode(a_bytes, "a"), PointVector::decode(b_bytes, "b"));
    }
    return byte_array(out, 32);
}

py::array_t<bool> is_valid(const ByteArray& points) {
    const std::vector<uint8_t> ok = ristretto255::is_valid(byte_rows(points, 32, "points"));
    py::array_t<bool> out(static_cast<py::ssize_t>(ok.size()));
    std::copy(ok.begin(), ok.end(), out.mutable_data());
    return out;
}

ByteArray from_uniform_bytes(const ByteArray& data) {
    return byte_array(ristretto255::from_uniform_bytes(byte_rows(data, 64, "data")), 32);
}

ByteArray hash_to_group(const std::vector<py::bytes>& messages, const py::bytes& dst) {
    std::vector<uint8_t> all;
    for (const py::bytes& message : messages) {
        const auto point = ristretto255::hash_to_group(as_span(message), as_span(dst));
        all.insert(all.end(), point.begin(), point.end());
    }
    return byte_array(all, 32);
}

py::array_t<uint8_t> msm_vartime(const ByteArray& points, const ByteArray& k) {
    const auto p_bytes = byte_rows_copied(points, 32, "points");
    const SecretScalars s = scalars(k, "scalars");
    require_same(p_bytes.size() / 32, s.size(), "msm");
    std::vector<uint8_t> out;
    {
        const NoGil no_gil;
        std::vector<PublicScalar> open;
        for (const Scalar& v : s) open.push_back({v});
        out = ristretto255::msm_vartime(PointVector::decode(p_bytes, "points"), open);
    }
    return py::array_t<uint8_t>(32, out.data());
}

ByteArray scalar_reduce(const SecretRows& data) {
    const ByteArray array = data.get("data");
    const auto bytes = byte_rows(array, 64, "data");
    SecretScalars out(bytes.size() / 64);
    for (size_t j = 0; j < out.size(); ++j) out[j] = Scalar::from_wide_bytes(bytes.data() + 64 * j);
    return scalar_array(out);
}

template <Scalar (*Op)(const Scalar&, const Scalar&)>
ByteArray scalar_binary(const SecretRows& a, const SecretRows& b) {
    SecretScalars x = scalars(a.get("a"), "a");
    const SecretScalars y = scalars(b.get("b"), "b");
    require_same(x.size(), y.size(), "scalars");
    for (size_t j = 0; j < x.size(); ++j) x[j] = Op(x[j], y[j]);
    return scalar_array(x);
}

ByteArray scalar_invert(const SecretRows& a) {
    SecretScalars x = scalars(a.get("a"), "a");
    for (Scalar& v : x) v = Scalar::invert(v);
    return scalar_array(x);
}

}  // namespace

void bind_ristretto255(py::module_& module) {
    py::module_ m =
        module.def_submodule("ristretto255", "ristretto255 (RFC 9496) on arrays of wire-form points.");
    m.def("mul", &mul, py::arg("points").noconvert(), py::arg("scalars").noconvert(),
          "k_j P_j for each row; constant-time in the scalars.");
    m.def("mul_base", &mul_base, py::arg("scalars").noconvert(), "k_j G for each row; constant-time.");
    m.def("add", &combine<ristretto255::add>, py::arg("a").noconvert(), py::arg("b").noconvert(),
          "a_j + b_j.");
    m.def("sub", &combine<ristretto255::subtract>, py::arg("a").noconvert(), py::arg("b").noconvert(),
          "a_j - b_j.");
    m.def("is_valid", &is_valid, py::arg("points").noconvert(), "Which rows are canonical encodings.");
    m.def("from_uniform_bytes", &from_uniform_bytes, py::arg("data").noconvert(),
          "The one-way map of RFC 9496, 4.3.4, from 64 bytes a row.");
    m.def("hash_to_group", &hash_to_group, py::arg("messages"), py::arg("dst"),
          "RFC 9380 suite ristretto255_XMD:SHA-512_R255MAP_RO_.");
    m.def("msm_vartime", &msm_vartime, py::arg("points").noconvert(), py::arg("scalars").noconvert(),
          "sum_j k_j P_j for public scalars; vartime.");
    m.def("scalar_reduce", &scalar_reduce, py::arg("data").noconvert(),
          "64 little-endian bytes a row, modulo l.");
    m.def("scalar_add", &scalar_binary<Scalar::add>, py::arg("a").noconvert(), py::arg("b").noconvert(),
          "a + b mod l.");
    m.def("scalar_mul", &scalar_binary<Scalar::mul>, py::arg("a").noconvert(), py::arg("b").noconvert(),
          "a b mod l.");
    m.def("scalar_invert", &scalar_invert, py::arg("a").noconvert(), "1/a mod l; 0 for 0.");
}
