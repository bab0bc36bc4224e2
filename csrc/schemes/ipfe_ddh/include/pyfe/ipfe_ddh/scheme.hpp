// The four verbs of ALS16 (Agrawal, Libert, Stehle, CRYPTO 2016, eprint 2015/608) over ristretto255.
#pragma once
#include <utility>

#include "pyfe/ipfe_ddh/objects.hpp"
#include "pyfe/random/random.hpp"

namespace pyfe::ipfe_ddh {

std::pair<MasterPublicKey, MasterSecretKey> setup(const Parameters& parameters, Random& random);
CiphertextBatch encrypt(const MasterPublicKey& mpk, const IntMatrix& x, Random& random);
FunctionKey keygen(const MasterSecretKey& msk, const IntMatrix& y);
// z: [rows][functions]. Error(key_mismatch) before any work when ids differ; Error(out_of_range) names row
// and function.
void decrypt_vartime(const FunctionKey& sk, const CiphertextBatch& ct, int64_t* z);
// For every function: s_y G + t_y H = sum_i y_i h_i, and the interval is the one of y over the parameters'
// box
bool verify_key_vartime(const MasterPublicKey& mpk, const FunctionKey& sk);

}  // namespace pyfe::ipfe_ddh
