// Inner products modulo p = 2^127 - 1 that are exact and hide nothing. Never for use.
//   setup    s random, and public          encrypt  one r for a block of rows, ct = (r, E),  E_ji = x_ji + r
//   s_i keygen   s_y = <s, y>                  decrypt  sum_i y_i E_ji - r s_y = <x_j, y>, no search
#pragma once
#include <utility>

#include "pyfe/toy/ciphertext.hpp"

namespace pyfe::toy {

std::pair<MasterPublicKey, MasterSecretKey> setup(const Parameters& parameters, Random& random);
CiphertextBatch encrypt(const MasterPublicKey& mpk, const IntMatrix& x, Random& random);
FunctionKey keygen(const MasterSecretKey& msk, const IntMatrix& y);
void decrypt(const FunctionKey& sk, const CiphertextBatch& ct, int64_t* z);
bool verify_key(const MasterPublicKey& mpk, const FunctionKey& sk);

}  // namespace pyfe::toy
