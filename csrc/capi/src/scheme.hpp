// A scheme as the C ABI sees it: objects behind one face. What is particular to a scheme is said in its own
// of_<scheme>.cpp; nothing else here asks which one it is.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "pyfe/base/shared_bytes.hpp"
#include "pyfe/random/random.hpp"
#include "pyfe/schemes/readout.hpp"

namespace pyfe::capi {

using schemes::Box, schemes::Id, schemes::IntMatrix, schemes::Readout;

// What a row's weights sum to: the positive ones, and the negated negative ones
struct WeightSums {
    uint64_t pos = 1, neg = 0;
};

class Batch {
  public:
    virtual ~Batch() = default;
    virtual const Id& public_key_id() const = 0;
    virtual uint64_t rows() const = 0;
    virtual uint64_t n() const = 0;
    virtual bool combined() const = 0;
    virtual std::vector<WeightSums> weight_sums() const = 0;  // a row each, where they are combined
};

class FunctionKey {
  public:
    virtual ~FunctionKey() = default;
    virtual const Id& public_key_id() const = 0;
    virtual uint64_t functions() const = 0;
    virtual uint64_t n() const = 0;
    virtual const std::vector<Interval>& intervals() const = 0;
    virtual const Readout* readout() const = 0;  // null in the first layout
    // Has the table of the search at hand
    virtual void prepare() const = 0;
    // z: [rows][functions]; of a batch of the same scheme
    virtual void decrypt_vartime(const Batch& batch, int64_t* z) const = 0;
};

class PublicKey {
  public:
    virtual ~PublicKey() = default;
    virtual const Id& id() const = 0;
    virtual Id parameter_hash() const = 0;
    virtual const Id& schema_id() const = 0;
    virtual Box box() const = 0;  // of a row's coordinates
    // Bytes of the payload of so many rows, at most 2^48 of them
    virtual uint64_t payload_size(uint64_t rows) const = 0;
    // That payload
    virtual std::vector<SharedBytes> encrypt(const IntMatrix& x, Random& random) const = 0;
    // Whether a key of the same scheme opens the function that it states
    virtual bool verifies_vartime(const FunctionKey& key) const = 0;
};

struct Scheme {
    uint16_t number;       // in the header of every object
    const char* id;        // functionality, assumption, group
    bool refusal_answers;  // a refusal tells of the key: signers get one (docs/math/rlwe.md)
    // The signature of a public key covers header and metadata only: the id there is a hash of the payload.
    bool payload_in_id;
    // Of payloads, which they may keep. Error(decode)
    std::unique_ptr<const PublicKey> (*read_public_key)(const SharedBytes& payload);
    std::unique_ptr<const FunctionKey> (*read_function_key)(const SharedBytes& payload);
    std::unique_ptr<const Batch> (*read_batch)(const SharedBytes& payload);
};

// Error(decode), in which the object has this name, where no scheme has the number
const Scheme& scheme_numbered(uint16_t number, const char* object);

}  // namespace pyfe::capi
