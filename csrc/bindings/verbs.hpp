// The verbs that draw randomness, for the objects of any scheme and over any source: the operating system's
// in the shipped module, an injected one in the test module. The scheme's own setup and encrypt are found by
// its types.
#pragma once
#include <algorithm>
#include <cstring>

#include "arrays.hpp"
#include "bytes.hpp"
#include "pyfe/base/secret.hpp"
#include "pyfe/random/random.hpp"
#include "pyfe/schemes/common.hpp"

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

template <class Parameters>
auto run_setup(const Parameters& p, Random& random) {
    const NoGil no_gil;
    const StackGuard guard;
    return setup(p, random);
}

template <class EncryptionKey>
auto run_encrypt(const EncryptionKey& key, const IntArray& x, Random& random) {
    const Matrix m(x, "x");
    const NoGil no_gil;
    const StackGuard guard;
    return encrypt(key, m.view(), random);
}

// z: int64 [rows, functions]. Error(parameter) for another shape
inline schemes::IntMatrix scores_of(const Matrix& z, size_t rows, size_t functions) {
    const schemes::IntMatrix m = z.view();
    if (m.rows != rows || m.columns != functions)
        fail(ErrorKind::parameter, "z: must be an int64 array [" + std::to_string(rows) + ", " +
                                       std::to_string(functions) + "], not [" + std::to_string(m.rows) +
                                       ", " + std::to_string(m.columns) + "]");
    return m;
}

template <class FunctionKey, class CiphertextBatch>
auto run_prove(const FunctionKey& sk, const CiphertextBatch& ct, const IntArray& z, const py::bytes& about,
               Random& random) {
    const Matrix values(z, "z");
    const schemes::IntMatrix m = scores_of(values, ct.size(), sk.functions);
    const NoGil no_gil;
    const StackGuard guard;
    return prove(sk, ct, m.data, as_span(about), random);
}

// For schemes of two vectors. y: None where there is one
template <class EncryptionKey>
auto run_encrypt(const EncryptionKey& key, const IntArray& x, const py::object& y, Random& random) {
    const Matrix left(x, "x");
    if (y.is_none()) {
        const NoGil no_gil;
        const StackGuard guard;
        return encrypt(key, left.view(), nullptr, random);
    }
    const IntArray other = py::reinterpret_borrow<Unprinted<IntArray>>(y).get("y");
    const Matrix right(other, "y");
    const schemes::IntMatrix view = right.view();
    const NoGil no_gil;
    const StackGuard guard;
    return encrypt(key, left.view(), &view, random);
}

}  // namespace pyfe::bindings
