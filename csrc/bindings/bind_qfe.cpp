#include <optional>

#include "objects.hpp"
#include "pyfe/qfe/scheme.hpp"
#include "verbs.hpp"

namespace {

using namespace pyfe::bindings;
using namespace pyfe::qfe;
using pyfe::ErrorKind;
using pyfe::fail;

Parameters make_parameters(int64_t k, const IntArray& x_lo, const IntArray& x_hi, int64_t f_bound,
                           const std::optional<IntArray>& y_lo, const std::optional<IntArray>& y_hi,
                           const py::bytes& context) {
    if (y_lo.has_value() != y_hi.has_value())
        fail(ErrorKind::parameter, "parameters: give both y_lo and y_hi, or none");
    Box y;
    if (y_lo) y = {int_vector(*y_lo, "y_lo"), int_vector(*y_hi, "y_hi")};
    if (y_lo && y.lo.empty()) fail(ErrorKind::parameter, "parameters: m is 0, must be at least 1");
    return {k < 0 ? 0 : static_cast<uint32_t>(std::min<int64_t>(k, UINT32_MAX)),
            {int_vector(x_lo, "x_lo"), int_vector(x_hi, "x_hi")},
            std::move(y),
            f_bound < 0 ? 0 : static_cast<uint64_t>(f_bound),
            as_id(context, "context")};
}

uint32_t index(int64_t value) {
    if (value < 0 || value > UINT32_MAX) fail(ErrorKind::parameter, "F: an index does not fit in 32 bits");
    return static_cast<uint32_t>(value);
}

// Places and values of the entries that are not zero, by (form, column, row)
Forms make_matrices(size_t count, size_t n, size_t m, const IntArray& form, const IntArray& row,
                    const IntArray& column, const IntArray& value) {
    if (form.ndim() != 1 || row.size() != form.size() || column.size() != form.size() ||
        value.size() != form.size())
        fail(ErrorKind::parameter, "F: form, row, column and value must be int64 arrays of one length");
    std::vector<Entries> forms(count);
    for (py::ssize_t at = 0; at < form.size(); ++at) {
        const uint32_t f = index(form.data()[at]);
        if (f >= count)
            fail(ErrorKind::parameter, "F: form " + std::to_string(f) + " of " + std::to_string(count));
        forms[f].push_back({index(row.data()[at]), index(column.data()[at]), value.data()[at]});
    }
    return Forms::matrices(n, m, std::move(forms));
}

std::vector<int64_t> flat(const IntArray& a, const char* name) {
    if (a.ndim() != 2) fail(ErrorKind::parameter, std::string(name) + ": must be an int64 matrix");
    return int_values(a);
}

Forms make_factored(const IntArray& u, const std::optional<IntArray>& v, const IntArray& q) {
    std::vector<int64_t> left = flat(u, "U"), right = v ? flat(*v, "V") : std::vector<int64_t>{};
    const auto n = static_cast<size_t>(u.shape(1)), m = v ? static_cast<size_t>(v->shape(1)) : n;
    if ((v && v->shape(0) != u.shape(0)) || q.ndim() != 2 || q.shape(1) != u.shape(0))
        fail(ErrorKind::parameter, "F: U, V and Q must have one unit a row, a row and a column");
    return Forms::factored(n, m, std::move(left), std::move(right), flat(q, "Q"));
}

py::tuple entries_of(const Forms& f) {
    std::vector<int64_t> form, row, column, value;
    for (size_t at = 0; at < f.count(); ++at)
        for (const Entry& e : f.matrix(at)) {
            form.push_back(static_cast<int64_t>(at));
            row.push_back(e.i);
            column.push_back(e.j);
            value.push_back(e.v);
        }
    return py::make_tuple(int_array(form), int_array(row), int_array(column), int_array(value));
}

template <class Part>
IntArray rows_of(size_t rows, size_t columns, Part part) {
    std::vector<int64_t> values;
    for (size_t at = 0; at < rows; ++at) {
        const auto row = part(at);
        values.insert(values.end(), row.begin(), row.end());
    }
    return int_matrix(values, rows, columns);
}

py::object factors_of(const Forms& f) {
    if (!f.is_factored()) return py::none();
    return py::make_tuple(rows_of(f.units(), f.n(), [&](size_t h) { return f.u(h); }),
                          f.same() ? py::object(py::none())
                                   : py::object(rows_of(f.units(), f.m(), [&](size_t h) { return f.v(h); })),
                          rows_of(f.count(), f.units(), [&](size_t at) { return f.q(at); }));
}

IntArray intervals_over(const Forms& f, const Parameters& p) {
    std::vector<pyfe::Interval> out;
    {
        const NoGil no_gil;
        for (size_t at = 0; at < f.count(); ++at) out.push_back(f.interval(at, p));
    }
    return interval_array(out);
}

IntArray decrypt(const FunctionKey& sk, const CiphertextBatch& ct) {
    std::vector<int64_t> z(ct.size() * sk.forms.count());
    {
        const NoGil no_gil;
        decrypt_vartime(sk, ct, z.data());
    }
    give_notices();
    return int_matrix(z, ct.size(), sk.forms.count());
}

// P, and Q where it is another one
struct Maps {
    Matrix p, q;
    IntMatrix left, right;
    bool same;

