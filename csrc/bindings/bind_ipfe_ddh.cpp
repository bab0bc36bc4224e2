#include "objects.hpp"
#include "pyfe/ipfe_ddh/proof.hpp"
#include "pyfe/ipfe_ddh/scheme.hpp"
#include "verbs.hpp"

namespace {

using namespace pyfe::bindings;
using namespace pyfe::ipfe_ddh;
using pyfe::ErrorKind;
using pyfe::fail;

Parameters make_parameters(int64_t n, const IntArray& lo, const IntArray& hi, int64_t y_bound,
                           const py::bytes& context) {
    Parameters p(int_vector(lo, "x_lo"), int_vector(hi, "x_hi"),
                 y_bound < 0 ? 0 : static_cast<uint64_t>(y_bound), as_id(context, "context"));
    if (n < 0 || p.n() != static_cast<size_t>(n))
        fail(ErrorKind::parameter,
             "parameters: n = " + std::to_string(n) + ", but x_lo has " + std::to_string(p.n()) + " entries");
    return p;
}

IntArray decrypt(const FunctionKey& sk, const CiphertextBatch& ct) {
    std::vector<int64_t> z(ct.size() * sk.functions);
    {
        const NoGil no_gil;
        decrypt_vartime(sk, ct, z.data());
    }
    give_notices();
    return int_matrix(z, ct.size(), sk.functions);
}

bool verify_scores(const MasterPublicKey& mpk, const IntArray& y, const CiphertextBatch& ct,
                   const IntArray& z, const py::bytes& about, const ScoreProof& proof) {
    const Matrix functions(y, "y"), values(z, "z");
    const pyfe::schemes::IntMatrix m = scores_of(values, ct.size(), functions.view().rows);
    const NoGil no_gil;
    return verify_scores_vartime(mpk, functions.view(), ct, m.data, as_span(about), proof);
}

FunctionKey derive(const MasterSecretKey& msk, const IntArray& y) {
    const Matrix m(y, "y");
    const NoGil no_gil;
    const pyfe::StackGuard guard;
    return keygen(msk, m.view());
}

IntArray weight_sums(const CiphertextBatch& ct) {
    IntArray out({static_cast<py::ssize_t>(ct.size()), py::ssize_t{2}});
    for (size_t j = 0; j < ct.size(); ++j) {
        const RowWeight w = ct.weight(j);
        if (w.pos > INT64_MAX || w.neg > INT64_MAX)
            fail(ErrorKind::out_of_range,
                 "ciphertext row " + std::to_string(j) + ": its weights exceed 2^63 - 1");
        out.mutable_data()[2 * j] = static_cast<int64_t>(w.pos);
        out.mutable_data()[2 * j + 1] = static_cast<int64_t>(w.neg);
    }
    return out;
}

CiphertextBatch weighted_sum(const CiphertextBatch& ct, const IntArray& w) {
    const std::vector<int64_t> weights = int_vector(w, "w");
    const NoGil no_gil;
    return ct.weighted_sum_vartime(weights);
}

CiphertextBatch add(const CiphertextBatch& a, const CiphertextBatch& b) {
    const std::vector<int64_t> ones = {1, 1};
    const NoGil no_gil;
    return CiphertextBatch::combine_vartime({&a, &b}, ones);
}

CiphertextBatch scale(const CiphertextBatch& a, int64_t factor) {
    const NoGil no_gil;
    return CiphertextBatch::combine_vartime({&a}, std::vector<int64_t>{factor});
}

void bind_objects(py::module_& m) {
    native_class<Parameters>(m, "Parameters", "n, the box of x, the bound of y, and the context (schema id).")
        .def(py::init(&make_parameters), py::arg("n"), py::arg("x_lo").noconvert(),
             py::arg("x_hi").noconvert(), py::arg("y_bound"),
             py::arg("context") = py::bytes(std::string(32, '\0')))
        .def_property_readonly("n", &Parameters::n)
        .def_property_readonly("x_lo", [](const Parameters& p) { return int_array(p.x.lo); })
        .def_property_readonly("x_hi", [](const Parameters& p) { return int_array(p.x.hi); })
        .def_readonly("y_bound", &Parameters::y_bound)
        .def_property_readonly("context", [](const Parameters& p) { return as_bytes(p.context); })
        .def_property_readonly("id", [](const Parameters& p) { return as_bytes(p.id()); })
        .def("__repr__", [](const Parameters& p) {
            return "<ipfe_ddh.Parameters n=" + std::to_string(p.n()) +
                   " y_bound=" + std::to_string(p.y_bound) + ">";
        });
    native_class<MasterPublicKey>(m, "MasterPublicKey", "mpk = (G, H, h_1 .. h_n) and its parameters.")
        .def_readonly("parameters", &MasterPublicKey::parameters)
        .def_property_readonly("id", [](const MasterPublicKey& k) { return as_bytes(k.id); })
        .def_property_readonly(
            "table_bytes", [](const MasterPublicKey& k) { return k.bases->table_bytes(); },
            "Bytes of the tables that it keeps once a few rows were encrypted, at most 64 MB; freed with it.")
        .def("to_bytes", [](const MasterPublicKey& k) { return as_bytes(k.to_bytes()); })
        .def_static("from_bytes", &decoded<MasterPublicKey>, py::arg("data"))
        .def("__repr__", [](const MasterPublicKey& k) {
            return "<ipfe_ddh.MasterPublicKey n=" + std::to_string(k.parameters.n()) +
                   " id=" + hex_prefix(k.id) + ">";
        });
    native_class<MasterSecretKey>(m, "MasterSecretKey", "msk = (s, t); wiped when it is dropped.")
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
            return "<ipfe_ddh.MasterSecretKey of " + hex_prefix(k.public_key_id) + ">";
        });
    native_class<FunctionKey>(m, "FunctionKey",
                              "(s_y, t_y) for some functions y, with y and the result intervals.")
        .def_property_readonly("y", [](const FunctionKey& k) { return int_matrix(k.y, k.functions, k.n); })
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
            return "<ipfe_ddh.FunctionKey functions=" + std::to_string(k.functions) +
                   " n=" + std::to_string(k.n) + " of " + hex_prefix(k.public_key_id) + ">";
        });
}

