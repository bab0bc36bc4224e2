#include <cstring>
#include <string>

#include "arrays.hpp"
#include "objects.hpp"
#include "pyfe/noise/row_noise.hpp"
#include "pyfe/random/chacha20.hpp"
#include "pyfe/random/gaussian.hpp"

namespace {

using namespace pyfe;
using namespace pyfe::bindings;

IntArray discrete_gaussian(long long sigma_256, const Unprinted<ByteArray>& seeds, long long columns) {
    constexpr long long most_columns = 1LL << 32;
    if (sigma_256 < 0)
        fail(ErrorKind::parameter,
             "discrete_gaussian: sigma_256 " + std::to_string(sigma_256) + " is negative");
    if (columns < 1 || columns > most_columns)
        fail(ErrorKind::parameter,
             "discrete_gaussian: columns " + std::to_string(columns) + " is not from 1 to 2^32");
    const DiscreteGaussian gaussian(static_cast<uint64_t>(sigma_256));
    const ByteArray array = seeds.get("seeds");
    const auto given = byte_rows(array, ChaCha20Random::seed_size, "seeds");
    SecretVector<uint8_t> copied(given.size());
    std::copy(given.begin(), given.end(), copied.data());
    IntArray out({static_cast<py::ssize_t>(given.size() / ChaCha20Random::seed_size),
                  static_cast<py::ssize_t>(columns)});
    int64_t* const to = out.mutable_data();
    {
        const NoGil no_gil;
        gaussian.sample_rows({copied.data(), copied.size()}, static_cast<size_t>(columns), to);
    }
    return out;
}

std::vector<uint64_t> slot_ids(const IntArray& slots) {
    const std::vector<int64_t> given = int_vector(slots, "slots");
    if (given.empty()) fail(ErrorKind::parameter, "row_noise: there is no slot");
    std::vector<uint64_t> out;
    for (const int64_t slot : given) {
        if (slot < 0) fail(ErrorKind::parameter, "row_noise: a slot is not negative");
        out.push_back(static_cast<uint64_t>(slot));
    }
    return out;
}

SecretVector<uint8_t> owner_secret(const Unprinted<py::buffer>& secret) {
    const py::buffer buffer = secret.get("secret");
    const py::buffer_info info = buffer.request();
    if (info.ndim != 1 || info.itemsize != 1 || info.strides[0] != 1 ||
        info.shape[0] != static_cast<py::ssize_t>(RowNoise::secret_size))
        fail(ErrorKind::parameter, "secret: must be 32 contiguous bytes");
    SecretVector<uint8_t> out(RowNoise::secret_size);
    std::memcpy(out.data(), info.ptr, out.size());
    return out;
}

IntArray row_noise(const Unprinted<py::buffer>& secret, const py::bytes& context,
                   const Unprinted<ByteArray>& rows, const IntArray& slots, long long sigma_256) {
    const SecretVector<uint8_t> key = owner_secret(secret);
    if (sigma_256 < 0) fail(ErrorKind::parameter, "row_noise: sigma_256 is negative");
    const std::span<const uint8_t, RowNoise::secret_size> bytes(key.data(), key.size());
    const RowNoise noise(bytes, as_span(context), static_cast<uint64_t>(sigma_256));
    const std::vector<uint64_t> ids = slot_ids(slots);
    const ByteArray array = rows.get("rows");
    if (array.ndim() != 2 || array.shape(1) < 1)
        fail(ErrorKind::parameter, "rows: must be a uint8 array [N, width]");
    const auto width = static_cast<size_t>(array.shape(1));
    const auto given = byte_rows(array, array.shape(1), "rows");
    SecretVector<uint8_t> copied(given.size());
    std::copy(given.begin(), given.end(), copied.data());
    IntArray out({array.shape(0), static_cast<py::ssize_t>(ids.size())});
    int64_t* const to = out.mutable_data();
    {
        const NoGil no_gil;
        noise.draw({copied.data(), copied.size()}, width, ids, to);
    }
    return out;
}

// RFC 8439, A.1, test vectors 1 and 2: the first words of blocks 0 and 1 under the zero key
bool key_stream() {
    const uint8_t seed[32] = {};
    ChaCha20Random stream(seed);
    uint8_t bytes[128];
    stream.fill(bytes, sizeof bytes);
    uint64_t words[2];
    std::memcpy(&words[0], bytes, 8);
    std::memcpy(&words[1], bytes + 64, 8);
    return words[0] == 0x903df1a0ade0b876 && words[1] == 0x7a385155bee7079f;
}

// Of this project, tests/vectors/discrete_gaussian.json
bool draws() {
    const uint8_t seed[32] = {};
    int64_t z[4];
    DiscreteGaussian(128 * 256).sample_rows(seed, 4, z);
    return z[0] == 64 && z[1] == 195 && z[2] == 15 && z[3] == -80;
}

}  // namespace

void bind_random(py::module_& module) {
    module.def(
        "discrete_gaussian", &discrete_gaussian, py::arg("sigma_256"), py::arg("seeds"),
        py::arg("columns") = 1,
        "int64 [rows, columns]: draws from the discrete Gaussian on the integers with centre 0 and\n"
        "standard deviation sigma_256 / 256, from 1 to 2^49. Row i comes from seeds[i] of a uint8 array\n"
        "[rows, 32] alone, and its first draws are the same for more columns. Within 2^-98 a draw of the\n"
        "exact distribution; constant time in seeds and draws.");
    module.def(
        "row_noise", &row_noise, py::arg("secret"), py::arg("context"), py::arg("rows"), py::arg("slots"),
        py::arg("sigma_256"),
        "int64 [rows, slots]: discrete Gaussian noise of standard deviation sigma_256 / 256 for each row of\n"
        "a uint8 array [rows, width] and each slot, int64 [slots]: a pseudorandom function of the "
        "secret (32\n"
        "bytes), the context, the row and the slot. Constant time in secret, rows and noise.");
    add_self_test("ChaCha20 key stream (RFC 8439 A.1)", key_stream);
    add_self_test("discrete Gaussian", draws);
}