    Maps(const IntArray& p_in, const std::optional<IntArray>& q_in)
        : p(p_in, "P"), q(q_in ? *q_in : p_in, "Q"), left(p.view()), right(q.view()), same(!q_in) {}
    const IntMatrix* other() const { return same ? nullptr : &right; }
};

CiphertextBatch project(const CiphertextBatch& ct, const IntArray& p, const std::optional<IntArray>& q) {
    const Maps maps(p, q);
    const NoGil no_gil;
    return project_vartime(ct, maps.left, maps.other());
}

FunctionKey projected_key(const FunctionKey& sk, const IntArray& p, const std::optional<IntArray>& q,
                          const Forms& f) {
    const Maps maps(p, q);
    const NoGil no_gil;
    return project_key(sk, maps.left, maps.other(), f);
}

void bind_forms(py::module_& m) {
    native_class<Parameters>(
        m, "Parameters",
        "The dimension k of the masks, the boxes of x and y, the bound of F, and the context.")
        .def(py::init(&make_parameters), py::arg("k"), py::arg("x_lo").noconvert(),
             py::arg("x_hi").noconvert(), py::arg("f_bound"), py::arg("y_lo").noconvert() = py::none(),
             py::arg("y_hi").noconvert() = py::none(), py::arg("context") = py::bytes(std::string(32, '\0')))
        .def_readonly("k", &Parameters::k)
        .def_readonly("square", &Parameters::square)
        .def_property_readonly("n", &Parameters::n)
        .def_property_readonly("m", &Parameters::m)
        .def_property_readonly("x_lo", [](const Parameters& p) { return int_array(p.x.lo); })
        .def_property_readonly("x_hi", [](const Parameters& p) { return int_array(p.x.hi); })
        .def_property_readonly("y_lo", [](const Parameters& p) { return int_array(p.y.lo); })
        .def_property_readonly("y_hi", [](const Parameters& p) { return int_array(p.y.hi); })
        .def_readonly("f_bound", &Parameters::f_bound)
        .def_property_readonly("scheme", &Parameters::scheme)
        .def_property_readonly("context", [](const Parameters& p) { return as_bytes(p.context); })
        .def_property_readonly("id", [](const Parameters& p) { return as_bytes(p.id()); })
        .def("__repr__", [](const Parameters& p) {
            return "<qfe.Parameters " + p.scheme() + " " + std::to_string(p.n()) + " x " +
                   std::to_string(p.m()) + " f_bound=" + std::to_string(p.f_bound) + ">";
        });
    native_class<Forms>(m, "Forms", "Bilinear forms with integer entries.")
        .def_static("matrices", &make_matrices, py::arg("count"), py::arg("n"), py::arg("m"),
                    py::arg("form").noconvert(), py::arg("row").noconvert(), py::arg("column").noconvert(),
                    py::arg("value").noconvert())
        .def_static("factored", &make_factored, py::arg("u").noconvert(), py::arg("v").noconvert(),
                    py::arg("q").noconvert())
        .def_property_readonly("count", &Forms::count)
        .def_property_readonly("n", &Forms::n)
        .def_property_readonly("m", &Forms::m)
        .def("entries", &entries_of, "(form, row, column, value) of the matrices.")
        .def("factors", &factors_of, "(u, v or None when v is u, q), or None for matrices.")
        .def("intervals", &intervals_over, py::arg("params"), "Exact result ranges over the boxes.");
}

void bind_keys(py::module_& m) {
    native_class<MasterPublicKey>(m, "MasterPublicKey",
                                  "mpk = (nonce, [alpha]_1, [beta]_2) and its parameters.")
        .def_readonly("parameters", &MasterPublicKey::parameters)
        .def_property_readonly("id", [](const MasterPublicKey& k) { return as_bytes(k.id); })
        .def_property_readonly("nonce", [](const MasterPublicKey& k) { return as_bytes(k.nonce); })
        .def("to_bytes", [](const MasterPublicKey& k) { return as_bytes(k.to_bytes()); })
        .def_static("from_bytes", &decoded<MasterPublicKey>, py::arg("data"))
        .def("__repr__", [](const MasterPublicKey& k) {
            return "<qfe.MasterPublicKey " + k.parameters.scheme() + " id=" + hex_prefix(k.id) + ">";
        });
    native_class<MasterSecretKey>(m, "MasterSecretKey", "msk = beta; wiped when it is dropped.")
        .def_property_readonly("public_key_id",
                               [](const MasterSecretKey& k) { return as_bytes(k.public_key_id); })
        .def_readonly("parameters", &MasterSecretKey::parameters)
        .def("to_bytes", &secret_bytes<MasterSecretKey>,
             "For sealed storage only: these bytes open every ciphertext.")
        .def_static("from_bytes", &decoded_secret<MasterSecretKey>, py::arg("data"))
        .def("to_secret", &secret_buffer<MasterSecretKey>, "The same bytes in memory that wipes itself.")
        .def_static("from_buffer", &secret_from_buffer<MasterSecretKey>, py::arg("data"),
                    "from_bytes for a SecretBytes, or a view into one; nothing of it is copied.")
        .def("__repr__", [](const MasterSecretKey& k) {
            return "<qfe.MasterSecretKey of " + hex_prefix(k.public_key_id) + ">";
        });
    native_class<FunctionKey>(m, "FunctionKey",
                              "(K, K') for C forms, with the forms and the result intervals.")
        .def_readonly("forms", &FunctionKey::forms)
        .def_readonly("k", &FunctionKey::k)
        .def_property_readonly("intervals", [](const FunctionKey& k) { return interval_array(k.intervals); })
        .def_property_readonly("public_key_id",
                               [](const FunctionKey& k) { return as_bytes(k.public_key_id); })
        .def_readonly("readout", &FunctionKey::readout,
                      "How its results are read; None of the key of a verb, which does not say.")
        .def("with_readout", &pyfe::schemes::with_readout<FunctionKey>, py::arg("readout"),
             "The same key, which says how its results are read. ParameterError where that does not fit it.")
        .def("to_bytes", [](const FunctionKey& k) { return as_bytes(k.to_bytes()); })
        .def_static("from_bytes", &decoded<FunctionKey>, py::arg("data"))
        .def("__repr__", [](const FunctionKey& k) {
            return "<qfe.FunctionKey " + std::to_string(k.forms.count()) + " forms " +
                   std::to_string(k.forms.n()) + " x " + std::to_string(k.forms.m()) + " of " +
                   hex_prefix(k.public_key_id) + ">";
        });
    native_class<CiphertextBatch>(m, "CiphertextBatch", "Rows ([gamma]_1, [gamma]_2, c, d), one a patient.")
        .def("__len__", &CiphertextBatch::size)
        .def_property_readonly("n", [](const CiphertextBatch& c) { return c.layout().n; })
        .def_property_readonly("m", [](const CiphertextBatch& c) { return c.layout().m; })
        .def_property_readonly("k", [](const CiphertextBatch& c) { return c.layout().k; })
        .def_property_readonly("public_key_id",
                               [](const CiphertextBatch& c) { return as_bytes(c.public_key_id); })
        .def_property_readonly("nbytes",
                               [](const CiphertextBatch& c) { return c.size() * c.layout().row_size(); })
        .def("slice", &CiphertextBatch::slice, py::arg("start"), py::arg("stop"))
        .def_static("concat", &concatenated<CiphertextBatch>, py::arg("batches"))
        .def("to_bytes", &encoded_batch<CiphertextBatch>)
        .def("pieces", &pieces_of<CiphertextBatch>,
             "The same bytes in pieces; those of the rows are not copied.")
        .def_static("from_bytes", &decoded_batch<CiphertextBatch>, py::arg("data"))
        .def("__repr__", [](const CiphertextBatch& c) {
            return "<qfe.CiphertextBatch " + std::to_string(c.size()) + " rows, " +
                   std::to_string(c.layout().n) + " x " + std::to_string(c.layout().m) + ">";
        });
}

}  // namespace

