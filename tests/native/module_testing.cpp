// pyfe._core_testing: the core with what only tests may have, injected randomness and the emulated lanes.
// Built with PYFE_BUILD_TESTING only.
#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include "bindings.hpp"
#include "bytes.hpp"
#include "objects.hpp"
#include "pyfe/base/cpu.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/dlog/dlog.hpp"
#include "pyfe/dlog/kernels.hpp"
#include "pyfe/field/fr.hpp"
#include "pyfe/field/kernels381.hpp"
#include "pyfe/field/lanes_emulated.hpp"
#include "pyfe/group/bls12_381/kernels.hpp"
#include "pyfe/group/bls12_381/membership.hpp"
#include "pyfe/group/ristretto255/kernels.hpp"
#include "pyfe/ipfe_ddh/proof.hpp"
#include "pyfe/ipfe_ddh/scheme.hpp"
#include "pyfe/ipfe_rlwe/scheme.hpp"
#include "pyfe/pairing/kernels.hpp"
#include "pyfe/qfe/scheme.hpp"
#include "pyfe/random/chacha20.hpp"
#include "pyfe/random/gaussian.hpp"
#include "pyfe/random/kernels.hpp"
#include "pyfe/ring/kernels.hpp"
#include "pyfe/ring/ntt.hpp"
#include "pyfe/ring/packing.hpp"
#include "verbs.hpp"

namespace {

namespace ristretto255 = pyfe::group::ristretto255;
using namespace pyfe::bindings;

// Gives out the bytes it was made with, once
class ListedRandom : public pyfe::Random {
  public:
    explicit ListedRandom(const py::bytes& data) : data_(as_span(data)) {}
    void fill(uint8_t* out, size_t size) override {
        if (size > data_.size())
            pyfe::fail(pyfe::ErrorKind::randomness, "the injected randomness has run out");
        std::memcpy(out, data_.data(), size);
        data_ = data_.subspan(size);
    }

  private:
    std::span<const uint8_t> data_;
};

// The operating system's bytes, noted down under a mask: what a scan of this process's memory looks for must
// not lie there because of the notes
class RecordedRandom : public pyfe::Random {
  public:
    static constexpr uint8_t mask = 0x5a;
    void fill(uint8_t* out, size_t size) override {
        pyfe::os_random().fill(out, size);
        for (size_t i = 0; i < size; ++i) notes_.push_back(static_cast<char>(out[i] ^ mask));
    }
    py::bytes notes() const { return py::bytes(notes_); }

