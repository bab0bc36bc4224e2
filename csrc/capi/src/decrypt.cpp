// Decryption: what has to hold before it, what a refusal does, and from integers to decision values
#include <chrono>
#include <cstring>

#include "call.hpp"
#include "envelopes.hpp"
#include "objects.hpp"
#include "pyfe/base/error.hpp"

using namespace pyfe;
using namespace pyfe::capi;

namespace {

__extension__ using int128 = __int128;

void require_match(const pyfe_function_key& key, const pyfe_batch& batch) {
    if (key.scheme != batch.scheme || key.native->public_key_id() != batch.native->public_key_id())
        fail(ErrorKind::key_mismatch, "key and ciphertexts belong to different public keys (key " +
                                          hex(std::span(key.native->public_key_id()).first(6)) +
                                          ", ciphertexts " +
                                          hex(std::span(batch.native->public_key_id()).first(6)) + ")");
    if (key.parameter_hash != batch.parameter_hash)
        fail(ErrorKind::key_mismatch, "key and ciphertexts belong to different schemas");
}

void require_usable(const pyfe_function_key& key, int64_t now) {
    using std::chrono::system_clock, std::chrono::seconds;
    if (!key.not_after) return;
    if (now < 0) now = std::chrono::floor<seconds>(system_clock::now()).time_since_epoch().count();
    if (static_cast<uint64_t>(now) > *key.not_after)
        refuse(PYFE_KEY_EXPIRED, "key #" + std::to_string(key.sequence) + " ended at the second " +
                                     std::to_string(*key.not_after) + ", and it is " + std::to_string(now) +
                                     "; ask the authority for another one");
}

uint64_t values_of(const pyfe_function_key& key, const pyfe_batch& batch, uint64_t capacity) {
    const uint64_t values = batch.native->rows() * key.native->functions();
    if (capacity < values)
        refuse(PYFE_BUFFER_TOO_SMALL, "scores: " + std::to_string(values) +
                                          " values, and there is room for " + std::to_string(capacity));
    return values;
}

void require_weight_sums(const std::vector<WeightSums>& sums, uint64_t largest) {
    for (size_t row = 0; row < sums.size(); ++row) {
        const auto sum = static_cast<unsigned __int128>(sums[row].pos) + sums[row].neg;
        if (sum > largest)
            fail(ErrorKind::out_of_range,
                 "row " + std::to_string(row) + ": its weights sum to more than " + std::to_string(largest) +
                     ": the search of a combined row takes as many times as long as its weights sum to. If "
                     "the "
                     "batch is meant to hold such sums, allow them (largest_weight_sum)");
    }
}

[[noreturn]] void refuse_silenced(const Id& signer) {
    refuse(PYFE_SILENCED, hex(std::span(signer).first(6)) +
                              " is answered no more under this key: ciphertexts that he signed were refused; "
                              "whoever has looked into it releases him (pyfe_function_key_release)");
}

// What the block gives is one answer to whoever signed the batch (pyfe/incidents.py): none before it where he
// is silenced, none after it where another answer to him was a refusal meanwhile.
template <class Block>
void answer(const pyfe_function_key& key, const pyfe_batch& batch, Block block) {
    if (!key.scheme->refusal_answers) return block();
    if (batch.native->combined())
        refuse(PYFE_UNSUPPORTED,
               "sums of this scheme that come as bytes carry the key out, unless who formed them opened each "
               "of their "
               "ciphertexts before: decrypt them in Python, on his word (CiphertextBatch.vouched_by)");
    if (!batch.named || !batch.signer)
        refuse(
            PYFE_SIGNATURE,
            "nobody answers for these ciphertexts, and in this scheme a refusal tells something of the key: "
            "load the batch with the key of who has to have signed it");
    const Id& signer = *batch.signer;
    if (key.silenced.contains(signer)) refuse_silenced(signer);
    try {
        block();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::refused && !key.silenced.add(signer)) refuse_silenced(signer);
        throw;
    }
    if (key.silenced.contains(signer)) refuse_silenced(signer);
}

// u + intercept, which counts as often as a row's weights sum to. Error(out_of_range) rather than wrap
int64_t score(int64_t u, int64_t intercept, const WeightSums& weights, size_t row) {
    const int128 sum = u + (static_cast<int128>(weights.pos) - weights.neg) * intercept;
    if (sum > INT64_MAX || sum < INT64_MIN)
        fail(ErrorKind::out_of_range,
             "row " + std::to_string(row) + ": the combined intercept takes the score out of 64 bits");
    return static_cast<int64_t>(sum);
}

// What comes before any decryption
void require_all(const pyfe_function_key* key, const pyfe_batch* batch, int64_t now, const int64_t* scores,
                 uint64_t capacity) {
    require_given(key, "key");
    require_given(batch, "batch");
    require_match(*key, *batch);
    require_usable(*key, now);
    if (values_of(*key, *batch, capacity) > 0) require_given(scores, "scores");
}

// The scores, [rows][functions]
std::vector<int64_t> scores_of(const pyfe_function_key& key, const pyfe_batch& batch, uint64_t largest) {
    const size_t k = static_cast<size_t>(key.native->functions());
    std::vector<WeightSums> sums;
    if (batch.native->combined()) sums = batch.native->weight_sums();
    require_weight_sums(sums, largest);
    std::vector<int64_t> z(static_cast<size_t>(batch.native->rows()) * k);
    answer(key, batch, [&] { key.native->decrypt_vartime(*batch.native, z.data()); });
    const auto& intercepts = key.readout().intercepts;
    for (size_t at = 0; at < z.size(); ++at)
        z[at] = score(z[at], intercepts[at % k], sums.empty() ? WeightSums{} : sums[at / k], at / k);
    return z;
}

}  // namespace

pyfe_status pyfe_decrypt(const pyfe_function_key* key, const pyfe_batch* batch, int64_t now, int64_t* scores,
                         double* decision_values, uint64_t capacity, pyfe_call* call) {
    return run(call, [&] {
        require_all(key, batch, now, scores, capacity);
        if (batch->native->combined())
            fail(ErrorKind::parameter,
                 "combined rows have no decision value; pyfe_decrypt_sums gives their scores");
        const std::vector<int64_t> z = scores_of(*key, *batch, 1);
        const auto& scales = key->readout().scales;
        for (size_t at = 0; at < z.size(); ++at) {
            scores[at] = z[at];
            if (decision_values != nullptr)
                decision_values[at] = static_cast<double>(z[at]) * scales[at % scales.size()];
        }
        give_notices(call);
    });
}

pyfe_status pyfe_decrypt_sums(const pyfe_function_key* key, const pyfe_batch* batch,
                              uint64_t largest_weight_sum, int64_t now, int64_t* scores, uint64_t capacity,
                              pyfe_call* call) {
    return run(call, [&] {
        require_all(key, batch, now, scores, capacity);
        if (largest_weight_sum < 1 || largest_weight_sum > INT64_MAX)
            fail(ErrorKind::parameter, "largest_weight_sum: must be from 1 to 2^63 - 1");
        const std::vector<int64_t> z = scores_of(*key, *batch, largest_weight_sum);
        if (!z.empty()) std::memcpy(scores, z.data(), z.size() * sizeof(int64_t));
        give_notices(call);
    });
}
