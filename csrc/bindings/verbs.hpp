// The verbs that draw randomness, over any source: the operating system's in the shipped module, an injected
// one in the test module.
#pragma once
#include <algorithm>
#include <cstring>
#include <utility>

#include "arrays.hpp"
#include "pyfe/base/secret.hpp"
#include "pyfe/ipfe_ddh/scheme.hpp"
#include "pyfe/qfe/scheme.hpp"

namespace pyfe::bindings {

// A copy of int64 [n], which is one row, or [rows, n]; wiped, since it may hold patients' rows
class Matrix {
  public:
    Matrix(const IntArray& a, const char* name) : values_(static_cast<size_t>(a.size())) {
        if (a.ndim() != 1 && a.ndim() != 2)
            fail(ErrorKind::parameter, std::string(name) + ": must be an int64 array [n] or [rows, n]");
        rows_ = a.ndim() == 1 ? 1 : static_cast<size_t>(a.shape(0));
        columns_ = static_cast<size_t>(a.shape(a.ndim() - 1));
        constexpr size_t piece = size_t{1} << 21;
        for (size_t at = 0; at < values_.size(); at += piece) {
            if (PyErr_CheckSignals() != 0) throw py::error_already_set();
            std::memcpy(&values_[at], a.data() + at, std::min(piece, values_.size() - at) * sizeof(int64_t));
        }
    }
    schemes::IntMatrix view() const { return {values_.data(), rows_, columns_}; }

  private:
    SecretVector<int64_t> values_;
    size_t rows_, columns_;
};

inline std::pair<ipfe_ddh::MasterPublicKey, ipfe_ddh::MasterSecretKey> run_setup(
    const ipfe_ddh::Parameters& p, Random& random) {
    const NoGil no_gil;
    const StackGuard guard;
    return ipfe_ddh::setup(p, random);
}

inline ipfe_ddh::CiphertextBatch run_encrypt(const ipfe_ddh::MasterPublicKey& mpk, const IntArray& x,
                                             Random& random) {
    const Matrix m(x, "x");
    const NoGil no_gil;
    const StackGuard guard;
    return ipfe_ddh::encrypt(mpk, m.view(), random);
}

inline std::pair<qfe::MasterPublicKey, qfe::MasterSecretKey> run_setup(const qfe::Parameters& p,
                                                                       Random& random) {
    const NoGil no_gil;
    const StackGuard guard;
    return qfe::setup(p, random);
}

// y: None when the parameters are square
inline qfe::CiphertextBatch run_encrypt(const qfe::MasterPublicKey& mpk, const IntArray& x,
                                        const py::object& y, Random& random) {
    const Matrix left(x, "x");
    if (y.is_none()) {
        const NoGil no_gil;
        const StackGuard guard;
        return qfe::encrypt(mpk, left.view(), nullptr, random);
    }
    const IntArray other = py::reinterpret_borrow<Unprinted<IntArray>>(y).get("y");
    const Matrix right(other, "y");
    const schemes::IntMatrix view = right.view();
    const NoGil no_gil;
    const StackGuard guard;
    return qfe::encrypt(mpk, left.view(), &view, random);
}

}  // namespace pyfe::bindings
