// Known answers on the active backend, for `pyfe doctor` and for an integrator's start-up check.
#include <cstring>

#include "arrays.hpp"
#include "pyfe/hash/sha256.hpp"
#include "pyfe/ipfe_ddh/scheme.hpp"

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
    group::mul_base({k.data(), 2}, out.data());
    // RFC 9496, appendix A.1
    return hex(out) ==
           "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"
           "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919";
}

bool one_way_map() {
    const std::vector<uint8_t> zero(64, 0);  // MAP(0) is the identity's coset
    return hex(group::from_uniform_bytes(zero)) == std::string(64, '0');
}

bool inner_product() {
    using namespace ipfe_ddh;
    const Parameters p({-5, 0, 0}, {5, 9, 9}, 7, Id{});
    const auto [mpk, msk] = setup(p, os_random());
    const int64_t x[] = {-5, 9, 0, 3, 1, 9}, y[] = {7, -7, 2};
    const FunctionKey sk = keygen(msk, {y, 1, 3});
    int64_t z[2];
    decrypt_vartime(sk, encrypt(mpk, {x, 2, 3}, os_random()), z);
    return verify_key_vartime(mpk, sk) && z[0] == -98 && z[1] == 32;
}

py::dict self_test() {
    py::dict out;
    out["sha256"] = sha256_abc();
    out["ristretto255 generator multiples (RFC 9496 A.1)"] = generator_multiples();
    out["ristretto255 one-way map"] = one_way_map();
    out["ipfe-ddh-ristretto255 round trip"] = inner_product();
    return out;
}

}  // namespace

void bind_self_test(py::module_& module) {
    module.def("self_test", &self_test, "Known-answer checks of the active backend, by name.");
}