  private:
    std::string notes_;
};

void set_lanes(const std::string& name) {
    namespace bls = pyfe::group::bls12_381;
    if (name == "emulated") {
        ristretto255::override_kernels_for_testing(&ristretto255::emulated_kernels());
        bls::override_kernels_for_testing(&bls::emulated_kernels());
        pyfe::pairing::override_kernels_for_testing(&pyfe::pairing::emulated_kernels());
        pyfe::dlog::override_kernels_for_testing(&pyfe::dlog::emulated_kernels());
        pyfe::ring::override_kernels_for_testing(&pyfe::ring::emulated_kernels());
    } else {
        ristretto255::override_kernels_for_testing(nullptr);
        bls::override_kernels_for_testing(nullptr);
        pyfe::pairing::override_kernels_for_testing(nullptr);
        pyfe::dlog::override_kernels_for_testing(nullptr);
        pyfe::ring::override_kernels_for_testing(nullptr);
        pyfe::set_backend(pyfe::parse_backend(name, "set_lanes"));
    }
}

namespace fp = pyfe::field::bls12_381;

const fp::FpKernels& kernels_of(const std::string& backend) {
    if (backend == "emulated") return fp::emulated_fp_kernels();
    return pyfe::parse_backend(backend, "fp381") == pyfe::Backend::ifma ? fp::ifma_fp_kernels()
                                                                        : fp::portable_fp_kernels();
}

// `width` coefficients an item, 48 little-endian bytes each; any integers below 2^384
template <class Block>
struct Blocks {
    static constexpr size_t width = sizeof(Block) / sizeof(fp::FpBlock);
    explicit Blocks(size_t count) : words((count + 7) / 8 * 48 * width) {}
    explicit Blocks(const py::bytes& data) : Blocks(as_span(data).size() / (48 * width)) {
        const auto bytes = as_span(data);
        for (size_t i = 0; i < bytes.size() / 8; ++i) std::memcpy(&word(i), &bytes[8 * i], 8);
    }
    Block* data() { return reinterpret_cast<Block*>(words.data()); }
    size_t blocks() const { return words.size() / (48 * width); }
    uint64_t& word(size_t i) {
        const size_t item = i / (6 * width), row = i % (6 * width);
        return words[(item / 8 * 6 * width + row) * 8 + item % 8];
    }
    py::bytes bytes(size_t count) {
        std::string out(48 * width * count, 0);
        for (size_t i = 0; i < out.size() / 8; ++i) std::memcpy(&out[8 * i], &word(i), 8);
        return py::bytes(out);
    }
    std::vector<uint64_t> words;
};

template <class Block>
py::bytes apply(void (*operation)(const Block*, const Block*, size_t, Block*), const py::bytes& a,
                const py::bytes& b) {
    Blocks<Block> x(a), y(b), out(as_span(a).size() / (48 * Blocks<Block>::width));
    if (x.words.size() != y.words.size())
        pyfe::fail(pyfe::ErrorKind::parameter, "bls12_381: unequal lengths");
    operation(x.data(), y.data(), x.blocks(), out.data());
    return out.bytes(as_span(a).size() / (48 * Blocks<Block>::width));
}

template <class Block>
py::bytes apply(void (*operation)(const Block*, size_t, Block*), const py::bytes& a) {
    Blocks<Block> x(a), out(as_span(a).size() / (48 * Blocks<Block>::width));
    operation(x.data(), x.blocks(), out.data());
    return out.bytes(as_span(a).size() / (48 * Blocks<Block>::width));
}

// One operation of the base field or of Fp12 over many items
py::bytes bls12_381_field(const std::string& backend, const std::string& operation, const py::bytes& a,
                          const py::bytes& b) {
    const fp::FpKernels& k = kernels_of(backend);
    if (operation == "add") return apply(k.add, a, b);
    if (operation == "sub") return apply(k.sub, a, b);
    if (operation == "mul") return apply(k.mul, a, b);
    if (operation == "square") return apply(k.square, a);
    if (operation == "negate") return apply(k.negate, a);
    if (operation == "invert") return apply(k.invert, a);
    if (operation == "invert_vartime") return apply(k.invert_vartime, a);
    if (operation == "fp12_mul") return apply(k.fp12_mul, a, b);
    if (operation == "fp12_mul_line") return apply(k.fp12_mul_line, a, b);
    if (operation == "fp12_square") return apply(k.fp12_square, a);
    if (operation == "fp12_cyclotomic_square") return apply(k.fp12_cyclotomic_square, a);
    if (operation == "fp12_invert") return apply(k.fp12_invert, a);
    if (operation == "fp12_frobenius") return apply(k.fp12_frobenius, a);
    pyfe::fail(pyfe::ErrorKind::parameter, "bls12_381_field: no operation " + operation);
}

// The roots, and one byte an item: 1 where there is one
py::tuple bls12_381_square_root(const std::string& backend, const py::bytes& a) {
    Blocks<fp::FpBlock> x(a), out(as_span(a).size() / 48);
    std::string ok(8 * x.blocks(), 0);
    kernels_of(backend).square_root(x.data(), x.blocks(), out.data(),
                                    reinterpret_cast<uint8_t(*)[8]>(ok.data()));
    ok.resize(as_span(a).size() / 48);
    return py::make_tuple(out.bytes(ok.size()), py::bytes(ok));
}

namespace bls = pyfe::group::bls12_381;

const bls::Kernels& curve_kernels(const std::string& backend) {
    if (backend == "emulated") return bls::emulated_kernels();
    return pyfe::parse_backend(backend, "bls12_381") == pyfe::Backend::ifma ? bls::ifma_kernels()
                                                                            : bls::portable_kernels();
}

// Two field elements an item in 64-byte little-endian coefficients, below 2^512; compressed points
template <int Parts>
py::bytes hash_elements(const bls::CurveKernels<Parts>& k, const py::bytes& elements) {
    constexpr size_t words = 2 * Parts * 8;
    const auto bytes = as_span(elements);
    const size_t count = bytes.size() / (8 * words), blocks = (count + 7) / 8;
    std::vector<bls::UniformBlock<Parts>> in(blocks);
    for (size_t i = 0; i < count * words; ++i) {
        const size_t item = i / words, part = i % words / 8, word = i % 8;
        std::memcpy(&in[item / 8].u[part / Parts][part % Parts][word / 6][word % 6][item % 8], &bytes[8 * i],
                    8);
    }
    struct alignas(64) Slab {
        bls::Coordinate<Parts> value;
    };
    std::vector<bls::PointBlock<Parts>> points(blocks);
    std::vector<bls::AffineBlock<Parts>> flat(blocks);
    std::vector<Slab> scratch(blocks);
    k.hash_to_curve(in.data(), blocks, points.data());
    k.to_affine(points.data(), blocks, flat.data(), &scratch[0].value);
    std::string out(48 * Parts * count, 0);
    k.encode(flat.data(), count, reinterpret_cast<uint8_t*>(out.data()));
    return py::bytes(out);
}

py::bytes bls12_381_hash_elements(const std::string& backend, int group, const py::bytes& elements) {
    const bls::Kernels& k = curve_kernels(backend);
    return group == 1 ? hash_elements(k.g1, elements) : hash_elements(k.g2, elements);
}

// Batches of `size` points of the curve each, one byte a batch: 1 where the batched test takes all for
// members. passes = 0: as many as the decoder makes; random = "": the operating system's.
template <int Parts>
std::string batches_of_members(std::span<const uint8_t> points, size_t size, bls::MembershipShape shape,
                               pyfe::Random& random) {
    if (size == 0 || points.size() % (size * bls::Points<Parts>::bytes) != 0)
        pyfe::fail(pyfe::ErrorKind::parameter, "batches_of_members: no whole batches");
    if (shape.passes == 0) shape = bls::membership_shape<Parts>(size);
    std::string out;
    for (size_t bytes = size * bls::Points<Parts>::bytes; !points.empty(); points = points.subspan(bytes)) {
        pyfe::checkpoint();
        std::vector<uint8_t> status;
        const auto batch = bls::decompress<Parts>(points.first(bytes), status);
        if (std::ranges::count(status, 0) != std::ssize(status))
            pyfe::fail(pyfe::ErrorKind::decode, "batches_of_members: not on the curve");
        out.push_back(static_cast<char>(bls::all_members_vartime(batch, shape, random)));
    }
    return out;
}

py::bytes bls12_381_batches_of_members(int group, const py::bytes& points, size_t size, int digits,
                                       int passes, const py::bytes& random) {
    ListedRandom listed(random);
    pyfe::Random& source = as_span(random).empty() ? pyfe::os_random() : listed;
    const auto bytes = as_span(points);
    const bls::MembershipShape shape = {digits, passes};
    const std::string accepted = [&] {
        const NoGil no_gil;
        return group == 1 ? batches_of_members<1>(bytes, size, shape, source)
                          : batches_of_members<2>(bytes, size, shape, source);
    }();
    return py::bytes(accepted);
}

// One operation on scalars modulo r, 32 little-endian bytes each; "reduce" takes 64
py::bytes bls12_381_scalar(const std::string& operation, const py::bytes& a, const py::bytes& b) {
    using fp::Fr;
    uint64_t ok_a = 0, ok_b = 0;
    const auto bytes = as_span(a), other = as_span(b);
    const bool wide = operation == "reduce";
    if (bytes.size() != (wide ? 64 : 32) || (!other.empty() && other.size() != 32))
        pyfe::fail(pyfe::ErrorKind::parameter, "bls12_381_scalar: wrong length");
    const Fr x = wide ? Fr::from_wide_bytes(bytes.data()) : Fr::from_bytes(bytes.data(), &ok_a);
    const Fr y = other.empty() ? Fr{} : Fr::from_bytes(other.data(), &ok_b);
    if ((!wide && ok_a == 0) || (!other.empty() && ok_b == 0))
        pyfe::fail(pyfe::ErrorKind::decode, "bls12_381_scalar: not below r");
    std::string out(32, 0);
    auto* data = reinterpret_cast<uint8_t*>(out.data());
    if (operation == "add")
        Fr::add(x, y).to_bytes(data);
    else if (operation == "sub")
        Fr::sub(x, y).to_bytes(data);
    else if (operation == "mul")
        Fr::mul(x, y).to_bytes(data);
    else if (operation == "invert")
        Fr::invert(x).to_bytes(data);
    else if (wide)
        x.to_bytes(data);
    else if (operation == "digits") {
        uint64_t digits[4];
        x.digits_of_x(digits);
        std::memcpy(data, digits, 32);
    } else
        pyfe::fail(pyfe::ErrorKind::parameter, "bls12_381_scalar: no operation " + operation);
    return py::bytes(out);
}

// What a backend makes of given random words, 256 bytes a group of eight candidates: z as int64, and a byte a
// group with a bit a candidate, whether it is accepted
py::tuple gaussian_candidates(const std::string& backend, uint64_t sigma_256, const py::bytes& random) {
    namespace draws = pyfe::random;
    const auto bytes = as_span(random);
    const size_t groups = bytes.size() / sizeof(draws::RandomWords);
    std::vector<uint64_t> words(bytes.size() / 8);
    std::memcpy(words.data(), bytes.data(), 8 * words.size());
    std::string z(8 * 8 * groups, 0), accepted(groups, 0);
    const pyfe::gaussian::Shape shape = pyfe::DiscreteGaussian(sigma_256).shape();
    const draws::Kernels& k = pyfe::parse_backend(backend, "gaussian_candidates") == pyfe::Backend::ifma
                                  ? draws::ifma_kernels()
                                  : draws::portable_kernels();
    k.candidates(shape, shape.count, reinterpret_cast<const draws::RandomWords*>(words.data()), groups,
                 reinterpret_cast<int64_t(*)[draws::group]>(z.data()),
                 reinterpret_cast<uint8_t*>(accepted.data()));
    return py::make_tuple(py::bytes(z), py::bytes(accepted));
}

// One operation of a ring on the active backend: on N residues, c where it takes a factor
py::bytes ring_operation(const std::string& operation, uint64_t q, const py::bytes& a, const py::bytes& b,
                         int64_t c) {
    std::vector<uint64_t> x(as_span(a).size() / 8), y(as_span(b).size() / 8), out(x.size());
    std::memcpy(x.data(), as_span(a).data(), 8 * x.size());
    std::memcpy(y.data(), as_span(b).data(), 8 * y.size());
    const pyfe::ring::Ntt ntt(q, std::countr_zero(x.size()));
    if (operation == "add")
        ntt.add(x.data(), y.data(), out.data());
    else if (operation == "sub")
        ntt.sub(x.data(), y.data(), out.data());
    else if (operation == "negate")
        ntt.negate(x.data(), out.data());
    else if (operation == "mul")
        ntt.mul(x.data(), y.data(), out.data());
    else if (operation == "mul_add")
        ntt.mul_add(x.data(), y.data(), out.data());
    else if (operation == "scale")
        ntt.scale(c, x.data(), out.data());
    else if (operation == "scale_add")
        ntt.scale_add(c, x.data(), out.data());
    else if (operation == "from_signed")
        ntt.from_signed(reinterpret_cast<const int64_t*>(x.data()), out.data());
    else
        pyfe::fail(pyfe::ErrorKind::parameter, "ring_operation: no operation " + operation);
    return py::bytes(reinterpret_cast<const char*>(out.data()), 8 * out.size());
}

py::bytes ring_pack(uint64_t q, const py::bytes& a) {
    const auto modulus = pyfe::ring::Modulus::of(q);
    std::vector<uint64_t> words(as_span(a).size() / 8);
    std::memcpy(words.data(), as_span(a).data(), 8 * words.size());
    std::string out(pyfe::ring::packed_size(modulus, words.size()), 0);
    pyfe::ring::pack(modulus, words.data(), words.size(), reinterpret_cast<uint8_t*>(out.data()));
    return py::bytes(out);
}

py::bytes ring_unpack(uint64_t q, const py::bytes& bytes, size_t count) {
    std::vector<uint64_t> out(count);
    pyfe::ring::unpack(pyfe::ring::Modulus::of(q), as_span(bytes), count, out.data());
    return py::bytes(reinterpret_cast<const char*>(out.data()), 8 * count);
}

// The stream of a seed, in pieces of these sizes
py::bytes chacha20(const py::bytes& seed, const std::vector<size_t>& sizes) {
    pyfe::ChaCha20Random stream(as_span(seed).first<pyfe::ChaCha20Random::seed_size>());
    std::string out;
    for (const size_t size : sizes) {
        std::string piece(size, 0);
        stream.fill(reinterpret_cast<uint8_t*>(piece.data()), size);
        out += piece;
    }
    return py::bytes(out);
}

}  // namespace

