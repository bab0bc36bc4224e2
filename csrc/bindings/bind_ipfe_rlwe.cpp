#include "objects.hpp"
#include "pyfe/ipfe_rlwe/estimate.hpp"
#include "pyfe/ipfe_rlwe/margin.hpp"
#include "pyfe/ipfe_rlwe/scheme.hpp"
#include "verbs.hpp"

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

// -- keys and ciphertexts ----------------------------------------------------------------------------------

MasterPublicKey public_key_from(const Octets& data) {
    const pyfe::SharedBytes bytes = shared_bytes(data);
    const NoGil no_gil;
    return MasterPublicKey::from_bytes(bytes);
}

MasterPublicKey public_key_in(int descriptor, uint64_t at, uint64_t size) {
    const NoGil no_gil;
    return MasterPublicKey::open(File(descriptor), at, size);
}

void append(PlainRows& rows, const Unprinted<IntArray>& x) {
    const Matrix m(x.get("x"), "x");
    const NoGil no_gil;
    const pyfe::StackGuard guard;
    rows.append(m.view());
}

py::bytes public_key_bytes(const MasterPublicKey& key) {
    const std::vector<pyfe::SharedBytes> pieces = key.pieces();
    return joined_bytes(pieces);
}

// [rows][functions of all keys], written where Python has it: nobody else knows the new array yet
IntArray decrypt_into(const std::vector<const FunctionKey*>& keys, const CiphertextBatch& ct) {
    size_t functions = 0;
    for (const FunctionKey* key : keys) functions += key->functions;
    IntArray z({static_cast<py::ssize_t>(ct.size()), static_cast<py::ssize_t>(functions)});
    int64_t* const to = z.mutable_data();
    const NoGil no_gil;
    decrypt_vartime(keys, ct, to);
    return z;
}

IntArray decrypt(const FunctionKey& sk, const CiphertextBatch& ct) { return decrypt_into({&sk}, ct); }

IntArray decrypt_together(const std::vector<const FunctionKey*>& keys, const CiphertextBatch& ct) {
    return decrypt_into(all_present(keys, "keys"), ct);
}

FunctionKey derive(const MasterSecretKey& msk, const IntArray& y) {
    const Matrix m(y, "y");
    const NoGil no_gil;
    const pyfe::StackGuard guard;
    return keygen(msk, m.view());
}

CiphertextBatch combine(const std::vector<const CiphertextBatch*>& batches, const IntArray& w) {
    const std::vector<int64_t> weights = int_vector(w, "w");
    all_present(batches, "batches");
    const NoGil no_gil;
    return CiphertextBatch::combine_vartime(batches, weights);
}

CiphertextBatch add(const CiphertextBatch& a, const CiphertextBatch& b) {
    const NoGil no_gil;
    return CiphertextBatch::combine_vartime({&a, &b}, std::vector<int64_t>{1, 1});
}

CiphertextBatch scale(const CiphertextBatch& a, int64_t factor) {
    const NoGil no_gil;
    return CiphertextBatch::combine_vartime({&a}, std::vector<int64_t>{factor});
}

// Of every row: sums of its positive and of its negated negative weights
IntArray weight_sums(const CiphertextBatch& ct) {
    std::vector<int64_t> out;
    for (const CiphertextBatch::Range& range : ct.ranges()) {
        const Weights& w = ct.blocks()[range.block]->weights;
        for (uint32_t row = 0; row < range.rows; ++row)
            out.insert(out.end(), {static_cast<int64_t>(w.pos), static_cast<int64_t>(w.neg)});
    }
    return int_matrix(out, ct.size(), 2);
}

// Of every row: the number of its block, and its slot
IntArray places(const CiphertextBatch& ct) {
    std::vector<int64_t> out;
    for (const CiphertextBatch::Range& range : ct.ranges())
        for (uint32_t row = 0; row < range.rows; ++row)
            out.insert(out.end(), {int64_t{range.block}, int64_t{range.first} + row});
    return int_matrix(out, ct.size(), 2);
}

std::vector<pyfe::SharedBytes> blocks(const CiphertextBatch& ct) {
    std::vector<pyfe::SharedBytes> out;
    for (const auto& block : ct.blocks()) out.push_back(block->bytes);
    return out;
}

