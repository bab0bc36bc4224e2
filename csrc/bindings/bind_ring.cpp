#include <cstring>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "pyfe/ring/ntt.hpp"

namespace {

using namespace pyfe;
using namespace pyfe::bindings;

int log_of(py::ssize_t n) {
    for (int log_n = ring::least_log; log_n <= ring::most_log; ++log_n)
        if (n == py::ssize_t{1} << log_n) return log_n;
    fail(ErrorKind::parameter,
         "a: must be an int64 array [batch, N], N a power of two from 8 to 16384, not " + std::to_string(n));
}

void require_residues(uint64_t q, const uint64_t* words, size_t count) {
    for (size_t i = 0; i < count; ++i)
        if (words[i] >= q)
            fail(ErrorKind::parameter, "a: number " + std::to_string(i) + " is not a residue modulo " +
                                           std::to_string(q) + ", 0 to q - 1");
}

IntArray ring_transform(uint64_t q, const Unprinted<IntArray>& a, bool inverse, long long repeat) {
    const IntArray given = a.get("a");
    if (given.ndim() != 2) fail(ErrorKind::parameter, "a: must be an int64 array [batch, N]");
    if (repeat < 1) fail(ErrorKind::parameter, "repeat: " + std::to_string(repeat) + " is not positive");
    const ring::Ntt ntt(q, log_of(given.shape(1)));
    IntArray out({given.shape(0), given.shape(1)});
    const auto count = static_cast<size_t>(out.size());
    auto* const to = reinterpret_cast<uint64_t*>(out.mutable_data());
    if (count > 0) std::memcpy(to, given.data(), count * sizeof *to);
    require_residues(q, to, count);
    {
        const NoGil no_gil;
        for (long long i = 0; i < repeat; ++i)
            inverse ? ntt.inverse(to, count / ntt.n()) : ntt.forward(to, count / ntt.n());
    }
    return out;
}

// X^(N/2) at the odd powers of psi is a root of -1, and in the second half of the values its negative
bool transforms() {
    constexpr uint64_t q = 134219009;  // 2^27 + 1281
    const ring::Ntt ntt(q, 7);
    std::vector<uint64_t> a(128);
    a[64] = 1;
    ntt.forward(a.data());
    bool right = a[0] < q && a[0] * a[0] % q == q - 1;
    for (size_t i = 0; i < 64; ++i) right = right && a[i] == a[0] && a[64 + i] == q - a[0];
    return right;
}

}  // namespace

void bind_ring(py::module_& module) {
    module.def(
        "ring_transform", &ring_transform, py::arg("q"), py::arg("a"), py::arg("inverse") = false,
        py::arg("repeat") = 1,
        "int64 [batch, N]: the negacyclic number-theoretic transform of each row of a, residues 0 to\n"
        "q - 1 of a prime q = 1 mod 2N of 28 to 50 bits, N a power of two from 8 to 16,384. Value i is\n"
        "a(psi^(2 bitreverse(i) + 1)), psi the least primitive 2N-th root of unity; inverse=True goes\n"
        "back. Done `repeat` times, each on the result before. Constant time in a.");
    add_self_test("number-theoretic transform", transforms);
}
