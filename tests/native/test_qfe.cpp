// Quadratic encryption: the verbs on the active backend and on the portable one, whose bytes must be equal;
// refusals; keys that threads share. What the bytes are is the business of tests/differential.
#include <string>
#include <thread>
#include <vector>

#include "check.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/qfe/scheme.hpp"
#include "support.hpp"

namespace {

namespace qfe = pyfe::qfe;
using pyfe::schemes::Bytes, pyfe::schemes::IntMatrix;
using qfe::CiphertextBatch, qfe::Entries, qfe::Forms, qfe::FunctionKey, qfe::Parameters;
using support::Stream;

using Row = std::vector<std::int64_t>;

constexpr std::size_t n = 3, m = 2, batch = 9;

Parameters two_vectors(std::uint32_t k) { return {k, {{-9, 0, 1}, {9, 3, 1}}, {{-5, -7}, {5, 0}}, 40, {}}; }

Forms two_forms() { return Forms::matrices(n, m, {{{0, 0, 5}, {2, 0, -40}, {1, 1, 1}}, {{2, 1, 7}}}); }

// Three units: one that both forms use, one for the second form, one for none
Forms network() {
    return Forms::factored(n, m, {1, 0, -3, 2, 2, 2, 1, 1, 1}, {1, 4, -1, 0, 3, 3}, {3, 0, 0, -1, 2, 0});
}

Row rows(const qfe::Box& box, std::uint64_t seed) {
    Stream random(seed);
    Row out;
    for (std::size_t j = 0; j < batch * box.size(); ++j)
        out.push_back(random.integer(box.lo[j % box.size()], box.hi[j % box.size()]));
    return out;
}

Row values(const Forms& forms, const Row& x, const Row& y) {
    Row out;
    for (std::size_t r = 0; r < x.size() / n; ++r)
        for (std::size_t f = 0; f < forms.count(); ++f) {
            std::int64_t sum = 0;
            for (const qfe::Entry& e : forms.matrix(f)) sum += e.v * x[r * n + e.i] * y[r * m + e.j];
            out.push_back(sum);
        }
    return out;
}

Row decrypted(const FunctionKey& sk, const CiphertextBatch& ct) {
    Row z(ct.size() * sk.forms.count(), 77);
    qfe::decrypt_vartime(sk, ct, z.data());
    return z;
}

struct Made {
    std::pair<qfe::MasterPublicKey, qfe::MasterSecretKey> keys;
    Row x, y;
    CiphertextBatch ct;

    explicit Made(std::uint32_t k)
        : keys(setup(k)),
          x(rows(keys.first.parameters.x, 2)),
          y(rows(keys.first.parameters.y, 3)),
          ct(encrypted()) {}