void bind_keys(py::module_& m) {
    native_class<MasterSecretKey>(m, "MasterSecretKey",
                                  "msk: the 32 bytes that s and e follow from; wiped when dropped.")
        .def_property_readonly("public_key_id",
                               [](const MasterSecretKey& k) { return as_bytes(k.public_key_id()); })
        .def_property_readonly("parameters", &MasterSecretKey::parameters)
        .def("to_bytes", &secret_bytes<MasterSecretKey>,
             "For sealed storage only: these bytes open every ciphertext.")
        .def_static("from_bytes", &decoded_secret<MasterSecretKey>, py::arg("data"))
        .def("to_secret", &secret_buffer<MasterSecretKey>, "The same bytes in memory that wipes itself.")
        .def_static("from_buffer", &secret_from_buffer<MasterSecretKey>, py::arg("data"),
                    "from_bytes for a SecretBytes, or a view into one; nothing of it is copied.")
        .def("__repr__", [](const MasterSecretKey& k) {
            return "<ipfe_rlwe.MasterSecretKey of " + hex_prefix(k.public_key_id()) + ">";
        });
    native_class<MasterPublicKey>(m, "MasterPublicKey", "mpk = (a, pk_1 .. pk_n) and its parameters.")
        .def_property_readonly("parameters", &MasterPublicKey::parameters)
        .def_property_readonly("id", [](const MasterPublicKey& k) { return as_bytes(k.id()); })
        .def_property_readonly("has_pk", &MasterPublicKey::has_pk,
                               "False where only the hash of pk_1 .. pk_n is here, as an authority keeps it.")
        .def_property_readonly(
            "size", [](const MasterPublicKey& k) { return k.head().size() + k.pk_size(); },
            "Bytes with pk_1 .. pk_n.")
        .def("to_bytes", &public_key_bytes, "Without pk_1 .. pk_n, where only their hash is here.")
        .def_static("from_bytes", &public_key_from, py::arg("data"))
        .def_static("open", &public_key_in, py::arg("descriptor"), py::arg("at"), py::arg("size"),
                    "The key that these bytes of a file are, checked in one pass and read where they lie.")
        .def("with_pk", &with_pk, py::arg("msk"), py::call_guard<NoGil>(),
             "The same with pk_1 .. pk_n in memory, made again from the master key.")
        .def(
            "remade",
            [](const MasterPublicKey& k, const MasterSecretKey& msk) {
                return remade_pk(k, {held(py::cast(&msk)), &msk});
            },
            py::arg("msk"), "The same, each pk_i made again whenever it is asked for.")
        .def(
            "write",
            [](const MasterPublicKey& k, const MasterSecretKey& msk, int descriptor) {
                const NoGil no_gil;
                write_public_key(k, msk, File(descriptor));
            },
            py::arg("msk"), py::arg("descriptor"), "Its bytes, made again likewise, some at a time.")
        .def("__repr__", [](const MasterPublicKey& k) {
            return "<ipfe_rlwe.MasterPublicKey n=" + std::to_string(k.parameters().n()) +
                   " id=" + hex_prefix(k.id()) + ">";
        });
    native_class<FunctionKey>(m, "FunctionKey",
                              "sk_y for some functions y, with y, the result intervals and the noise.")
        .def_readonly("parameters", &FunctionKey::parameters)
        .def_property_readonly("y", [](const FunctionKey& k) { return int_matrix(k.y, k.functions, k.n()); })
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
            return "<ipfe_rlwe.FunctionKey functions=" + std::to_string(k.functions) +
                   " n=" + std::to_string(k.n()) + " of " + hex_prefix(k.public_key_id) + ">";
        });
}

void bind_batch(py::module_& m) {
    native_class<CiphertextBatch>(m, "CiphertextBatch", "Rows of ciphertexts that hold up to 8,192 each.")
        .def("__len__", &CiphertextBatch::size)
        .def_property_readonly("n", &CiphertextBatch::n)
        .def_property_readonly("public_key_id",
                               [](const CiphertextBatch& c) { return as_bytes(c.public_key_id()); })
        .def_property_readonly("nbytes", &CiphertextBatch::byte_size)
        .def_property_readonly(
            "row_size", [](const CiphertextBatch& c) { return c.shape().block_size(kRing) / kRing; },
            "A row's share of a full ciphertext in bytes, rounded down.")
        .def_property_readonly("combined", &CiphertextBatch::combined)
        .def_property_readonly("formed", &CiphertextBatch::formed,
                               "Whether this process formed every sum in it, or somebody vouches for them.")
        .def_property_readonly("accepted", &CiphertextBatch::accepted,
                               "Whether it was formed here, and one key accepted all of its sums.")
        .def("vouched", &CiphertextBatch::vouched,
             "The same batch, for whose sums somebody vouches who has the key.")
        .def_property_readonly("weight_sums", &weight_sums)
        .def_property_readonly("places", &places,
                               "int64 [len, 2]: the number of each row's block, and its slot.")
        .def_property_readonly("blocks", &blocks, "The bytes of each ciphertext, where they lie.")
        .def("opened_in_steps", &CiphertextBatch::opened_in_steps, py::arg("step"),
             "Blocks that are opened where so many rows at a time are cut out and decrypted.")
        .def("slice", &CiphertextBatch::slice, py::arg("start"), py::arg("stop"))
        .def_static("concat", &concatenated<CiphertextBatch>, py::arg("batches"))
        .def_static("combine", &combine, py::arg("batches"), py::arg("w").noconvert(),
                    "Slot by slot sum_l w_l batch_l, of batches that hold the same slots.")
        .def("add", &add, py::arg("other"))
        .def("scale", &scale, py::arg("factor"))
        .def("to_bytes", &encoded_batch<CiphertextBatch>)
        .def("pieces", &pieces_of<CiphertextBatch>,
             "The same bytes in pieces; those of the blocks are not copied.")
        .def_static("from_bytes", &decoded_batch<CiphertextBatch>, py::arg("data"))
        .def("__repr__", [](const CiphertextBatch& c) {
            return "<ipfe_rlwe.CiphertextBatch " + std::to_string(c.size()) +
                   " rows, n=" + std::to_string(c.n()) + ">";
        });
}

