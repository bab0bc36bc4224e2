// Known answers on the active backend, for `pyfe doctor` and for an integrator's start-up check.
#include <string>
#include <vector>

#include "arrays.hpp"
#include "pyfe/group/ristretto255/fixed_base.hpp"
#include "pyfe/hash/sha2.hpp"

namespace {

using namespace pyfe;

std::string hex(std::span<const uint8_t> bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const uint8_t b : bytes) {
        out += digits[b >> 4];
        out += digits[b & 15];
    }
    return out;
}

bool sha256_abc() {
    const uint8_t abc[] = {'a', 'b', 'c'};  // FIPS 180-4
    return hex(sha256(abc)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
}

bool generator_multiples() {
    SecretVector<field::Scalar> k(2);
    k[0].w[0] = 1;
    k[1].w[0] = 2;
    std::vector<uint8_t> out(64);
    group::ristretto255::mul_base({k.data(), 2}, out.data());
    // RFC 9496, appendix A.1
    return hex(out) ==
           "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"
           "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919";
}

bool one_way_map() {
    const std::vector<uint8_t> zero(64, 0);  // MAP(0) is the identity's coset
    return hex(group::ristretto255::from_uniform_bytes(zero)) == std::string(64, '0');
}

struct Check {
    const char* name;
    bool (*passes)();
};

// Those of the schemes come from their own files.
std::vector<Check>& checks = *new std::vector<Check>{
    {"sha256", sha256_abc},
    {"ristretto255 generator multiples (RFC 9496 A.1)", generator_multiples},
    {"ristretto255 one-way map", one_way_map},
};

py::dict self_test() {
    py::dict out;
    for (const Check& check : checks) out[check.name] = check.passes();
    return out;
}

}  // namespace

void add_self_test(const char* name, bool (*passes)()) { checks.push_back({name, passes}); }

void bind_self_test(py::module_& module) {
    module.def("self_test", &self_test, "Known-answer checks of the active backend, by name.");
}
