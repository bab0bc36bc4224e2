// The verbs that draw randomness, over any source: the operating system's in the shipped module, an injected
// one in the test module.
#pragma once
#include <utility>

#include "arrays.hpp"
#include "pyfe/base/secret.hpp"
#include "pyfe/ipfe_ddh/scheme.hpp"
#include "pyfe/qfe/scheme.hpp"

namespace pyfe::bindings {

// int64 [n] is one row, or [rows, n]
inline schemes::IntMatrix matrix(const IntArray& a, const char* name) {
    if (a.ndim() == 1) return {a.data(), 1, static_cast<size_t>(a.shape(0))};
    if (a.ndim() != 2)
        fail(ErrorKind::parameter, std::string(name) + ": must be an int64 array [n] or [rows, n]");
    return {a.data(), static_cast<size_t>(a.shape(0)), static_cast<size_t>(a.shape(1))};
}

inline std::pair<ipfe_ddh::MasterPublicKey, ipfe_ddh::MasterSecretKey> run_setup(
    const ipfe_ddh::Parameters& p, Random& random) {
    py::gil_scoped_release release;
    const StackGuard guard;
    return ipfe_ddh::setup(p, random);
}

inline ipfe_ddh::CiphertextBatch run_encrypt(const ipfe_ddh::MasterPublicKey& mpk, const IntArray& x,
                                             Random& random) {
    const schemes::IntMatrix m = matrix(x, "x");
    py::gil_scoped_release release;
    const StackGuard guard;
    return ipfe_ddh::encrypt(mpk, m, random);
}

inline std::pair<qfe::MasterPublicKey, qfe::MasterSecretKey> run_setup(const qfe::Parameters& p,
                                                                       Random& random) {
    py::gil_scoped_release release;
    const StackGuard guard;
    return qfe::setup(p, random);
}

// y: None when the parameters are square
inline qfe::CiphertextBatch run_encrypt(const qfe::MasterPublicKey& mpk, const IntArray& x,
                                        const py::object& y, Random& random) {
    const schemes::IntMatrix left = matrix(x, "x");
    if (y.is_none()) {
        py::gil_scoped_release release;
        const StackGuard guard;
        return qfe::encrypt(mpk, left, nullptr, random);
    }
    const IntArray other = py::reinterpret_borrow<Unprinted<IntArray>>(y).get("y");
    const schemes::IntMatrix right = matrix(other, "y");
    py::gil_scoped_release release;
    const StackGuard guard;
    return qfe::encrypt(mpk, left, &right, random);
}

}  // namespace pyfe::bindings
