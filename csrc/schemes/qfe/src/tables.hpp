// What keys keep for their next use, once a backend
#pragma once

#include "pyfe/base/guarded.hpp"
#include "pyfe/group/bls12_381/base_tables.hpp"
#include "pyfe/qfe/objects.hpp"

namespace pyfe::qfe {

struct Tables {
    group::bls12_381::G1BaseTables alpha;
    group::bls12_381::G2BaseTables beta;
};

using Backend = const group::bls12_381::Kernels*;
class EncryptionTables : public Cache<Backend, Tables> {};
class DecryptionLines : public Cache<Backend, pairing::Prepared> {};  // of K'

}  // namespace pyfe::qfe
