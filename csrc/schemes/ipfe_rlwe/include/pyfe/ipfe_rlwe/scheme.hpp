// The four verbs of the selectively secure scheme of Bermudo Mera, Karmakar, Marc, Soleimanian (PKC 2022,
// eprint 2021/046) in slots: docs/math/rlwe.md.
#pragma once
#include <memory>
#include <utility>

#include "pyfe/ipfe_rlwe/ciphertext.hpp"
#include "pyfe/ipfe_rlwe/keys.hpp"
#include "pyfe/ipfe_rlwe/plain_rows.hpp"
#include "pyfe/random/random.hpp"

namespace pyfe::ipfe_rlwe {

std::pair<MasterPublicKey, MasterSecretKey> setup(const Parameters& parameters, Random& random);
// The same without holding pk_1 .. pk_n, of which the public key has the hash only
std::pair<MasterPublicKey, MasterSecretKey> setup_without_pk(const Parameters& parameters, Random& random);
// The bytes of a public key, pk_1 .. pk_n made again from the master key, where the descriptor stands; or all
// of it in memory. Error(key_mismatch) where the master key is another's
void write_public_key(const MasterPublicKey& mpk, const MasterSecretKey& msk, const File& file);
MasterPublicKey with_pk(const MasterPublicKey& mpk, const MasterSecretKey& msk);
// Each pk_i made again whenever it is asked for: what an authority checks its own keys against
MasterPublicKey remade_pk(const MasterPublicKey& mpk, std::shared_ptr<const MasterSecretKey> msk);
// N rows a ciphertext, each under randomness of its own. Error(out_of_range) naming row and coordinate.
CiphertextBatch encrypt(const MasterPublicKey& mpk, const IntMatrix& x, Random& random);
// One ciphertext, feature by feature under one r, into a file: the bytes of a batch of it, from `at` on; how
// many. What says how many rows there are, and ct_0, come last: whatever a killed run leaves opens nothing.
uint64_t encrypt_to(const MasterPublicKey& mpk, const PlainRows& x, Random& random, const File& file,
                    uint64_t at);
// Error(out_of_range) for a function whose key is too noisy to tell results apart
FunctionKey keygen(const MasterSecretKey& msk, const IntMatrix& y);
// z: [rows][functions]. Error(key_mismatch) and Error(out_of_range), by public facts, before any work;
// Error(refused) after all of it, which does not say where or why, and then z is all 0. Of a sum, every
// ciphertext that it is made of is opened as well, by itself, and refuses all where it is wrong, unless this
// key (this one or a copy) accepted it before. Error(parameter), before any work, for a sum that came as
// bytes, unless somebody vouches for it.
void decrypt_vartime(const FunctionKey& sk, const CiphertextBatch& ct, int64_t* z);
// The same of several keys of one public key, in one pass: what each costs but the reading of the
// ciphertexts. z: [rows][functions of all keys]. One refusal for all of them, after all of the work.
using Keys = std::span<const FunctionKey* const>;
void decrypt_vartime(Keys keys, const CiphertextBatch& ct, int64_t* z);
// For every function: E = sum_i y_i pk_i - a sk_y and sk_y are short, ||E||^2 is what the key says, the
// interval is that of y, and the key is not too noisy
bool verify_key_vartime(const MasterPublicKey& mpk, const FunctionKey& sk);

}  // namespace pyfe::ipfe_rlwe
