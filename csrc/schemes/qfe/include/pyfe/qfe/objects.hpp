// Keys and ciphertexts of qfe-ggm-bls12381 and qfe-sxdh-bls12381, and their byte forms (little endian; points
// compressed, 48 bytes in G1 and 96 in G2; scalars 32 canonical bytes).
#pragma once
#include <memory>
#include <optional>

#include "pyfe/base/secret.hpp"
#include "pyfe/pairing/pairing.hpp"
#include "pyfe/qfe/forms.hpp"

namespace pyfe::qfe {

using field::bls12_381::Fr;
using group::bls12_381::G1Points, group::bls12_381::G2Points;
using SecretScalars = SecretVector<Fr>;

// What is made from a key when it is first wanted, kept with it and shared by its copies. Belongs to a
// backend.
class EncryptionTables;
class DecryptionLines;

struct MasterPublicKey {
    Parameters parameters;
    Id nonce;
    G1Points alpha;  // alpha_il at i k + l, hashed from the nonce: nobody knows their logarithms
    G2Points beta;   // beta_jl at j k + l
    Id id{};

    // Error(decode) when some beta is the identity
    MasterPublicKey(Parameters p, const Id& nonce, G2Points beta);
    // With other points than the hashed ones, for vectors of other programs
    MasterPublicKey(Parameters p, const Id& nonce, G1Points alpha, G2Points beta);
    static G1Points hashed_alpha(const Parameters& p, const Id& nonce);
    // parameters | nonce[32] | beta
    Bytes to_bytes() const;
    static MasterPublicKey from_bytes(std::span<const uint8_t> data);

    std::shared_ptr<EncryptionTables> tables;
};

struct MasterSecretKey {
    Parameters parameters;
    Id public_key_id{};
    Id nonce{};
    G1Points alpha;
    SecretScalars beta;             // beta_jl at j k + l
    SecretVector<uint8_t> prf_key;  // of u; drawn beside beta, not from it

    // parameters | public key id | nonce[32] | beta | prf_key[32]. The caller wipes the bytes.
    Bytes to_bytes() const;
    static MasterSecretKey from_bytes(std::span<const uint8_t> data);
};

struct FunctionKey {
    Id public_key_id{};
    uint32_t k = 1;
    Forms forms;
    std::vector<Interval> intervals;  // of each form over the parameters' boxes
    G1Points K;                       // [T_f - u_f]_1
    G2Points K2;                      // [u_f]_2, K' in the paper's spelling
    std::optional<Readout> readout;   // none of the key of a verb

    FunctionKey(const Id& id, uint32_t k, Forms forms, std::vector<Interval> intervals, G1Points K,
                G2Points K2);
    // public key id | (u8 0 | u8 layout, with a readout) | u8 k | u32 n | u32 m | u32 C | forms
    // | i64 interval[C][2] | readout, if any | (K | K') x C
    Bytes to_bytes() const;
    static FunctionKey from_bytes(std::span<const uint8_t> data);

    std::shared_ptr<DecryptionLines> lines;
};

class CiphertextBatch {
  public:
    // Rows of [gamma]_1, [gamma]_2 and, l before i, c_il and d_jl
    Id public_key_id{};
    uint32_t k = 1;
    size_t n = 0, m = 0;
    G1Points gamma1;  // a row
    G2Points gamma2;
    G1Points c;  // c_il of row r at (r (k + 1) + l) n + i
    G2Points d;

    size_t size() const { return gamma1.size; }
    size_t row_size() const { return 48 * (1 + (k + 1) * n) + 96 * (1 + (k + 1) * m); }
    CiphertextBatch slice(size_t start, size_t stop) const;
    static CiphertextBatch concat(const std::vector<const CiphertextBatch*>& parts);

    // public key id | u64 rows | u8 k | u32 n | u32 m | rows
    Bytes to_bytes() const;
    // Checks every point, its subgroup, and that [gamma]_1 and [gamma]_2 hold one gamma, not zero
    static CiphertextBatch from_bytes(std::span<const uint8_t> data);
};

}  // namespace pyfe::qfe
