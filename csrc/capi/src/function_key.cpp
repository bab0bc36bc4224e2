// Function keys: loading them, and how their results are read
#include <algorithm>
#include <cstring>

#include "call.hpp"
#include "envelopes.hpp"
#include "objects.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/hash/sha2.hpp"

using namespace pyfe;
using namespace pyfe::capi;

namespace {

constexpr uint64_t last_second = uint64_t{1} << 40, last_number = INT64_MAX;

// That the authority of the public key wrote it, and for this schema: nothing else of it is looked at before.
void require_issued(const Opened& opened, const pyfe_public_key& by) {
    const Envelope& e = opened.envelope;
    if (e.scheme != by.scheme->number || e.public_key_id != by.native->id())
        fail(ErrorKind::key_mismatch, "the function key belongs to the public key " +
                                          hex(std::span(e.public_key_id).first(6)) + ", not " +
                                          hex(std::span(by.native->id()).first(6)));
    if (e.parameter_hash != by.parameter_hash)
        fail(ErrorKind::key_mismatch, "the function key belongs to another schema");
    opened.require_signed_by(by.verification_key);
}

std::unique_ptr<pyfe_function_key> read(std::span<const uint8_t> data, const pyfe_public_key& by) {
    const Opened opened(data, ObjectKind::function_key, "function key");
    require_issued(opened, by);
    auto native = opened.scheme->read_function_key(opened.payload());
    opened.require_public_key_id(native->public_key_id());
    if (native->readout() == nullptr)
        refuse(PYFE_UNSUPPORTED,
               "the function key is of 0.1.0: how its results are read stands in its metadata, which Python "
               "reads; "
               "have it issued again");
    if (!by.native->verifies_vartime(*native))
        refuse(PYFE_SIGNATURE, "the function key is signed, but does not open the function that it states");
    const auto sequence = opened.integer_field("sequence", last_number);
    if (!sequence) fail(ErrorKind::decode, "function key: field 'sequence' is missing");
    const auto not_after = opened.integer_field("not_after", last_second);
    std::unique_ptr<pyfe_function_key> key(new pyfe_function_key{
        opened.scheme, std::move(native), sha256(data), by.parameter_hash, *sequence, not_after, {}});
    return key;
}

template <class Values, class Value, class Part>
void give(const Values& values, Value* out, Part part) {
    if (out != nullptr) std::ranges::transform(values, out, part);
}

}  // namespace

pyfe_status pyfe_function_key_load(const uint8_t* data, uint64_t size, const pyfe_public_key* public_key,
                                   pyfe_function_key** key, pyfe_call* call) {
    return run(call, [&] {
        require_given(public_key, "public_key");
        require_given(key, "key");
        *key = read(octets(data, size, "data"), *public_key).release();
    });
}

void pyfe_function_key_free(pyfe_function_key* key) { delete key; }

const char* pyfe_function_key_scheme(const pyfe_function_key* key) { return key->scheme->id; }

void pyfe_function_key_id(const pyfe_function_key* key, uint8_t* id) { std::ranges::copy(key->id, id); }

uint64_t pyfe_function_key_coordinates(const pyfe_function_key* key) { return key->native->n(); }

uint64_t pyfe_function_key_functions(const pyfe_function_key* key) { return key->native->functions(); }

uint64_t pyfe_function_key_sequence(const pyfe_function_key* key) { return key->sequence; }

int64_t pyfe_function_key_not_after(const pyfe_function_key* key) {
    return key->not_after ? static_cast<int64_t>(*key->not_after) : -1;
}

int32_t pyfe_function_key_refuses(const pyfe_function_key* key) {
    return key->scheme->refusal_answers ? 1 : 0;
}

void pyfe_function_key_readout(const pyfe_function_key* key, int64_t* lower, int64_t* upper,
                               int64_t* intercepts, double* scales, double* max_errors) {
    const auto same = [](auto value) { return value; };
    give(key->native->intervals(), lower, [](const Interval& i) { return i.lo; });
    give(key->native->intervals(), upper, [](const Interval& i) { return i.hi; });
    give(key->readout().intercepts, intercepts, same);
    give(key->readout().scales, scales, same);
    give(key->readout().max_errors, max_errors, same);
}

int32_t pyfe_function_key_link(const pyfe_function_key* key) {
    return static_cast<int32_t>(key->readout().link);
}

double pyfe_function_key_baseline_survival(const pyfe_function_key* key) {
    return key->readout().baseline_survival;
}

uint64_t pyfe_function_key_classes(const pyfe_function_key* key) { return key->readout().classes.size(); }

pyfe_status pyfe_function_key_class(const pyfe_function_key* key, uint64_t at, char* text, uint64_t capacity,
                                    uint64_t* size, int32_t* type, pyfe_call* call) {
    return run(call, [&] {
        require_given(key, "key");
        require_given(size, "size");
        const auto& classes = key->readout().classes;
        if (at >= classes.size())
            fail(ErrorKind::parameter,
                 "class " + std::to_string(at) + " of " + std::to_string(classes.size()));
        const std::string& name = classes[at].text;
        if (capacity <= name.size()) {
            *size = name.size() + 1;
            refuse(PYFE_BUFFER_TOO_SMALL, "text: the class takes " + std::to_string(*size) + " bytes");
        }
        require_given(text, "text");
        std::memcpy(text, name.c_str(), name.size() + 1);
        *size = name.size() + 1;
        if (type != nullptr) *type = static_cast<int32_t>(classes[at].type);
    });
}

pyfe_status pyfe_function_key_prepare(const pyfe_function_key* key, pyfe_call* call) {
    return run(call, [&] {
        require_given(key, "key");
        key->native->prepare();
        give_notices(call);
    });
}

pyfe_status pyfe_function_key_silence(const pyfe_function_key* key, const uint8_t* signer, pyfe_call* call) {
    return run(call, [&] {
        require_given(key, "key");
        require_given(signer, "signer");
        Id who;
        std::copy_n(signer, who.size(), who.begin());
        key->silenced.add(who);
    });
}

pyfe_status pyfe_function_key_release(const pyfe_function_key* key, const uint8_t* signer, pyfe_call* call) {
    return run(call, [&] {
        require_given(key, "key");
        require_given(signer, "signer");
        Id who;
        std::copy_n(signer, who.size(), who.begin());
        key->silenced.remove(who);
    });
}