void bind_plain_rows(py::module_& m) {
    native_class<PlainRows>(m, "PlainRows",
                            "Rows of one ciphertext to be encrypted, as narrow as their ranges; wiped when "
                            "dropped.")
        .def(py::init<const Parameters&>(), py::arg("params"))
        .def("append", &append, py::arg("x"))
        .def("__len__", &PlainRows::rows)
        .def_property_readonly("nbytes",
                               [](const PlainRows& r) { return r.rows() * r.columns() * r.width(); })
        .def("__repr__", [](const PlainRows& r) {
            return "<ipfe_rlwe.PlainRows " + std::to_string(r.rows()) +
                   " rows, n=" + std::to_string(r.columns()) + ">";
        });
}

// <x, y> for two rows, at the ends of the ranges
bool round_trip() {
    const Parameters p({-5, 0, 0}, {5, 9, 9}, 7, 1, {});
    const auto [mpk, msk] = setup(p, pyfe::os_random());
    const int64_t x[] = {-5, 9, 0, 3, 1, 9}, y[] = {7, -7, 2};
    const FunctionKey sk = keygen(msk, {y, 1, 3});
    int64_t z[2];
    decrypt_vartime(sk, encrypt(mpk, {x, 2, 3}, pyfe::os_random()), z);
    return verify_key_vartime(mpk, sk) && z[0] == -98 && z[1] == 32;
}

void bind_verbs(py::module_& m) {
    add_self_test("inner products from Ring-LWE, round trip", round_trip);
    m.def(
        "setup", [](const Parameters& p) { return run_setup(p, pyfe::os_random()); }, py::arg("params"));
    m.def(
        "encrypt",
        [](const Unprinted<MasterPublicKey>& mpk, const Unprinted<IntArray>& x) {
            return run_encrypt(mpk.get<const MasterPublicKey&>("mpk"), x.get("x"), pyfe::os_random());
        },
        py::arg("mpk"), py::arg("x"));
    m.def(
        "setup_without_pk",
        [](const Parameters& p) {
            const NoGil no_gil;
            const pyfe::StackGuard guard;
            return setup_without_pk(p, pyfe::os_random());
        },
        py::arg("params"), "setup for a public key too large to be held: of pk_1 .. pk_n the hash only.");
    m.def(
        "encrypt_to",
        [](const MasterPublicKey& mpk, const PlainRows& x, int descriptor, uint64_t at) {
            const NoGil no_gil;
            const pyfe::StackGuard guard;
            return encrypt_to(mpk, x, pyfe::os_random(), File(descriptor), at);
        },
        py::arg("mpk"), py::arg("x"), py::arg("descriptor"), py::arg("at"),
        "One ciphertext into a file, feature by feature: the bytes of a batch from there on, and how many.");
    m.def("keygen", &derive, py::arg("msk"), py::arg("y").noconvert());
    m.def("decrypt", &decrypt, py::arg("sk"), py::arg("ct"));
    m.def("decrypt_together", &decrypt_together, py::arg("keys"), py::arg("ct"),
          "Of several keys, in one pass over the ciphertexts: the columns of each behind those of the one "
          "before.");
    m.def("verify_key", &verify_key_vartime, py::arg("mpk"), py::arg("sk"), py::call_guard<NoGil>());
}

}  // namespace

template <>
struct pybind11::detail::handle_type_name<Unprinted<MasterPublicKey>> {
    static constexpr auto name = const_name("pyfe._core.ipfe_rlwe.MasterPublicKey");
    static constexpr const char* words = "a MasterPublicKey";
};

void bind_ipfe_rlwe(py::module_& module) {
    py::module_ m = module.def_submodule("ipfe_rlwe", "Inner products from Ring-LWE.");
    bind_parameters(m);
    bind_keys(m);
    bind_batch(m);
    bind_plain_rows(m);
    bind_verbs(m);
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
