// Verifiable decryption: one proof that all scores of a batch are what the functions' key gives. Derivation,
// what is bound and in which order, and what it does not say: docs/math/score-proofs.md.
#pragma once
#include "pyfe/ipfe_ddh/objects.hpp"
#include "pyfe/random/random.hpp"

namespace pyfe::ipfe_ddh {

// A proof of knowledge of (s, t) with K = s G + t H and L = s C + t D, where K, L, C, D are combinations of
// the functions and rows with weights that the transcript gives (Okamoto's proof of a representation).
struct ScoreProof {
    Id public_key_id{};
    uint64_t rows = 0;
    uint32_t functions = 0;
    PublicScalar e, u, v;  // challenge, and the responses u = a + e s, v = b + e t

    // public key id | u64 rows | u32 functions | e | u | v
    Bytes to_bytes() const;
    // Error(decode) also for a scalar that is not below the group order
    static ScoreProof from_bytes(std::span<const uint8_t> data);
};

// z: [rows][functions], what decrypt_vartime gave; `about`: bytes of the caller's that the proof is bound to.
// Constant-time in s_y, t_y and the nonces; not in anything that the verifier knows. A proof of other scores
// is made too, and does not verify. Error(key_mismatch) when ids differ.
ScoreProof prove(const FunctionKey& sk, const CiphertextBatch& ct, const int64_t* z,
                 std::span<const uint8_t> about, Random& random);
// Whether the key of the functions y gives z on ct. Error(key_mismatch) where proof, batch and public key do
// not belong together; Error(out_of_range) naming row and function for a score outside the interval, and for
// a function that no key can be of.
bool verify_scores_vartime(const MasterPublicKey& mpk, const IntMatrix& y, const CiphertextBatch& ct,
                           const int64_t* z, std::span<const uint8_t> about, const ScoreProof& proof);

}  // namespace pyfe::ipfe_ddh
