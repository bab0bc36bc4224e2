// Batches of encrypted rows: loading them, and who signed them
#include <algorithm>

#include "call.hpp"
#include "envelopes.hpp"
#include "objects.hpp"
#include "pyfe/base/error.hpp"

using namespace pyfe;
using namespace pyfe::capi;

namespace {

// Whose signature the envelope has, which is checked here; nobody's where it is unsigned
std::optional<Id> signer_of(const Opened& opened) {
    const std::optional<Id> signer = opened.id_field("signer");
    if (signer.has_value() == opened.envelope.signature.empty())
        fail(ErrorKind::decode,
             "ciphertext batch: a signature without a signer, or a signer without a signature");
    if (signer) opened.require_signed_by(*signer);
    return signer;
}

void require_signer(const std::optional<Id>& signer, const uint8_t* wanted) {
    if (wanted == nullptr) return;
    const std::string who = hex({wanted, 6});
    if (!signer)
        refuse(PYFE_SIGNATURE, "the ciphertext batch is not signed, and should be by the key " + who);
    if (!std::equal(signer->begin(), signer->end(), wanted))
        refuse(PYFE_SIGNATURE, "the ciphertext batch is signed by the key " +
                                   hex(std::span(*signer).first(6)) + ", not by " + who);
}

std::unique_ptr<pyfe_batch> read(std::span<const uint8_t> data, const uint8_t* wanted) {
    const Opened opened(data, ObjectKind::ciphertext_batch, "ciphertext batch");
    const std::optional<Id> signer = signer_of(opened);
    require_signer(signer, wanted);  // before a point is read
    auto native = opened.scheme->read_batch(opened.payload());
    opened.require_public_key_id(native->public_key_id());
    if (signer && native->combined() && !opened.scheme->refusal_answers)
        fail(ErrorKind::decode, "ciphertext batch: combined rows are never signed, and these are");
    return std::make_unique<pyfe_batch>(pyfe_batch{
        opened.scheme, std::move(native), opened.envelope.parameter_hash, signer, wanted != nullptr});
}

}  // namespace

pyfe_status pyfe_batch_load(const uint8_t* data, uint64_t size, const uint8_t* signer, pyfe_batch** batch,
                            pyfe_call* call) {
    return run(call, [&] {
        require_given(batch, "batch");
        *batch = read(octets(data, size, "data"), signer).release();
    });
}

void pyfe_batch_free(pyfe_batch* batch) { delete batch; }

const char* pyfe_batch_scheme(const pyfe_batch* batch) { return batch->scheme->id; }

uint64_t pyfe_batch_rows(const pyfe_batch* batch) { return batch->native->rows(); }

uint64_t pyfe_batch_coordinates(const pyfe_batch* batch) { return batch->native->n(); }

void pyfe_batch_public_key_id(const pyfe_batch* batch, uint8_t* id) {
    std::ranges::copy(batch->native->public_key_id(), id);
}

int32_t pyfe_batch_combined(const pyfe_batch* batch) { return batch->native->combined() ? 1 : 0; }

int32_t pyfe_batch_signer(const pyfe_batch* batch, uint8_t* signer) {
    if (!batch->signer) return 0;
    std::ranges::copy(*batch->signer, signer);
    return 1;
}