void bind_batch(py::module_& m) {
    native_class<CiphertextBatch>(m, "CiphertextBatch", "Rows (C, D, E_1 .. E_n), one a patient.")
        .def("__len__", &CiphertextBatch::size)
        .def_property_readonly("n", &CiphertextBatch::n)
        .def_property_readonly("public_key_id",
                               [](const CiphertextBatch& c) { return as_bytes(c.public_key_id()); })
        .def_property_readonly("nbytes", [](const CiphertextBatch& c) { return c.size() * c.row_size(); })
        .def_property_readonly("combined", &CiphertextBatch::combined)
        .def_property_readonly("weight_sums", &weight_sums)
        .def("slice", &CiphertextBatch::slice, py::arg("start"), py::arg("stop"))
        .def_static("concat", &concatenated<CiphertextBatch>, py::arg("batches"))
        .def("weighted_sum", &weighted_sum, py::arg("w").noconvert())
        .def("add", &add, py::arg("other"))
        .def("scale", &scale, py::arg("factor"))
        .def("to_bytes", &encoded_batch<CiphertextBatch>)
        .def("pieces", &pieces_of<CiphertextBatch>,
             "The same bytes in pieces; those of the rows are not copied.")
        .def_static("from_bytes", &decoded_batch<CiphertextBatch>, py::arg("data"))
        .def("__repr__", [](const CiphertextBatch& c) {
            return "<ipfe_ddh.CiphertextBatch " + std::to_string(c.size()) +
                   " rows, n=" + std::to_string(c.n()) + ">";
        });
}

void bind_proof(py::module_& m) {
    native_class<ScoreProof>(m, "ScoreProof", "(e, u, v): that the scores of a batch are what a key gives.")
        .def_property_readonly("public_key_id", [](const ScoreProof& p) { return as_bytes(p.public_key_id); })
        .def_readonly("rows", &ScoreProof::rows)
        .def_readonly("functions", &ScoreProof::functions)
        .def("to_bytes", [](const ScoreProof& p) { return as_bytes(p.to_bytes()); })
        .def_static("from_bytes", &decoded<ScoreProof>, py::arg("data"))
        .def("__repr__", [](const ScoreProof& p) {
            return "<ipfe_ddh.ScoreProof rows=" + std::to_string(p.rows) +
                   " functions=" + std::to_string(p.functions) + " of " + hex_prefix(p.public_key_id) + ">";
        });
    m.def(
        "prove",
        [](const FunctionKey& sk, const CiphertextBatch& ct, const IntArray& z, const py::bytes& about) {
            return run_prove(sk, ct, z, about, pyfe::os_random());
        },
        py::arg("sk"), py::arg("ct"), py::arg("z").noconvert(), py::arg("about"));
    m.def("verify_scores", &verify_scores, py::arg("mpk"), py::arg("y").noconvert(), py::arg("ct"),
          py::arg("z").noconvert(), py::arg("about"), py::arg("proof"));
}

// <x, y> for two rows, at the ends of the ranges, and the proof of both
bool round_trip() {
    const Parameters p({-5, 0, 0}, {5, 9, 9}, 7, Id{});
    const auto [mpk, msk] = setup(p, pyfe::os_random());
    const int64_t x[] = {-5, 9, 0, 3, 1, 9}, y[] = {7, -7, 2};
    const FunctionKey sk = keygen(msk, {y, 1, 3});
    int64_t z[2];
    const CiphertextBatch ct = encrypt(mpk, {x, 2, 3}, pyfe::os_random());
    decrypt_vartime(sk, ct, z);
    const ScoreProof proof = prove(sk, ct, z, {}, pyfe::os_random());
    return verify_key_vartime(mpk, sk) && z[0] == -98 && z[1] == 32 &&
           verify_scores_vartime(mpk, {y, 1, 3}, ct, z, {}, proof);
}

}  // namespace

template <>
struct pybind11::detail::handle_type_name<Unprinted<MasterPublicKey>> {
    static constexpr auto name = const_name("pyfe._core.ipfe_ddh.MasterPublicKey");
    static constexpr const char* words = "a MasterPublicKey";
};

void bind_ipfe_ddh(py::module_& module) {
    py::module_ m =
        module.def_submodule("ipfe_ddh", "ALS16 inner products over ristretto255: the four verbs.");
    bind_objects(m);
    bind_batch(m);
    bind_proof(m);
    add_self_test("ipfe-ddh-ristretto255 round trip", round_trip);
    m.def(
        "setup", [](const Parameters& p) { return run_setup(p, pyfe::os_random()); }, py::arg("params"));
    m.def(
        "encrypt",
        [](const Unprinted<MasterPublicKey>& mpk, const Unprinted<IntArray>& x) {
            return run_encrypt(mpk.get<const MasterPublicKey&>("mpk"), x.get("x"), pyfe::os_random());
        },
        py::arg("mpk"), py::arg("x"));
    m.def("keygen", &derive, py::arg("msk"), py::arg("y").noconvert());
    m.def("decrypt", &decrypt, py::arg("sk"), py::arg("ct"));
    m.def("verify_key", &verify_key_vartime, py::arg("mpk"), py::arg("sk"), py::call_guard<NoGil>());
}
