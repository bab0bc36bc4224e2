#include "objects.hpp"
#include "pyfe/ipfe_rlwe/estimate.hpp"
#include "pyfe/ipfe_rlwe/margin.hpp"

namespace {

using namespace pyfe::bindings;
using namespace pyfe::ipfe_rlwe;
using pyfe::ErrorKind;
using pyfe::fail;

constexpr unsigned kWordBits = 64;

py::int_ python_int(const Integer& v) {
    py::object out = py::int_(0);
    for (unsigned at = (v.bit_length() + kWordBits - 1) / kWordBits * kWordBits; at > 0; at -= kWordBits) {
        const Integer from_here = v >> (at - kWordBits);
        const uint64_t word = (from_here - (from_here >> kWordBits << kWordBits)).to_u64();
        out = (out << py::int_(kWordBits)) | py::int_(word);
    }
    return out;
}

Integer integer(const py::int_& v, const char* name) {
    if (v < py::int_(0)) fail(ErrorKind::parameter, std::string(name) + " is negative");
    const auto bits = v.attr("bit_length")().cast<uint64_t>();
    if (bits > Integer::kBits) fail(ErrorKind::out_of_range, std::string(name) + " has more than 1024 bits");
    Integer out;
    for (uint64_t at = (bits + kWordBits - 1) / kWordBits * kWordBits; at > 0; at -= kWordBits) {
        const py::object word = (v >> py::int_(at - kWordBits)) & py::int_(UINT64_MAX);
        out = (out << kWordBits) + word.cast<uint64_t>();
    }
    return out;
}

uint64_t positive(int64_t v) { return v < 0 ? 0 : static_cast<uint64_t>(v); }

Parameters make_parameters(int64_t n, const IntArray& lo, const IntArray& hi, int64_t y_bound, int64_t sum_w,
                           const py::bytes& context, int64_t ring_dimension, const std::string& widths) {
    if (widths != "paper" && widths != "tight")
        fail(ErrorKind::parameter, "parameters: widths = \"" + widths + "\" is not \"paper\"");
    require_built(positive(ring_dimension), widths == "paper" ? Widths::paper : Widths::tight);
    Parameters p(int_vector(lo, "x_lo"), int_vector(hi, "x_hi"), positive(y_bound), positive(sum_w),
                 as_id(context, "context"));
    if (n < 0 || p.n() != static_cast<size_t>(n))
        fail(ErrorKind::parameter,
             "parameters: n = " + std::to_string(n) + ", but x_lo has " + std::to_string(p.n()) + " entries");
    return p;
}

py::bytes parameters_bytes(const Parameters& p) {
    pyfe::Writer w;
    p.write(w);
    return as_bytes(w.take());
}

Parameters parameters_from(const py::bytes& data) {
    pyfe::Reader in(as_span(data), "parameters");
    Parameters p = Parameters::read(in);
    in.finish();
    return p;
}

double in_bits(uint64_t e4) { return static_cast<double>(e4) / 10000; }

Weights weights_of(const std::array<py::int_, 3>& w) {
    return {integer(w[0], "weights").to_u64(), integer(w[1], "weights").to_u64(),
            integer(w[2], "weights").to_u128()};
}

using WeightTriple = std::array<py::int_, 3>;

std::pair<int64_t, int64_t> interval(const Parameters& p, const IntArray& y, const WeightTriple& weights) {
    const pyfe::Interval i = result_interval(p, int_vector(y, "y"), weights_of(weights));
    return {i.lo, i.hi};
}

py::int_ rounding(const IntArray& y, const WeightTriple& weights, size_t primes) {
    return python_int(rounding_bound(FunctionNorms::of(int_vector(y, "y")), weights_of(weights), primes));
}

std::tuple<py::int_, bool, py::int_> margin(const Parameters& p, const IntArray& y, const py::int_& error,
                                            const py::int_& key, const WeightTriple& weights) {
    const std::vector<int64_t> f = int_vector(y, "y");
    const Weights w = weights_of(weights);
    const Integer b = noise_margin(p, FunctionNorms::of(f), {integer(error, "error"), integer(key, "key")}, w,
                                   result_interval(p, f, w));
    const bool noisy = key_too_noisy(p, b);
    return {python_int(b), noisy, noisy ? py::int_(0) : python_int(Integer::of(residual_limit(p, b)))};
}

void bind_parameters(py::module_& m) {
    native_class<Parameters>(
        m, "Parameters",
        "n, the box of x, the bounds of y and of later weights, the context (schema id), and "
        "what follows from them.")
        .def(py::init(&make_parameters), py::arg("n"), py::arg("x_lo").noconvert(),
             py::arg("x_hi").noconvert(), py::arg("y_bound"), py::arg("sum_w") = 1,
             py::arg("context") = py::bytes(std::string(32, '\0')), py::arg("ring_dimension") = kRing,
             py::arg("widths") = "paper")
        .def_property_readonly("n", &Parameters::n)
        .def_property_readonly("x_lo", [](const Parameters& p) { return int_array(p.x.lo); })
        .def_property_readonly("x_hi", [](const Parameters& p) { return int_array(p.x.hi); })
        .def_readonly("y_bound", &Parameters::y_bound)
        .def_readonly("sum_w", &Parameters::sum_w)
        .def_property_readonly("context", [](const Parameters& p) { return as_bytes(p.context); })
        .def_property_readonly(
            "ring_dimension", [](const Parameters&) { return kRing; }, "N: slots of a ciphertext.")
        .def_property_readonly(
            "sigma_256",
            [](const Parameters& p) { return py::make_tuple(p.sigma[0], p.sigma[1], p.sigma[2]); },
            "Standard deviations of s_i and e_i, of r and f0, and of f_i, times 256.")
        .def_property_readonly(
            "K", [](const Parameters& p) { return python_int(Integer::of(p.K)); },
            "Results count modulo this.")
        .def_readonly("b", &Parameters::b, "Bits that are kept of a coefficient.")
        .def_property_readonly(
            "primes", [](const Parameters& p) { return py::tuple(py::cast(p.primes)); },
            "q_1 < q_2 < .., whose product is q.")
        .def_property_readonly("q", [](const Parameters& p) { return python_int(p.q()); })
        .def_readonly("block_size", &Parameters::beta, "Of the best attack known to the estimate.")
        .def_property_readonly("classical_bits",
                               [](const Parameters& p) { return in_bits(classical_bits_e4(p.beta)); })
        .def_property_readonly("quantum_bits",
                               [](const Parameters& p) { return in_bits(quantum_bits_e4(p.beta)); })
        .def_property_readonly("id", [](const Parameters& p) { return as_bytes(p.id()); })
        .def("to_bytes", &parameters_bytes)
        .def_static("from_bytes", &parameters_from, py::arg("data"))
        .def("__repr__", [](const Parameters& p) {
            return "<ipfe_rlwe.Parameters n=" + std::to_string(p.n()) +
                   " y_bound=" + std::to_string(p.y_bound) + ">";
        });
}

}  // namespace

void bind_ipfe_rlwe(py::module_& module) {
    py::module_ m = module.def_submodule("ipfe_rlwe", "Inner products from Ring-LWE.");
    bind_parameters(m);
    m.def(
        "block_size",
        [](uint64_t ring_dimension, const py::int_& q) {
            return block_size(ring_dimension, integer(q, "q"));
        },
        py::arg("ring_dimension"), py::arg("q"),
        "The estimate by itself: core-SVP, primal attack, sigma = 3.5.");
    m.def("interval", &interval, py::arg("parameters"), py::arg("y").noconvert(), py::arg("weights"),
          "Where results lie. Weights: (w+, w-, W2).");
    m.def("rounding_bound", &rounding, py::arg("y").noconvert(), py::arg("weights"), py::arg("primes"),
          "R(y), times 2^16.");
    m.def("noise_margin", &margin, py::arg("parameters"), py::arg("y").noconvert(), py::arg("error_squared"),
          py::arg("key_squared"), py::arg("weights"),
          "B'(y) times 2^16, whether that is too noisy to be used, and floor(K B') where it is not.");
}
