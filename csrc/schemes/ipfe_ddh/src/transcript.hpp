// The transcript of a proof of scores: what is hashed, in which order, and the weights and the challenge that
// come out of it.
//
//   item(x)    = u64 length of x | x
//   S          = SHA-512 of the items of Statement::digest
//   weights    = 128 bits each, four from SHA-512 of item(tag) item(S) item(u8 role) item(u64 number)
//   challenge  = SHA-512 of item(tag) item(S) item(K) item(L) item(C) item(D) item(T1) item(T2), modulo l
#pragma once
#include <string_view>

#include "pyfe/hash/sha2.hpp"
#include "pyfe/ipfe_ddh/objects.hpp"

namespace pyfe::ipfe_ddh {

using Digest = Sha512::Digest;

constexpr size_t kHashedRows = 1024;  // rows to a leaf: what a thread hashes at once

// What is proven, all of it public
struct Statement {
    const Id& public_key_id;
    std::span<const uint8_t> about;
    IntMatrix y;                             // [functions][n]
    const std::vector<Interval>& intervals;  // [functions]
    const CiphertextBatch& ct;
    const int64_t* z;  // [rows][functions]

    Digest digest() const;
};

enum class Role : uint8_t { functions = 0, rows = 1 };
std::vector<PublicScalar> weights(const Digest& statement, Role role, size_t count);

// Points of the combined statement, and of the commitments to the nonces; 32 bytes each
struct Commitments {
    std::span<const uint8_t> K, L, C, D, T1, T2;
};
Scalar challenge(const Digest& statement, const Commitments& points);

// A hash of items, each with its length before it. Constant-time in their bytes
class Items {
  public:
    explicit Items(std::string_view tag) { add({reinterpret_cast<const uint8_t*>(tag.data()), tag.size()}); }
    Items& add(std::span<const uint8_t> item);
    Digest digest() { return hash_.finish(); }

  private:
    Sha512 hash_;
};

}  // namespace pyfe::ipfe_ddh
