#include <cstring>
#include <memory>

#include "arrays.hpp"
#include "bytes.hpp"
#include "pyfe/field/kernels381.hpp"
#include "pyfe/group/bls12_381/fixed_base.hpp"
#include "pyfe/group/bls12_381/membership.hpp"
#include "pyfe/group/bls12_381/msm.hpp"
#include "pyfe/group/bls12_381/points.hpp"
#include "scalars381.hpp"

namespace {

using namespace pyfe::bindings;
using pyfe::ErrorKind;
using pyfe::fail;
using namespace pyfe::group::bls12_381;

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
    const std::vector<int64_t> s = int_values(k);
    const NoGil no_gil;
    return msm_vartime<Parts>(p, std::span<const int64_t>(s), rows);
}

template <int Parts>
Points<Parts> msm_full(const Points<Parts>& p, const ByteArray& k) {
    const size_t rows = rows_of(k, 3, "scalars: must be a uint8 array [n, 32] or [rows, n, 32]");
    if (k.shape(k.ndim() - 1) != 32) fail(ErrorKind::parameter, "scalars: must have 32 bytes each");
    const std::vector<PublicFr> s = public_scalars(k);
    const NoGil no_gil;
    return msm_vartime<Parts>(p, std::span<const PublicFr>(s), rows);
}

template <int Parts>
Points<Parts> msm_cohort(const Points<Parts>& p, const IntArray& k, size_t cohort) {
    const std::vector<int64_t> s = int_vector(k, "scalars");
    const NoGil no_gil;
    return msm_cohort_vartime<Parts>(p, std::span<const int64_t>(s), cohort);
}

template <int Parts>
Points<Parts> msm_cohort_full(const Points<Parts>& p, const ByteArray& k, size_t cohort) {
    byte_rows(k, 32, "scalars");
    const std::vector<PublicFr> s = public_scalars(k);
    const NoGil no_gil;
    return msm_cohort_vartime<Parts>(p, std::span<const PublicFr>(s), cohort);
}

template <int Parts>
Points<Parts> hashed(const std::vector<py::bytes>& messages, const py::bytes& dst) {
    std::vector<std::span<const uint8_t>> spans;
    for (const py::bytes& message : messages) spans.push_back(as_span(message));
    const NoGil no_gil;
    return Points<Parts>::hash(spans, as_span(dst));
}

template <int Parts>
Points<Parts> multiply_fixed(const FixedBase<Parts>& base, const SecretRows& k) {
    const SecretScalars s = scalars(k, "scalars");
    const NoGil no_gil;
    return base.multiply({s.data(), s.size()});
}

template <int Parts>
void bind_fixed_base(py::module_& m, const char* name, const char* doc) {
    native_class<FixedBase<Parts>>(m, name, doc)
        .def(py::init<const Points<Parts>&>(), py::arg("base"), py::call_guard<NoGil>())
        .def("multiply", &multiply_fixed<Parts>, py::arg("scalars").noconvert(),
             "k_j base; constant-time in k.");
}

