// The four verbs of the selectively secure scheme of Bermudo Mera, Karmakar, Marc, Soleimanian (PKC 2022,
// eprint 2021/046) in slots: docs/math/rlwe.md.
#pragma once
#include <utility>

#include "pyfe/ipfe_rlwe/ciphertext.hpp"
#include "pyfe/ipfe_rlwe/keys.hpp"
#include "pyfe/random/random.hpp"

namespace pyfe::ipfe_rlwe {

std::pair<MasterPublicKey, MasterSecretKey> setup(const Parameters& parameters, Random& random);
// N rows a ciphertext, each under randomness of its own. Error(out_of_range) naming row and coordinate.
CiphertextBatch encrypt(const MasterPublicKey& mpk, const IntMatrix& x, Random& random);
// Error(out_of_range) for a function whose key is too noisy to tell results apart
FunctionKey keygen(const MasterSecretKey& msk, const IntMatrix& y);
// z: [rows][functions]. Error(key_mismatch) and Error(out_of_range), by public facts, before any work;
// Error(refused) after all of it, which does not say where or why, and then z is all 0. Of a sum, every
// ciphertext that it is made of is opened as well, by itself, and refuses all where it is wrong, unless this
// key (the same PreparedKey) accepted it before. Error(parameter), before any work, for a sum that came as
// bytes, unless somebody vouches for it.
void decrypt_vartime(const FunctionKey& sk, const CiphertextBatch& ct, int64_t* z);
// For every function: E = sum_i y_i pk_i - a sk_y and sk_y are short, ||E||^2 is what the key says, the
// interval is that of y, and the key is not too noisy
bool verify_key_vartime(const MasterPublicKey& mpk, const FunctionKey& sk);

}  // namespace pyfe::ipfe_rlwe
