// The native rooms base, random, hash and codec.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "check.hpp"
#include "pyfe/base/cpu.hpp"
#include "pyfe/base/ct.hpp"
#include "pyfe/base/ctcheck.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/base/secret.hpp"
#include "pyfe/codec/envelope.hpp"
#include "pyfe/codec/reader.hpp"
#include "pyfe/codec/writer.hpp"
#include "pyfe/hash/expand_message.hpp"
#include "pyfe/hash/sha2.hpp"
#include "pyfe/random/random.hpp"

#ifdef __SANITIZE_THREAD__
// A forked child that starts threads is what test_fork is about.
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }
#endif

namespace {

using Bytes = std::vector<std::uint8_t>;
using check::bytes;
using check::hex;

// ---------------------------------------------------------------------------------------------------- base

void test_error() {
    const pyfe::Error error(pyfe::ErrorKind::key_mismatch, "two keys");
    const pyfe::Error copy = error;
    CHECK(copy.kind() == pyfe::ErrorKind::key_mismatch);
    CHECK(std::string(copy.what()) == "two keys");
    CHECK_ERROR(pyfe::fail(pyfe::ErrorKind::resource, "no room"), resource, "no room");
}

void test_secret_vector() {
    pyfe::SecretVector<std::uint64_t> a(100);
    CHECK(a.size() == 100 && reinterpret_cast<std::uintptr_t>(a.data()) % 64 == 0);
    CHECK(std::all_of(a.begin(), a.end(), [](std::uint64_t v) { return v == 0; }));
    a[7] = 7;
    const std::uint64_t* address = a.data();
    pyfe::SecretVector<std::uint64_t> b(std::move(a));
    CHECK(b.data() == address && b[7] == 7);
    CHECK(a.data() == nullptr && a.empty());  // NOLINT: the moved-from state is part of the interface
    a = std::move(b);
    CHECK(a.size() == 100 && a[7] == 7 && b.empty());
    a.clear();
    CHECK(a.empty() && a.begin() == a.end());
    CHECK(pyfe::SecretVector<std::uint8_t>(0).data() == nullptr);
    constexpr std::size_t huge = std::numeric_limits<std::size_t>::max() / 4;
    CHECK_ERROR(pyfe::SecretVector<std::uint64_t>(huge), resource, "no memory");

    Bytes plain(33, 0xff);
    pyfe::secure_zero(plain.data(), 32);
    CHECK(std::count(plain.begin(), plain.end(), 0) == 32 && plain[32] == 0xff);
    pyfe::secure_zero(nullptr, 0);
}

void test_constant_time() {
    constexpr std::uint64_t ones = ~std::uint64_t{0};
    const std::array<std::uint64_t, 6> values = {0, 1, 2, 1ULL << 63, ones, 0x123456789abcdef0};
    for (const std::uint64_t x : values) {
        CHECK(pyfe::value_barrier(x) == x);
        CHECK(pyfe::mask_nonzero(x) == (x != 0 ? ones : 0));
        for (const std::uint64_t y : values) {
            CHECK(pyfe::mask_eq(x, y) == (x == y ? ones : 0));
            CHECK(pyfe::select(ones, x, y) == x);
            CHECK(pyfe::select(0, x, y) == y);
        }
    }
    CHECK(pyfe::mask_from_bit(1) == ones && pyfe::mask_from_bit(0) == 0);
    pyfe::mark_secret(values.data(), 0);
    pyfe::declassify(values.data(), 0);
}

void test_backend() {
    using pyfe::Backend;
    // The environment is read once, but a bad value is never taken as read.
    setenv("PYFE_BACKEND", "fast", 1);
    CHECK_ERROR(pyfe::active_backend(), parameter, "PYFE_BACKEND: 'fast'");
    setenv("PYFE_BACKEND", "portable", 1);
    CHECK(pyfe::active_backend() == Backend::portable);
    setenv("PYFE_BACKEND", "fast", 1);
    CHECK(pyfe::active_backend() == Backend::portable);
    unsetenv("PYFE_BACKEND");

    CHECK(pyfe::backend_supported(Backend::portable));
    CHECK(pyfe::backend_name(Backend::ifma) == "ifma" && pyfe::backend_name(Backend::portable) == "portable");
    CHECK(pyfe::parse_backend("portable", "test") == Backend::portable);
    CHECK_ERROR(pyfe::parse_backend("", "test"), parameter, "test: '' is not one of");
    CHECK_ERROR(pyfe::parse_backend("IFMA", "test"), parameter, "'IFMA'");

    const pyfe::CpuFeatures& cpu = pyfe::cpu_features();
    const bool ifma = pyfe::backend_supported(Backend::ifma);
    CHECK(!ifma || (cpu.os_zmm && cpu.avx512f && cpu.dq && cpu.bw && cpu.vl && cpu.ifma && cpu.avx2));
    CHECK(!cpu.avx512f || cpu.os_zmm);
    CHECK(pyfe::parse_backend("auto", "test") == (ifma ? Backend::ifma : Backend::portable));
    if (ifma) {
        pyfe::set_backend(Backend::ifma);
        CHECK(pyfe::active_backend() == Backend::ifma);
    } else {
        CHECK_ERROR(pyfe::set_backend(Backend::ifma), parameter, "needs AVX-512");
        CHECK_ERROR(pyfe::parse_backend("ifma", "PYFE_BACKEND"), parameter, "PYFE_BACKEND: 'ifma' needs");
    }
    pyfe::set_backend(Backend::portable);
    CHECK(pyfe::active_backend() == Backend::portable);
}

void test_thread_count() {
    for (const char* bad : {"", "0", "-1", "+2", "two", "2x", " 2", "1025", "99999999999999999999"}) {
        setenv("PYFE_NUM_THREADS", bad, 1);
        CHECK_ERROR(pyfe::num_threads(), parameter, "PYFE_NUM_THREADS: '" + std::string(bad) + "'");
    }
    setenv("PYFE_NUM_THREADS", "3", 1);
    CHECK(pyfe::num_threads() == 3);
    unsetenv("PYFE_NUM_THREADS");
    CHECK_ERROR(pyfe::set_num_threads(0), parameter, "0 is not from 1 to 1024");
    CHECK_ERROR(pyfe::set_num_threads(1025), parameter, "1025");
    pyfe::set_num_threads(4);
    CHECK(pyfe::num_threads() == 4);
}

bool each_task_once(std::size_t tasks) {
    std::vector<std::atomic<int>> calls(tasks);
    pyfe::parallel_for(tasks, [&](std::size_t i) { ++calls[i]; });
    return std::all_of(calls.begin(), calls.end(), [](const auto& n) { return n == 1; });
}

// Two tasks that wait for each other: done in time only when a second thread takes part.
bool threads_meet(int count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::atomic<int> arrived{0};
    pyfe::parallel_for(static_cast<std::size_t>(count), [&](std::size_t) {
        ++arrived;
        while (arrived < count && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    });
    return std::chrono::steady_clock::now() < deadline;
}
bool two_threads_meet() { return threads_meet(2); }
// Then none is still being started. The sanitizers' own locks do not survive a fork meanwhile: one child in
// thirteen hung in them, none of 400 without.
bool all_threads_meet() { return threads_meet(static_cast<int>(pyfe::num_threads())); }

void test_parallel_for() {
    for (const unsigned threads : {1U, 4U, 2U, 7U, 4U}) {
        pyfe::set_num_threads(threads);
        for (const std::size_t tasks : {0UL, 1UL, 2UL, 3UL, 100UL, 5000UL}) CHECK(each_task_once(tasks));
    }
    bool all = true;
    for (int round = 0; round < 1000; ++round) all = each_task_once(5) && all;
    CHECK(all);

    std::vector<int> plain(1000);  // results are visible to the caller without further synchronisation
    pyfe::parallel_for(plain.size(), [&](std::size_t i) { plain[i] = static_cast<int>(i); });
    CHECK(std::accumulate(plain.begin(), plain.end(), 0) == 499500);
}

void test_parallel_exceptions() {
    for (const unsigned threads : {1U, 4U}) {
        pyfe::set_num_threads(threads);
        std::atomic<int> started{0};
        const auto body = [&](std::size_t i) {
            ++started;
            if (i == 3) pyfe::fail(pyfe::ErrorKind::out_of_range, "row 3");
        };
        CHECK_ERROR(pyfe::parallel_for(1000000, body), out_of_range, "row 3");
        CHECK(started < 1000000);
        bool caught = false;
        try {
            pyfe::parallel_for(8, [](std::size_t) { throw std::logic_error("every task"); });
        } catch (const std::logic_error& error) {
            caught = std::string(error.what()) == "every task";
        }
        CHECK(caught);
        CHECK(each_task_once(100));  // the pool survives
    }
}

void test_parallel_nesting() {
    pyfe::set_num_threads(4);
    std::atomic<int> total{0};
    std::atomic<bool> moved{false};
    pyfe::parallel_for(8, [&](std::size_t) {
        const auto outer = std::this_thread::get_id();
        pyfe::parallel_for(8, [&](std::size_t) {
            ++total;
            if (std::this_thread::get_id() != outer) moved = true;
        });
    });
    CHECK(total == 64 && !moved);
    const auto nested = [](std::size_t) {
        pyfe::parallel_for(2, [](std::size_t) { pyfe::fail(pyfe::ErrorKind::resource, "inner"); });
    };
    CHECK_ERROR(pyfe::parallel_for(4, nested), resource, "inner");
}

void test_parallel_from_many_threads() {
    pyfe::set_num_threads(3);
    std::atomic<int> good{0};
    const auto user = [&] {
        for (int round = 0; round < 50; ++round) good += each_task_once(20) ? 1 : 0;
    };
    std::vector<std::thread> users;
    for (int i = 0; i < 4; ++i) users.emplace_back(user);
    for (std::thread& thread : users) thread.join();
    CHECK(good == 200);
}

// The exit status of a child that runs `action`; a hung child is ended by the alarm and returns nothing.
template <class Action>
int in_child(const Action& action) {
    const pid_t pid = fork();
    if (pid == 0) {
        alarm(30);
        _exit(action() ? 0 : 1);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void test_fork() {
    pyfe::set_num_threads(4);
    CHECK(all_threads_meet());
    // The child has workers of its own, at every depth; the parent's pool is untouched.
    CHECK(in_child([] { return each_task_once(1000) && two_threads_meet(); }) == 0);
    CHECK(in_child([] { return all_threads_meet() && in_child(two_threads_meet) == 0; }) == 0);
    CHECK(each_task_once(100) && two_threads_meet());

    // A fork while another thread holds the pool: the child must not inherit the lock.
    std::atomic<bool> running{false};
    std::atomic<bool> finish{false};
    std::thread holder([&] {
        pyfe::parallel_for(4, [&](std::size_t) {
            running = true;
            while (!finish) std::this_thread::yield();
        });
    });
    while (!running) std::this_thread::yield();
    CHECK(in_child([] { return each_task_once(100) && two_threads_meet(); }) == 0);
    CHECK(each_task_once(100));  // inline, as the pool is taken
    finish = true;
    holder.join();
}

pid_t forked = -1;  // by the thread that asks, once

void fork_once() {
    if (forked == -1) forked = fork();
    if (forked == 0) alarm(30);
}

bool slow_job_ends() {
    pyfe::parallel_for(8, [](std::size_t) {
        for (int i = 0; i < 300; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            pyfe::checkpoint();
        }
    });
    return true;
}

// A checkpoint that forks: the child's job ends by an error, though its workers are gone, and the next one
// runs.
void test_fork_at_a_checkpoint() {
    pyfe::set_num_threads(4);
    bool ended = false;
    std::string words;
    {
        const pyfe::InterruptScope scope(fork_once);
        try {
            ended = slow_job_ends();
        } catch (const pyfe::Error& error) {
            words = error.what();
        }
    }
    if (forked == 0)
        _exit(words.find("forked") != std::string::npos && each_task_once(1000) && two_threads_meet() ? 0
                                                                                                      : 1);
    CHECK(ended && forked > 0);
    int status = -1;
    waitpid(forked, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// -------------------------------------------------------------------------------------------------- random

int entropy_calls = 0;

ssize_t interrupted_and_short(void* out, std::size_t size, unsigned) {
    if (++entropy_calls % 2 == 1) {
        errno = EINTR;
        return -1;
    }
    const std::size_t given = std::min<std::size_t>(size, 5);
    std::memset(out, entropy_calls, given);
    return static_cast<ssize_t>(given);
}

ssize_t fails_later(void* out, std::size_t size, unsigned) {
    if (++entropy_calls > 1) {
        errno = ENOSYS;
        return -1;
    }
    std::memset(out, 0xaa, std::min<std::size_t>(size, 8));
    return 8;
}

ssize_t returns_nothing(void*, std::size_t, unsigned) { return 0; }
ssize_t returns_too_much(void*, std::size_t size, unsigned) { return static_cast<ssize_t>(size) + 1; }

void test_random() {
    std::array<std::uint8_t, 64> a{};
    std::array<std::uint8_t, 64> b{};
    pyfe::os_random().fill(a.data(), a.size());
    pyfe::os_random().fill(b.data(), b.size());
    CHECK(a != b);
    pyfe::os_random().fill(nullptr, 0);
    Bytes large(1U << 20);
    pyfe::os_random().fill(large.data(), large.size());
    CHECK(std::any_of(large.end() - 64, large.end(), [](std::uint8_t v) { return v != 0; }));

    entropy_calls = 0;
    pyfe::detail::fill_from(interrupted_and_short, a.data(), 12);
    CHECK(entropy_calls == 6 && a[0] == 2 && a[5] == 4 && a[11] == 6);

    entropy_calls = 0;
    a.fill(0x55);
    CHECK_ERROR(pyfe::detail::fill_from(fails_later, a.data(), 64), randomness, "after 8 of 64 bytes");
    CHECK(std::count(a.begin(), a.end(), 0) == 64);
    CHECK_ERROR(pyfe::detail::fill_from(returns_nothing, a.data(), 64), randomness, "byte count 0");
    CHECK_ERROR(pyfe::detail::fill_from(returns_too_much, a.data(), 64), randomness, "byte count 65");
}

// ---------------------------------------------------------------------------------------------------- hash

struct HashVector {
    std::string message;
    const char* sha256;
    const char* sha512;
};

// NIST example values for FIPS 180-4 (CSRC, "Examples with Intermediate Values"), and the empty message.
const HashVector hash_vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931b"
     "d4741"
     "7a81a538327af927da3e"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d442"
     "3643c"
     "e80e2a9ac94fa54ca49f"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
     "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c33596fd15c13b1b07f9aa1d3bea57789ca031ad85c"
     "7a71d"
     "d70354ec631238ca3445"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrs"
     "tnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
     "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329e"
     "eb6dd"
     "26545e96e55b874be909"},
    {std::string(1000000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
     "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5"
     "c2c49"
     "aa2e4eadb217ad8cc09b"},
};

// Hash of the digests of 00 01 02 .. (n - 1) for n = 0 .. 300: every padding length, twice over.
template <class Hash>
std::string digest_of_all_lengths() {
    Bytes message;
    Hash outer;
    for (unsigned n = 0; n <= 300; ++n) {
        outer.update(Hash().update(message).finish());
        message.push_back(static_cast<std::uint8_t>(n));
    }
    return hex(outer.finish());
}

template <class Hash>
bool split_updates_agree() {
    Bytes message(400);
    std::iota(message.begin(), message.end(), std::uint8_t{0});
    const std::span<const std::uint8_t> all = message;
    const auto expected = Hash().update(all).finish();
    bool same = true;
    Hash hash;  // reused: finish() starts afresh
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        same = hash.update(all.first(cut)).update({}).update(all.subspan(cut)).finish() == expected && same;
    }
    return same;
}

void test_sha2() {
    for (const HashVector& v : hash_vectors) {
        CHECK(hex(pyfe::sha256(bytes(v.message))) == v.sha256);
        CHECK(hex(pyfe::sha512(bytes(v.message))) == v.sha512);
    }
    // Expected values from an independent implementation (Python's hashlib).
    CHECK(digest_of_all_lengths<pyfe::Sha256>() ==
          "ddbdb189f5834c274dbe603d6d2874adf7234fd8a075c3d1bfbadc2107a75676");
    CHECK(digest_of_all_lengths<pyfe::Sha512>() ==
          "d7ff5323ebbef9438546b104939504d6846f067dc41a135152e616e5fb701a72458ac9ce86a32dbf342659cacb0a9237c2"
          "1653d6bd37"
          "9bd1f10a5a92f5c3f5d2");
    CHECK(split_updates_agree<pyfe::Sha256>());
    CHECK(split_updates_agree<pyfe::Sha512>());
}

struct ExpandVector {
    std::string message;
    std::size_t length;
    const char* expected;
};

// RFC 9380, appendix K.3.
const char* const expand_dst = "QUUX-V01-CS02-with-expander-SHA512-256";
const ExpandVector expand_vectors[] = {
    {"", 32, "6b9a7312411d92f921c6f68ca0b6380730a1a4d982c507211a90964c394179ba"},
    {"abc", 32, "0da749f12fbe5483eb066a5f595055679b976e93abe9be6f0f6318bce7aca8dc"},
    {"abcdef0123456789", 32, "087e45a86e2939ee8b91100af1583c4938e0f5fc6c9db4b107b83346bc967f58"},
    {"q128_" + std::string(128, 'q'), 32, "7336234ee9983902440f6bc35b348352013becd88938d2afec44311caf8356b3"},
    {"a512_" + std::string(512, 'a'), 32, "57b5f7e766d5be68a6bfe1768e3c2b7f1228b3e4b3134956dd73a59b954c66f4"},
    {"", 128,
     "41b037d1734a5f8df225dd8c7de38f851efdb45c372887be655212d07251b921b052b62eaed99b46"
     "f72f2ef4cc96bfaf254ebbbec091e1a3b9e4fb5e5b619d2e0c5414800a1d882b62bb5cd1778f098b"
     "8eb6cb399d5d9d18f5d5842cf5d13d7eb00a7cff859b605da678b318bd0e65ebff70bec88c753b15"
     "9a805d2c89c55961"},
    {"abc", 128,
     "7f1dddd13c08b543f2e2037b14cefb255b44c83cc397c1786d975653e36a6b11bdd7732d8b38adb4"
     "a0edc26a0cef4bb45217135456e58fbca1703cd6032cb1347ee720b87972d63fbf232587043ed290"
     "1bce7f22610c0419751c065922b488431851041310ad659e4b23520e1772ab29dcdeb2002222a363"
     "f0c2b1c972b3efe1"},
    {"abcdef0123456789", 128,
     "3f721f208e6199fe903545abc26c837ce59ac6fa45733f1baaf0222f8b7acb0424814fcb5eecf6c1"
     "d38f06e9d0a6ccfbf85ae612ab8735dfdf9ce84c372a77c8f9e1c1e952c3a61b7567dd0693016af5"
     "1d2745822663d0c2367e3f4f0bed827feecc2aaf98c949b5ed0d35c3f1023d64ad1407924288d366"
     "ea159f46287e61ac"},
    {"q128_" + std::string(128, 'q'), 128,
     "b799b045a58c8d2b4334cf54b78260b45eec544f9f2fb5bd12fb603eaee70db7317bf807c406e263"
     "73922b7b8920fa29142703dd52bdf280084fb7ef69da78afdf80b3586395b433dc66cde048a258e4"
     "76a561e9deba7060af40adf30c64249ca7ddea79806ee5beb9a1422949471d267b21bc88e688e401"
     "4087a0b592b695ed"},
    {"a512_" + std::string(512, 'a'), 128,
     "05b0bfef265dcee87654372777b7c44177e2ae4c13a27f103340d9cd11c86cb2426ffcad5bd96408"
     "0c2aee97f03be1ca18e30a1f14e27bc11ebbd650f305269cc9fb1db08bf90bfc79b42a952b46daf8"
     "10359e7bc36452684784a64952c343c52e5124cd1f71d474d5197fefc571a92929c9084ffe1112cf"
     "5eea5192ebff330b"},
};

std::string expand(std::string_view message, std::string_view dst, std::size_t length) {
    Bytes out(length);
    pyfe::expand_message_xmd_sha512(bytes(message), bytes(dst), out);
    return hex(out);
}

void test_expand_message() {
    for (const ExpandVector& v : expand_vectors) CHECK(expand(v.message, expand_dst, v.length) == v.expected);
    // A tag over 255 bytes is hashed first. Expected value from an independent implementation (Python's
    // hashlib).
    const std::string long_dst(256, 'D');
    CHECK(expand("abc", long_dst, 64) ==
          "319139eecd7f4f791da30de2beb509a86ad2c78b65719ac1a26b51ab1b7b40ae41d50dc59589e3a0dc8d2e5951de102235"
          "774f1867ad"
          "a8a4e9f33039122683d3");
    CHECK(expand("abc", long_dst.substr(1), 64) != expand("abc", long_dst, 64));
    CHECK(expand("abc", expand_dst, 16320).size() == 2 * 16320);
    CHECK_ERROR(expand("abc", expand_dst, 16321), parameter, "length 16321 is not from 1 to 16320");
    CHECK_ERROR(expand("abc", expand_dst, 0), parameter, "length 0");
    CHECK_ERROR(expand("abc", "", 32), parameter, "tag is empty");
}

std::string expand_sha256(std::string_view message, std::string_view dst, std::size_t length) {
    Bytes out(length);
    pyfe::expand_message_xmd_sha256(bytes(message), bytes(dst), out);
    return hex(out);
}

// RFC 9380, appendices K.1 and K.2
void test_expand_message_sha256() {
    const std::string dst = "QUUX-V01-CS02-with-expander-SHA256-128", long_dst = dst + "-long-DST-";
    CHECK(expand_sha256("", dst, 32) == "68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235");
    CHECK(expand_sha256("abc", dst, 128) ==
          "abba86a6129e366fc877aab32fc4ffc70120d8996c88aee2fe4b32d6c7b6437a647e6c3163d40b76a73cf6a5674ef1d8"
          "90f95b664ee0afa5359a5c4e07985635bbecbac65d747d3d2da7ec2b8221b17b0ca9dc8a1ac1c07ea6a1e60583e2cb00"
          "058e77b7b72a298425cd1b941ad4ec65e8afc50303a22c0f99b0509b4c895f40");
    CHECK(expand_sha256("", long_dst + std::string(256 - long_dst.size(), '1'), 32) ==
          "e8dc0c8b686b7ef2074086fbdd2f30e3f8bfbd3bdf177f73f04b97ce618a3ed3");
    CHECK(expand_sha256("abc", dst, 8160).size() == 2 * 8160);
    CHECK_ERROR(expand_sha256("abc", dst, 8161), parameter, "length 8161 is not from 1 to 8160");
    CHECK_ERROR(expand_sha256("abc", "", 32), parameter, "tag is empty");
}

// --------------------------------------------------------------------------------------------------- codec

Bytes written_example() {
    pyfe::Writer out;
    out.u8(0x12).u16(0x3456).u32(0x789abcde).u64(0x0123456789abcdef).i64(-2).bytes(bytes("tail"));
    CHECK(out.size() == 27);
    Bytes taken = out.take();
    CHECK(out.size() == 0);
    return taken;
}

void read_example(std::span<const std::uint8_t> data) {
    pyfe::Reader in(data, "example");
    CHECK(in.u8("a") == 0x12);
    CHECK(in.u16("b") == 0x3456);
    CHECK(in.u32("c") == 0x789abcde);
    CHECK(in.u64("d") == 0x0123456789abcdef);
    CHECK(in.offset() == 15);
    CHECK(in.i64("e") == -2);
    CHECK(in.offset() == 23);
    CHECK(in.array<4>("f") == (std::array<std::uint8_t, 4>{'t', 'a', 'i', 'l'}));
    in.finish();
}

void test_reader_writer() {
    const Bytes data = written_example();
    CHECK(hex(data) == "125634debc9a78efcdab8967452301feffffffffffffff7461696c");
    read_example(data);
    for (std::size_t size = 0; size < data.size(); ++size) {
        CHECK_ERROR(read_example({data.data(), size}), decode, "example: ");
    }
    Bytes longer = data;
    longer.push_back(0);
    CHECK_ERROR(read_example(longer), decode, "example: end at byte 27: 1 trailing bytes");

    pyfe::Reader in(data, "thing");
    CHECK(in.bytes(3, "head").size() == 3);
    CHECK_ERROR(in.refuse("head", "is odd"), decode, "thing: head at byte 0: is odd");
    CHECK_ERROR(in.bytes(25, "body"), decode, "thing: body at byte 3: needs 25 bytes, 24 remain");
    constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
    CHECK_ERROR(in.bytes(huge, "body"), decode, "24 remain");
    CHECK(in.offset() == 3);  // a refused read takes nothing
    in.require_items(3, 8, "rows");
    in.require_items(0, 8, "rows");
    CHECK_ERROR(in.require_items(4, 8, "rows"), decode, "thing: rows at byte 3: 4 items of 8 bytes");
    CHECK_ERROR(in.require_items(huge, 8, "rows"), decode, "do not fit");
    CHECK_ERROR(in.require_items((huge / 8) + 2, 8, "rows"), decode, "do not fit");

    pyfe::Writer grown(1);
    for (unsigned i = 0; i < 1000; ++i) grown.u8(static_cast<std::uint8_t>(i));
    const Bytes all = grown.take();
    CHECK(all.size() == 1000 && all[999] == static_cast<std::uint8_t>(999));
}

bool same(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
    return std::ranges::equal(a, b);
}

void test_envelope_round_trip() {
    const Bytes payload = bytes("some payload");
    const Bytes metadata = bytes("meta");
    const Bytes signature(64, 0x5a);
    for (unsigned kind = 1; kind <= 16; ++kind) {
        for (unsigned shape = 0; shape < 8; ++shape) {
            pyfe::Envelope e;
            e.kind = pyfe::ObjectKind{static_cast<std::uint8_t>(kind)};
            e.scheme = static_cast<std::uint16_t>(65535 * (shape & 1));  // opaque: any number
            e.parameter_hash.fill(1);
            e.public_key_id.fill(2);
            if ((shape & 1) != 0) e.payload = payload;
            if ((shape & 2) != 0) e.metadata = metadata;
            if ((shape & 4) != 0) e.signature = signature;
            const Bytes packed = pyfe::pack_envelope(e);
            const pyfe::Envelope back = pyfe::unpack_envelope(packed);
            CHECK(back.kind == e.kind && back.scheme == e.scheme);
            CHECK(back.parameter_hash == e.parameter_hash && back.public_key_id == e.public_key_id);
            CHECK(same(back.payload, e.payload) && same(back.metadata, e.metadata));
            CHECK(same(back.signature, e.signature));
            CHECK(pyfe::pack_envelope(back) == packed);
        }
    }
}

Bytes example_envelope(bool is_signed) {
    static const Bytes payload = bytes("payload");
    static const Bytes metadata = bytes("meta");
    static const Bytes signature(64, 0x5a);
    pyfe::Envelope e;
    e.kind = pyfe::ObjectKind::function_key;
    e.scheme = 1;
    e.payload = payload;
    e.metadata = metadata;
    if (is_signed) e.signature = signature;
    return pyfe::pack_envelope(e);
}

void test_envelope_layout() {
    const Bytes packed = example_envelope(true);
    CHECK(packed.size() == pyfe::envelope_header_size + 7 + 4 + 64);
    CHECK(hex(std::span(packed).first(12)) ==
          "50594645010004010100"
          "0000");
    CHECK(hex(std::span(packed).subspan(76, 12)) ==
          "0700000000000000"
          "04000000");
    const auto covered = pyfe::signed_part(packed);
    CHECK(covered.data() == packed.data() && covered.size() == packed.size() - 64);
    CHECK_ERROR(pyfe::signed_part(example_envelope(false)), decode, "no signature");
    CHECK_ERROR(pyfe::signed_part(bytes("PYFE")), decode, "envelope: version");
}

Bytes with_byte(Bytes data, std::size_t offset, std::uint8_t value) {
    data[offset] = value;
    return data;
}

void test_envelope_refusals() {
    for (const bool is_signed : {false, true}) {
        const Bytes good = example_envelope(is_signed);
        for (std::size_t size = 0; size < good.size(); ++size) {
            CHECK_ERROR(pyfe::unpack_envelope({good.data(), size}), decode, "envelope: ");
        }
        Bytes longer = good;
        longer.push_back(0);
        CHECK_ERROR(pyfe::unpack_envelope(longer), decode, "1 trailing bytes");
    }
    struct Case {
        std::size_t offset;
        std::uint8_t value;
        const char* message;
    };
    const Case cases[] = {
        {0, 'Q', "magic at byte 0: is not 'PYFE'"},
        {4, 2, "version at byte 4: unknown version 2"},
        {5, 1, "unknown version 257"},
        {6, 0, "kind at byte 6: unknown kind 0"},
        {6, 18, "unknown kind 18, known are 1 to 17"},
        {6, 255, "unknown kind 255"},
        {7, 3, "flags at byte 7: unknown flags 3"},
        {7, 128, "unknown flags 128"},
        {7, 0, "64 trailing bytes"},
        {10, 1, "reserved at byte 10: 1 must be 0"},
        {11, 1, "reserved at byte 10: 256 must be 0"},
        {76, 6, "trailing bytes"},
        {76, 8, "signature at byte 100: needs 64 bytes, 63 remain"},
        {83, 255, "payload length at byte 76: "},
        {81, 1, "payload at byte 88: needs 1099511627783 bytes"},
        {82, 1, "281474976710663 bytes, at most 281474976710656"},
        {84, 200, "metadata at byte 95: needs 200 bytes"},
        {87, 2, "metadata length at byte 84: 33554436 bytes, at most 16777216"},
    };
    const Bytes good = example_envelope(true);
    for (const Case& c : cases) {
        CHECK_ERROR(pyfe::unpack_envelope(with_byte(good, c.offset, c.value)), decode, c.message);
    }
    CHECK_ERROR(pyfe::unpack_envelope(with_byte(example_envelope(false), 7, 1)), decode,
                "signature at byte 99");
}

// Whatever one changed bit does, the result is refused or has exactly these bytes as its encoding.
void test_envelope_bit_flips() {
    const Bytes good = example_envelope(true);
    bool exact = true;
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
        Bytes changed = good;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        try {
            exact = pyfe::pack_envelope(pyfe::unpack_envelope(changed)) == changed && exact;
        } catch (const pyfe::Error& error) {
            exact = error.kind() == pyfe::ErrorKind::decode && exact;
        }
    }
    CHECK(exact);
}

void test_envelope_pack_refusals() {
    pyfe::Envelope e;
    e.kind = pyfe::ObjectKind{0};
    CHECK_ERROR(pyfe::pack_envelope(e), parameter, "unknown kind 0");
    e.kind = pyfe::ObjectKind::schema;
    const Bytes odd(63);
    e.signature = odd;
    CHECK_ERROR(pyfe::pack_envelope(e), parameter, "signature: 63 bytes, must be 0 or 64");
    e.signature = {};
    const Bytes large(pyfe::max_metadata_size + 1);
    e.metadata = large;
    CHECK_ERROR(pyfe::pack_envelope(e), parameter, "metadata: 16777217 bytes, at most 16777216");
    e.metadata = std::span(large).first(pyfe::max_metadata_size);
    CHECK(pyfe::unpack_envelope(pyfe::pack_envelope(e)).metadata.size() == pyfe::max_metadata_size);
}

}  // namespace

int main() {
    test_error();
    test_secret_vector();
    test_constant_time();
    test_backend();
    test_thread_count();
    test_parallel_for();
    test_parallel_exceptions();
    test_parallel_nesting();
    test_parallel_from_many_threads();
    if (std::getenv("PYFE_TEST_NO_FORK") == nullptr) test_fork();
    if (std::getenv("PYFE_TEST_NO_FORK") == nullptr) test_fork_at_a_checkpoint();
    test_random();
    test_sha2();
    test_expand_message();
    test_expand_message_sha256();
    test_reader_writer();
    test_envelope_round_trip();
    test_envelope_layout();
    test_envelope_refusals();
    test_envelope_bit_flips();
    test_envelope_pack_refusals();
    return check::result("test_base");
}
