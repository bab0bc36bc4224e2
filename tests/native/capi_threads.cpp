// Many calls of the C ABI from eight threads that share its objects: capi_threads CALLS (PUBLIC_KEY
// FUNCTION_KEY BATCH SIGNER)..., the signer in hexadecimal or "-". Run under the sanitizers
// (scripts/embed_sanitized.py). Every call gives what the first one gave, or a status with a message.
#include <pyfe.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using Bytes = std::vector<uint8_t>;

constexpr unsigned threads = 8;

void require(bool sound, const char* what, const pyfe_call& call) {
    if (sound) return;
    std::fprintf(stderr, "%s: %s %s\n", what, pyfe_status_name(call.status), call.message);
    std::exit(1);
}

Bytes contents(const char* path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Case {
    Bytes public_bytes, key_bytes, batch_bytes, signer;
    pyfe_public_key* public_key = nullptr;
    pyfe_function_key* key = nullptr;
    pyfe_batch* batch = nullptr;
    std::vector<int64_t> scores;

    explicit Case(char** arguments)
        : public_bytes(contents(arguments[0])),
          key_bytes(contents(arguments[1])),
          batch_bytes(contents(arguments[2])) {
        for (const char* at = arguments[3]; std::strlen(at) >= 2; at += 2)
            signer.push_back(static_cast<uint8_t>(std::stoi(std::string(at, 2), nullptr, 16)));
        pyfe_call call{};
        pyfe_public_key_load(public_bytes.data(), public_bytes.size(), nullptr, &public_key, &call);
        require(public_key != nullptr, "public key", call);
        pyfe_function_key_load(key_bytes.data(), key_bytes.size(), public_key, &key, &call);
        require(key != nullptr, "function key", call);
        pyfe_batch_load(batch_bytes.data(), batch_bytes.size(), who(), &batch, &call);
        require(batch != nullptr, "batch", call);
        scores = opened(key, batch);
    }
    ~Case() {
        pyfe_batch_free(batch);
        pyfe_function_key_free(key);
        pyfe_public_key_free(public_key);
    }
    Case(const Case&) = delete;

    const uint8_t* who() const { return signer.empty() ? nullptr : signer.data(); }

    static std::vector<int64_t> opened(const pyfe_function_key* key, const pyfe_batch* batch) {
        std::vector<int64_t> z(pyfe_batch_rows(batch) * pyfe_function_key_functions(key));
        std::vector<double> d(z.size());
        pyfe_call call{};
        pyfe_decrypt(key, batch, -1, z.data(), d.data(), z.size(), &call);
        require(call.status == PYFE_OK, "decrypt", call);
        return z;
    }
};

void decrypt_again(const Case& c, uint64_t) {
    require(Case::opened(c.key, c.batch) == c.scores, "other scores", {});
}

// A row of the lower ends; where a batch must be signed, nobody here can open it
void encrypt_one(const Case& c, uint64_t) {
    const uint64_t n = pyfe_public_key_coordinates(c.public_key);
    std::vector<int64_t> lower(n), upper(n);
    pyfe_public_key_bounds(c.public_key, lower.data(), upper.data());
    uint64_t size = 0;
    pyfe_call call{};
    pyfe_encrypted_size(c.public_key, 1, 0, &size, &call);
    Bytes out(size);
    pyfe_encrypt(c.public_key, lower.data(), 1, n, nullptr, out.data(), out.size(), &size, &call);
    require(call.status == PYFE_OK, "encrypt", call);
    pyfe_batch* made = nullptr;
    pyfe_batch_load(out.data(), out.size(), nullptr, &made, &call);
    require(made != nullptr, "what was encrypted", call);
    if (pyfe_function_key_refuses(c.key) == 0) Case::opened(c.key, made);
    pyfe_batch_free(made);
}

void load_damaged(const Case& c, uint64_t turn) {
    Bytes damaged = c.batch_bytes;
    damaged[turn * 2654435761U % damaged.size()] ^= static_cast<uint8_t>(1 + turn % 255);
    if (turn % 3 == 0) damaged.resize(turn % damaged.size());
    pyfe_batch* made = nullptr;
    pyfe_call call{};
    const pyfe_status status = pyfe_batch_load(damaged.data(), damaged.size(), c.who(), &made, &call);
    require(status == call.status && (status == PYFE_OK) == (made != nullptr), "status", call);
    require(status == PYFE_OK || call.message[0] != 0, "a failure without a word", call);
    pyfe_batch_free(made);
}

void load_damaged_key(const Case& c, uint64_t turn) {
    Bytes damaged = c.key_bytes;
    damaged[turn * 2654435761U % damaged.size()] ^= static_cast<uint8_t>(1 + turn % 255);
    pyfe_function_key* made = nullptr;
    pyfe_call call{};
    pyfe_function_key_load(damaged.data(), damaged.size(), c.public_key, &made, &call);
    require(made == nullptr && call.status != PYFE_OK && call.message[0] != 0, "a damaged key", call);
}

void load_keys_again(const Case& c, uint64_t) {
    pyfe_public_key* public_key = nullptr;
    pyfe_function_key* key = nullptr;
    pyfe_call call{};
    char fingerprint[PYFE_FINGERPRINT_SIZE];
    pyfe_public_key_fingerprint(c.public_key, fingerprint);
    pyfe_public_key_load(c.public_bytes.data(), c.public_bytes.size(), fingerprint, &public_key, &call);
    require(public_key != nullptr, "public key", call);
    pyfe_function_key_load(c.key_bytes.data(), c.key_bytes.size(), public_key, &key, &call);
    require(key != nullptr, "function key", call);
    require(pyfe_function_key_prepare(key, &call) == PYFE_OK, "tables", call);
    pyfe_function_key_free(key);
    pyfe_public_key_free(public_key);
}

// By another thread, before, while or after it decrypts
void cancel_one(const Case& c, uint64_t) {
    pyfe_call call{};
    std::vector<int64_t> z(c.scores.size());
    std::thread other([&] { pyfe_cancel(&call); });
    const pyfe_status status = pyfe_decrypt(c.key, c.batch, -1, z.data(), nullptr, z.size(), &call);
    other.join();
    require(status == PYFE_CANCELLED || (status == PYFE_OK && z == c.scores), "cancelled", call);
}

// Somebody else is silenced and released meanwhile.
void silence_another(const Case& c, uint64_t turn) {
    uint8_t signer[PYFE_ID_SIZE] = {static_cast<uint8_t>(turn)};
    pyfe_call call{};
    require(pyfe_function_key_silence(c.key, signer, &call) == PYFE_OK, "silence", call);
    require(pyfe_function_key_release(c.key, signer, &call) == PYFE_OK, "release", call);
}

void turn_of(const Case& c, uint64_t turn) {
    constexpr void (*rare[])(const Case&, uint64_t) = {decrypt_again, encrypt_one, cancel_one, decrypt_again,
                                                       load_keys_again};
    constexpr void (*often[])(const Case&, uint64_t) = {load_damaged, load_damaged_key, silence_another};
    if (turn % 40 < std::size(rare))
        rare[turn % 40](c, turn);
    else
        often[turn % std::size(often)](c, turn);
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 6 || (count - 2) % 4 != 0) return 2;
    const uint64_t calls = std::strtoull(arguments[1], nullptr, 10);
    std::vector<std::unique_ptr<Case>> cases;
    for (int at = 2; at < count; at += 4) cases.push_back(std::make_unique<Case>(arguments + at));
    std::atomic<uint64_t> done{0};
    const auto work = [&] {
        for (uint64_t turn = done++; turn < calls; turn = done++)
            turn_of(*cases[turn % 41 % cases.size()], turn);
    };
    std::vector<std::thread> all;
    for (unsigned i = 0; i < threads; ++i) all.emplace_back(work);
    for (std::thread& thread : all) thread.join();
    std::printf("%llu calls from %u threads\n", static_cast<unsigned long long>(calls), threads);
    return 0;
}
