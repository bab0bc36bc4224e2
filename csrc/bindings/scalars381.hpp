// What the batches of G1, G2 and GT share: scalars as rows of bytes, and slices.
#pragma once
#include "arrays.hpp"
#include "pyfe/base/secret.hpp"
#include "pyfe/field/fr.hpp"

namespace pyfe::bindings {

using SecretRows = Unprinted<ByteArray>;
using SecretScalars = SecretVector<field::bls12_381::Fr>;

// Little-endian, below the group order
inline SecretScalars scalars(const SecretRows& rows, const char* name) {
    const ByteArray array = rows.get(name);
    const auto bytes = byte_rows(array, 32, name);
    SecretScalars out(bytes.size() / 32);
    for (size_t j = 0; j < out.size(); ++j) {
        uint64_t ok;
        out[j] = field::bls12_381::Fr::from_bytes(bytes.data() + 32 * j, &ok);
        if (ok == 0)
            fail(ErrorKind::decode,
                 std::string(name) + ": row " + std::to_string(j) + " is not below the group order");
    }
    return out;
}

// Of points or elements to make; more is refused by memory
inline size_t count_of(long long count) {
    constexpr long long most = 1LL << 40;
    if (count < 0 || count > most)
        fail(ErrorKind::parameter, "count: must be from 0 to " + std::to_string(most));
    return static_cast<size_t>(count);
}

template <class Batch>
Batch sliced(const Batch& batch, const py::slice& range) {
    py::ssize_t start = 0, stop = 0, step = 0, count = 0;
    if (!range.compute(static_cast<py::ssize_t>(batch.size), &start, &stop, &step, &count))
        throw py::error_already_set();
    return batch.slice(static_cast<size_t>(start), step, static_cast<size_t>(count));
}

}  // namespace pyfe::bindings