PYBIND11_MODULE(_core_testing, module) {
    module.doc() = "The core with injected randomness and emulated lanes. Never in a wheel.";
    start_module(module);
    bind_rooms(module);
    module.def("set_lanes", &set_lanes, py::arg("name"));
    module.def("decoded_counts", [] {
        const pyfe::schemes::DecodedCounts counts = pyfe::schemes::decoded_counts();
        return py::make_tuple(counts.bytes_kept, counts.rows_decoded);
    });
    module.def("forget_tables", &pyfe::dlog::forget_tables);
    module.def("multiply_adds", [] { return pyfe::field::emulated::Lanes::multiply_adds; });
    module.def("bls12_381_field", &bls12_381_field, py::arg("backend"), py::arg("operation"), py::arg("a"),
               py::arg("b") = py::bytes());
    module.def("bls12_381_scalar", &bls12_381_scalar, py::arg("operation"), py::arg("a"),
               py::arg("b") = py::bytes());
    module.def("bls12_381_scalar_from_int", [](int64_t value) {
        std::string out(32, 0);
        fp::Fr::from_int64(value).to_bytes(reinterpret_cast<uint8_t*>(out.data()));
        return py::bytes(out);
    });
    module.def("bls12_381_hash_elements", &bls12_381_hash_elements, py::arg("backend"), py::arg("group"),
               py::arg("elements"));
    module.def("bls12_381_batches_of_members", &bls12_381_batches_of_members, py::arg("group"),
               py::arg("points"), py::arg("size"), py::arg("digits") = 0, py::arg("passes") = 0,
               py::arg("random") = py::bytes());
    module.def("gaussian_candidates", &gaussian_candidates, py::arg("backend"), py::arg("sigma_256"),
               py::arg("random"));
    module.def("ring_is_prime", &pyfe::ring::is_prime, py::arg("n"));
    module.def("ring_least_root", &pyfe::ring::least_root, py::arg("q"), py::arg("n"));
    module.def("ring_operation", &ring_operation, py::arg("operation"), py::arg("q"), py::arg("a"),
               py::arg("b") = py::bytes(), py::arg("c") = 0);
    module.def("ring_pack", &ring_pack, py::arg("q"), py::arg("a"));
    module.def("ring_unpack", &ring_unpack, py::arg("q"), py::arg("bytes"), py::arg("count"));
    module.def("chacha20", &chacha20, py::arg("seed"), py::arg("sizes"));
    module.def("bls12_381_square_root", &bls12_381_square_root, py::arg("backend"), py::arg("a"));
    module.def(
        "setup",
        [](const pyfe::ipfe_ddh::Parameters& p, const py::bytes& random) {
            ListedRandom source(random);
            return run_setup(p, source);
        },
        py::arg("params"), py::arg("random"));
    module.def(
        "encrypt",
        [](const pyfe::ipfe_ddh::MasterPublicKey& mpk, const IntArray& x, const py::bytes& random) {
            ListedRandom source(random);
            return run_encrypt(mpk, x, source);
        },
        py::arg("mpk"), py::arg("x"), py::arg("random"));
    module.def(
        "prove",
        [](const pyfe::ipfe_ddh::FunctionKey& sk, const pyfe::ipfe_ddh::CiphertextBatch& ct,
           const IntArray& z, const py::bytes& about, const py::bytes& random) {
            ListedRandom source(random);
            return run_prove(sk, ct, z, about, source);
        },
        py::arg("sk"), py::arg("ct"), py::arg("z"), py::arg("about"), py::arg("random"));
    module.def(
        "encrypt_recorded",
        [](const pyfe::ipfe_ddh::MasterPublicKey& mpk, const IntArray& x) {
            RecordedRandom source;
            auto batch = run_encrypt(mpk, x, source);
            return py::make_tuple(std::move(batch), source.notes());
        },
        py::arg("mpk"), py::arg("x"));
    module.def(
        "qfe_encrypt_recorded",
        [](const pyfe::qfe::MasterPublicKey& mpk, const IntArray& x) {
            RecordedRandom source;
            auto batch = run_encrypt(mpk, x, py::none(), source);
            return py::make_tuple(std::move(batch), source.notes());
        },
        py::arg("mpk"), py::arg("x"));
    module.def(
        "ipfe_rlwe_setup",
        [](const pyfe::ipfe_rlwe::Parameters& p, const py::bytes& random) {
            ListedRandom source(random);
            return run_setup(p, source);
        },
        py::arg("params"), py::arg("random"));
    module.def(
        "ipfe_rlwe_encrypt",
        [](const pyfe::ipfe_rlwe::MasterPublicKey& mpk, const IntArray& x, const py::bytes& random) {
            ListedRandom source(random);
            return run_encrypt(mpk, x, source);
        },
        py::arg("mpk"), py::arg("x"), py::arg("random"));
    module.def(
        "qfe_setup",
        [](const pyfe::qfe::Parameters& p, const py::bytes& random) {
            ListedRandom source(random);
            return run_setup(p, source);
        },
        py::arg("params"), py::arg("random"));
    module.def(
        "qfe_encrypt",
        [](const pyfe::qfe::MasterPublicKey& mpk, const IntArray& x, const py::object& y,
           const py::bytes& random) {
            ListedRandom source(random);
            return run_encrypt(mpk, x, y, source);
        },
        py::arg("mpk"), py::arg("x"), py::arg("y"), py::arg("random"));
    // With alpha as given, for vectors of a program that hashes it otherwise
    module.def(
        "qfe_public_key",
        [](const pyfe::qfe::Parameters& p, const py::bytes& nonce, const py::bytes& alpha,
           const py::bytes& beta) {
            namespace qfe = pyfe::qfe;
            return qfe::MasterPublicKey(p, as_id(nonce, "nonce"),
                                        qfe::G1Points::decode(as_span(alpha), "alpha"),
                                        qfe::G2Points::decode(as_span(beta), "beta"));
        },
        py::arg("params"), py::arg("nonce"), py::arg("alpha"), py::arg("beta"));
    finish_module(module);
}