template <int Parts>
void bind_points(py::module_& m, const char* name, const char* doc) {
    using P = Points<Parts>;
    native_class<P>(m, name, doc)
        .def_static(
            "from_bytes",
            [](const ByteArray& rows) {
                const auto bytes = byte_rows_copied(rows, P::bytes, "points");
                const NoGil no_gil;
                return P::decode(bytes, "points");
            },
            py::arg("points").noconvert(), "Strict decoding of compressed points, subgroup included.")
        .def(
            "to_bytes",
            [](const P& p) {
                const auto bytes = [&] {
                    const NoGil no_gil;
                    return p.encode();
                }();
                return byte_array(bytes, P::bytes);
            },
            "Compressed points.")
        .def_static("hash_to_curve", &hashed<Parts>, py::arg("messages"), py::arg("dst"),
                    Parts == 1 ? "RFC 9380 suite BLS12381G1_XMD:SHA-256_SSWU_RO_."
                               : "RFC 9380 suite BLS12381G2_XMD:SHA-256_SSWU_RO_.")
        .def_static(
            "generator", [](long long count) { return P::generator(count_of(count)); }, py::arg("count"),
            "The generator, `count` times.")
        .def_static(
            "identity", [](long long count) { return P::identity(count_of(count)); }, py::arg("count"),
            "The identity, `count` times.")
        .def("__len__", [](const P& p) { return p.size; })
        .def("slice", &sliced<P>, py::arg("range"), "Some of the points.")
        .def("add", &add<Parts>, py::arg("other"), py::call_guard<NoGil>(), "Sums.")
        .def("negate", &negate<Parts>, py::call_guard<NoGil>(), "Negatives.")
        .def(
            "multiply",
            [](const P& p, const SecretRows& k) {
                const SecretScalars s = scalars(k, "scalars");
                const NoGil no_gil;
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

ByteArray to_rows(const SecretScalars& s) {
    ByteArray out({static_cast<py::ssize_t>(s.size()), py::ssize_t{32}});
    for (size_t j = 0; j < s.size(); ++j) s[j].to_bytes(out.mutable_data() + 32 * j);
    return out;
}

ByteArray combined(Fr (*operation)(const Fr&, const Fr&), const SecretRows& a, const SecretRows& b) {
    SecretScalars x = scalars(a, "a");
    const SecretScalars y = scalars(b, "b");
    if (x.size() != y.size())
        fail(ErrorKind::parameter, "scalars: batches of " + std::to_string(x.size()) + " and " +
                                       std::to_string(y.size()) + " do not match");
    for (size_t j = 0; j < x.size(); ++j) x[j] = operation(x[j], y[j]);
    return to_rows(x);
}

void bind_scalars(py::module_& m) {
    m.def(
        "scalar_reduce",
        [](const SecretRows& rows) {
            const ByteArray array = rows.get("data");
            const auto bytes = byte_rows(array, 64, "data");
            SecretScalars out(bytes.size() / 64);
            for (size_t j = 0; j < out.size(); ++j) out[j] = Fr::from_wide_bytes(bytes.data() + 64 * j);
            return to_rows(out);
        },
        py::arg("data").noconvert(), "64 bytes a row, modulo r.");
    m.def(
        "scalar_add", [](const SecretRows& a, const SecretRows& b) { return combined(Fr::add, a, b); },
        py::arg("a").noconvert(), py::arg("b").noconvert(), "Sums modulo r.");
    m.def(
        "scalar_mul", [](const SecretRows& a, const SecretRows& b) { return combined(Fr::mul, a, b); },
        py::arg("a").noconvert(), py::arg("b").noconvert(), "Products modulo r.");
    m.def(
        "scalar_invert",
        [](const SecretRows& a) {
            SecretScalars x = scalars(a, "a");
            for (Fr& value : x) value = Fr::invert(value);
            return to_rows(x);
        },
        py::arg("a").noconvert(), "Inverses modulo r; 0 for 0.");
}

namespace fp = pyfe::field::bls12_381;

// Up to twelve integers below 2^384, 48 little-endian bytes each, in every lane
void spread(const py::bytes& data, fp::Fp12Block* out) {
    const auto bytes = as_span(data);
    if (bytes.size() > 12 * 48 || bytes.size() % 48 != 0)
        fail(ErrorKind::parameter, "multiply_chain: at most twelve coefficients of 48 bytes");
    for (size_t i = 0; i < bytes.size() / 8; ++i) {
        uint64_t word;
        std::memcpy(&word, &bytes[8 * i], 8);
        for (uint64_t& lane : (*out)[i / 6][i % 6]) lane = word;
    }
}

// These two cannot be interrupted: a minute at most
void require_times(size_t times) {
    constexpr size_t most = size_t{1} << 28;
    if (times > most) fail(ErrorKind::parameter, "times: must be at most " + std::to_string(most));
}

py::bytes multiply_chain(const std::string& field, const py::bytes& a, const py::bytes& b, size_t times) {
    require_times(times);
    const fp::FpKernels& k = fp::fp_kernels();
    alignas(64) fp::Fp12Block x{}, y{}, product{};
    spread(a, &x);
    spread(b, &y);
    const auto chain = field == "fp"     ? k.fp_mul_chain
                       : field == "fp2"  ? k.fp2_mul_chain
                       : field == "fp12" ? k.fp12_mul_chain
                                         : nullptr;
    if (chain == nullptr) fail(ErrorKind::parameter, "multiply_chain: field must be fp, fp2 or fp12");
    chain(&x, &y, times, &product);
    std::string out(12 * 48, 0);
    for (size_t i = 0; i < 72; ++i) std::memcpy(&out[8 * i], &product[i / 6][i % 6][0], 8);
    return py::bytes(out);
}

bool multiplier_floor(size_t times, bool one_a_cycle) {
    require_times(times);
    alignas(64) uint64_t rows[1][8] = {{1, 2, 3, 4, 5, 6, 7, 8}};
    const fp::FpKernels& k = fp::fp_kernels();
    const auto floor = one_a_cycle ? k.multiplier_floor_one_a_cycle : k.multiplier_floor;
    if (floor != nullptr) floor(times, rows);
    return floor != nullptr;
}

void bind_membership(py::module_& m) {
    m.def("batched_membership_from", &batched_membership_from,
          "From how many points on decoders test membership by random combinations.");
    m.def("set_batched_membership_from", &set_batched_membership_from, py::arg("points"),
          "For benchmarks and tests: changes what decoding costs, not what it accepts.");
}

// What benchmarks see of the base field
void bind_yardsticks(py::module_& m) {
    m.def("multiply_chain", &multiply_chain, py::arg("field"), py::arg("a"), py::arg("b"), py::arg("times"),
          "a b^times in fp, fp2 or fp12 by dependent multiplications, the same in all eight lanes.");
    m.def("multiplier_floor", &multiplier_floor, py::arg("times"), py::arg("one_a_cycle") = false,
          "Spends 256 `times` multiply-adds of eight lanes, as many a cycle as the CPU can or one a cycle; "
          "False where there are none.");
}

}  // namespace

void bind_bls12_381(py::module_& module) {
    py::module_ m = module.def_submodule("bls12_381", "Batches of points of BLS12-381.");
    bind_points<1>(m, "G1Points", "Points of G1.");
    bind_points<2>(m, "G2Points", "Points of G2.");
    bind_fixed_base<1>(m, "G1FixedBase", "A table of multiples of one point of G1.");
    bind_fixed_base<2>(m, "G2FixedBase", "A table of multiples of one point of G2.");
    bind_scalars(m);
    bind_membership(m);
    bind_yardsticks(m);
}