template <>
struct pybind11::detail::handle_type_name<Unprinted<pyfe::qfe::MasterPublicKey>> {
    static constexpr auto name = const_name("pyfe._core.qfe.MasterPublicKey");
    static constexpr const char* words = "a MasterPublicKey";
};

void bind_qfe(py::module_& module) {
    py::module_ m = module.def_submodule("qfe", "Quadratic functional encryption over BLS12-381: the verbs.");
    bind_forms(m);
    bind_keys(m);
    m.def(
        "setup", [](const Parameters& p) { return run_setup(p, pyfe::os_random()); }, py::arg("params"));
    m.def(
        "encrypt",
        [](const Unprinted<MasterPublicKey>& mpk, const Unprinted<IntArray>& x, const py::object& y) {
            return run_encrypt(mpk.get<const MasterPublicKey&>("mpk"), x.get("x"), y, pyfe::os_random());
        },
        py::arg("mpk"), py::arg("x"), py::arg("y") = py::none());
    m.def("keygen", &keygen, py::arg("msk"), py::arg("f"), py::call_guard<NoGil, pyfe::StackGuard>());
    m.def("decrypt", &decrypt, py::arg("sk"), py::arg("ct"));
    m.def("verify_key", &verify_key_vartime, py::arg("mpk"), py::arg("sk"), py::call_guard<NoGil>());
    m.def("project", &project, py::arg("ct"), py::arg("p").noconvert(),
          py::arg("q").noconvert() = py::none());
    m.def("project_key", &projected_key, py::arg("sk"), py::arg("p").noconvert(), py::arg("q").noconvert(),
          py::arg("f"));
}