  private:
    static std::pair<qfe::MasterPublicKey, qfe::MasterSecretKey> setup(std::uint32_t k) {
        Stream random(1);
        return qfe::setup(two_vectors(k), random);
    }
    CiphertextBatch encrypted() const {
        Stream random(4);
        const IntMatrix right = {y.data(), batch, m};
        return qfe::encrypt(keys.first, {x.data(), batch, n}, &right, random);
    }
};

void append(Bytes& trace, const Bytes& more) { trace.insert(trace.end(), more.begin(), more.end()); }

// Every verb and every object through its bytes; what all backends must agree on
Bytes test_verbs(std::uint32_t k) {
    const Made made(k);
    const auto& [mpk, msk] = made.keys;
    Bytes trace = mpk.to_bytes();
    append(trace, msk.to_bytes());
    append(trace, made.ct.to_bytes());
    CHECK(qfe::MasterPublicKey::from_bytes(mpk.to_bytes()).id == mpk.id);
    const CiphertextBatch ct = CiphertextBatch::from_bytes(made.ct.to_bytes());
    const qfe::MasterSecretKey again = qfe::MasterSecretKey::from_bytes(msk.to_bytes());
    for (const Forms& forms : {two_forms(), network()}) {
        const FunctionKey sk = FunctionKey::from_bytes(qfe::keygen(again, forms).to_bytes());
        append(trace, sk.to_bytes());
        CHECK(qfe::verify_key_vartime(mpk, sk));
        CHECK(decrypted(sk, ct) == values(forms, made.x, made.y));
        CHECK(decrypted(sk, ct.slice(8, 9)) ==
              values(forms, {made.x.end() - n, made.x.end()}, {made.y.end() - m, made.y.end()}));
        FunctionKey other = sk;
        other.intervals[0].lo -= 1;
        CHECK(!qfe::verify_key_vartime(mpk, other));
    }
    CHECK(CiphertextBatch::concat({&ct, &made.ct}).size() == 2 * batch);
    return trace;
}

void test_projection() {
    const Made made(1);
    const Row p = {2, 0, -1}, q = {1, 0, 1, 1};
    const IntMatrix right = {q.data(), 2, m};
    const Forms inner = Forms::matrices(1, 2, {{{0, 0, 3}, {0, 1, -2}}});
    const Forms whole = Forms::matrices(n, m, {{{0, 0, 2}, {2, 0, -1}, {0, 1, -4}, {2, 1, 2}}});
    const FunctionKey sk = qfe::keygen(made.keys.second, whole);
    const CiphertextBatch small = qfe::project_vartime(made.ct, {p.data(), 1, n}, &right);
    const FunctionKey key = qfe::project_key(sk, {p.data(), 1, n}, &right, inner);
    CHECK(decrypted(key, CiphertextBatch::from_bytes(small.to_bytes())) == values(whole, made.x, made.y));
    CHECK_ERROR(decrypted(sk, small), key_mismatch, "the ciphertexts have 1 x 2");
    CHECK_ERROR(qfe::project_key(sk, {p.data(), 1, n}, &right, Forms::matrices(1, 2, {{{0, 0, 3}}})),
                parameter, "P^T F Q");
}

// Bounds far beyond what can be searched: the vectors still encrypt, and only narrow forms have keys.
void test_wide_bounds() {
    constexpr std::int64_t far = std::int64_t{1} << 62;
    Stream random(5);
    const auto [mpk, msk] = qfe::setup({1, {{-far, 0}, {far, 1}}, {}, 3, {}}, random);
    const Row x = {far, 1, -far, 0, 1, 1};
    const CiphertextBatch ct = qfe::encrypt(mpk, {x.data(), 3, 2}, nullptr, random);
    const FunctionKey sk = qfe::keygen(msk, Forms::matrices(2, 2, {{{1, 1, -3}}}));
    CHECK(decrypted(sk, ct) == Row({-3, 0, -3}));
    CHECK_ERROR(qfe::keygen(msk, Forms::matrices(2, 2, {{{0, 1, 1}}})), out_of_range, "wider than 2^44");
    CHECK_ERROR(qfe::keygen(msk, Forms::matrices(2, 2, {{{0, 0, 1}}})), out_of_range, "beyond 2^62");
}

void test_refusals() {
    CHECK_ERROR(Forms::matrices(2, 2, {}), parameter, "there is no form");
    CHECK_ERROR(Forms::matrices(2, 2, {{{2, 0, 1}}}), parameter, "entry (2, 0) lies outside 2 x 2");
    CHECK_ERROR(Forms::matrices(2, 2, {{{0, 0, 0}}}), parameter, "is a zero");
    CHECK_ERROR(Forms::matrices(2, 2, {{{1, 0, 1}, {0, 0, 1}}}), parameter, "out of order");
    CHECK_ERROR(Forms::factored(2, 2, {1, 2, 3}, {}, {1}), parameter, "do not match");
    CHECK_ERROR(Forms::factored(2, 3, {1, 2}, {}, {1}), parameter, "do not match");
    CHECK_ERROR(Parameters(2, {{0}, {1}}, {}, 1, {}), parameter, "neither 1 nor 3");
    CHECK_ERROR(Parameters(1, {{0}, {1}}, {{2}, {1}}, 1, {}), parameter, "y_lo = 2 exceeds y_hi = 1");
    CHECK_ERROR(Parameters(1, {{0}, {1}}, {}, 0, {}), parameter, "f_bound = 0");
    const Made made(1);
    const Row x = {10, 0, 1}, y = {0, 0};
    const IntMatrix right = {y.data(), 1, m};
    Stream random(6);
    CHECK_ERROR(qfe::encrypt(made.keys.first, {x.data(), 1, n}, &right, random), out_of_range,
                "x: row 0, coordinate 0 is outside [-9, 9]");
    CHECK_ERROR(qfe::encrypt(made.keys.first, {x.data(), 1, n}, nullptr, random), parameter, "y is missing");
    CHECK_ERROR(qfe::keygen(made.keys.second, Forms::matrices(2, 2, {{{0, 0, 1}}})), parameter, "2 x 2");
    CHECK_ERROR(qfe::keygen(made.keys.second, Forms::matrices(n, m, {{}})), parameter, "form 0 is zero");
    CHECK_ERROR(made.ct.slice(3, batch + 1), parameter, "of 9 rows");
    CHECK_ERROR(CiphertextBatch::concat({}), parameter, "no batches");
}

// Tables and lines are made by whoever comes first.
void test_shared_keys() {
    const Made made(1);
    const auto& [mpk, msk] = made.keys;
    const FunctionKey sk = qfe::keygen(msk, two_forms());
    const Row expected = values(sk.forms, made.x, made.y);
    const qfe::MasterPublicKey fresh = qfe::MasterPublicKey::from_bytes(mpk.to_bytes());
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 3; ++t)
        threads.emplace_back([&, t] {
            Stream random(7 + t);
            const IntMatrix right = {made.y.data(), batch, m};
            const CiphertextBatch ct = qfe::encrypt(fresh, {made.x.data(), batch, n}, &right, random);
            CHECK(decrypted(sk, ct) == expected);
        });
    for (std::thread& thread : threads) thread.join();
}

void use(pyfe::Backend backend) { pyfe::set_backend(backend); }

}  // namespace

int main() {
    const pyfe::Backend chosen = pyfe::active_backend();
    for (const std::uint32_t k : {1u, 3u}) {
        const Bytes trace = test_verbs(k);
        use(pyfe::Backend::portable);
        CHECK(test_verbs(k) == trace);
        use(chosen);
    }
    test_projection();
    test_wide_bounds();
    test_refusals();
    test_shared_keys();
    return check::result("test_qfe");
}
