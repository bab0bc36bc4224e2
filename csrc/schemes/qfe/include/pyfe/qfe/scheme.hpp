// The verbs of quadratic functional encryption (docs/math/qfe.md): masks of dimension k, keys split over G1
// and G2. k = 1: adaptive IND in the generic bilinear group model. k = 3: selective IND, SXDH and 3-PDDH, in
// the random-oracle model.
#pragma once
#include <utility>

#include "pyfe/qfe/objects.hpp"
#include "pyfe/random/random.hpp"

namespace pyfe::qfe {

std::pair<MasterPublicKey, MasterSecretKey> setup(const Parameters& parameters, Random& random);
// y: null when the parameters are square
CiphertextBatch encrypt(const MasterPublicKey& mpk, const IntMatrix& x, const IntMatrix* y, Random& random);
FunctionKey keygen(const MasterSecretKey& msk, const Forms& f);
// z: [rows][C]. Error(key_mismatch) before any work when ids or shapes differ; Error(out_of_range) names row
// and function.
void decrypt_vartime(const FunctionKey& sk, const CiphertextBatch& ct, int64_t* z);
// For every form: e(K, g2) e(g1, K') = prod_jl e(sum_i F_ij alpha_il, beta_jl), and the interval is its own
bool verify_key_vartime(const MasterPublicKey& mpk, const FunctionKey& sk);

// Without any key: rows that encrypt P x and Q y (q null: P on both sides). P: [n'][n], Q: [m'][m].
CiphertextBatch project_vartime(const CiphertextBatch& ct, const IntMatrix& p, const IntMatrix* q);
// The same key for projected rows: f' with P^T f' Q = F. Error(parameter) when it is not so.
FunctionKey project_key(const FunctionKey& sk, const IntMatrix& p, const IntMatrix* q, Forms f);

}  // namespace pyfe::qfe
