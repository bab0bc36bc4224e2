// Encryption, feature by feature under the one r of a ciphertext
#include <algorithm>

#include "fractions.hpp"
#include "pyfe/base/ctcheck.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/ipfe_rlwe/kernels.hpp"
#include "pyfe/ipfe_rlwe/scheme.hpp"
#include "pyfe/random/chacha20.hpp"
#include "pyfe/random/gaussian.hpp"

namespace pyfe::ipfe_rlwe {
namespace {

constexpr size_t kLine = 64;           // features together: a cache line of each row
constexpr size_t kColumn = kRing + 8;  // words: 64 KB apart, they would meet in one set of the nearest cache

// What all ciphertexts of a batch have in common
struct Encryptor {
    const MasterPublicKey& mpk;
    const Shape shape;
    const FractionShape fractions;
    const std::vector<uint64_t> delta;
    const DiscreteGaussian wide, widest;  // of r and f_0, and of f_i

    explicit Encryptor(const MasterPublicKey& key)
        : mpk(key),
          shape(Shape::of(key.parameters())),
          fractions(fraction_shape(key.parameters())),
          delta(delta_residues(key.parameters())),
          wide(key.parameters().sigma[1]),
          widest(key.parameters().sigma[2]) {}
};

// A ciphertext, or a part of it that is written by itself
void made_public(std::span<const uint8_t> ct) { declassify(ct.data(), ct.size()); }

// Rows in 8 bytes a number, as a caller holds them
class Matrix {
  public:
    explicit Matrix(const IntMatrix& x) : x_(x) {}
    size_t rows() const { return x_.rows; }
    size_t columns() const { return x_.columns; }
    size_t width() const { return sizeof(int64_t); }
    // As PlainRows::gather
    void gather(size_t first, size_t count, int64_t* out, size_t stride) const {
        for (size_t row = 0; row < x_.rows; ++row)
            for (size_t c = 0; c < count; ++c) out[c * stride + row] = x_.data[row * x_.columns + first + c];
    }

  private:
    const IntMatrix x_;
};

// The tiles of a ciphertext in memory
struct InMemory {
    uint8_t* tiles;
    const Shape& shape;

    // Has columns first .. first + count - 1 written by make(to, stride), tile after tile `stride` apart
    template <class Make>
    void put(size_t first, size_t, size_t, Bytes&, Make make) const {
        make(tiles + first * shape.column_size(), shape.tile_size());
    }
};

// The same in a file: some columns of all tiles are made in memory first
struct InFile {
    const File& file;
    uint64_t at;  // of the first tile
    const Shape& shape;

    template <class Make>
    void put(size_t first, size_t count, size_t tiles, Bytes& scratch, Make make) const {
        const size_t size = count * shape.column_size();
        scratch.resize(tiles * size);
        make(scratch.data(), size);
        made_public(scratch);
        for (size_t t = 0; t < tiles; ++t)
            file.write(at + t * shape.tile_size() + first * shape.column_size(),
                       std::span(scratch).subspan(t * size, size));
    }
};

// One ciphertext on its way. The seeds of r, f_0, f_1 .. f_n are drawn for it alone and go with it.
template <class Rows>
class Encryption {
  public:
    Encryption(const Encryptor& all, const Rows& rows, Random& random)
        : all_(all),
          basis_(all.mpk.basis()),
          rows_(rows),
          together_(std::max<size_t>(1, kLine / rows.width())),
          seeds_(ChaCha20Random::seed_size * (2 + rows.columns())) {
        random.fill(seeds_.data(), seeds_.size());
    }

    Block run() {
        Block block;
        block.count = static_cast<uint32_t>(rows_.rows());
        auto [bytes, out] = SharedBytes::to_write(all_.shape.block_size(rows_.rows()));
        make_shared_part(out);
        make_tiles(InMemory{out + all_.shape.shared_size(), all_.shape});
        made_public({out, bytes.size()});
        block.bytes = std::move(bytes);
        return block;
    }

    // The same into a file from `at` on; ct_0, without which the rest opens nothing, comes last
    void run(const File& file, uint64_t at) {
        Bytes ct0(all_.shape.shared_size());
        make_shared_part(ct0.data());
        make_tiles(InFile{file, at + ct0.size(), all_.shape});
        made_public(ct0);
        file.write(at, ct0);
    }

  private:
    // Scratch memory of a thread; beyond the rows m stays 0
    struct Work {
        SecretVector<int64_t> m, f;        // [together][N] and [N]
        SecretPolynomial ct, term;         // [k N]
        SecretVector<uint64_t> low, high;  // [N]
        Bytes columns;                     // of a file, as it will hold them
        Work(size_t together, size_t words, bool two_limbs)
            : m(together * kColumn),
              f(kRing),
              ct(words),
              term(words),
              low(kRing),
              high(two_limbs ? kRing : 0) {}
    };

    template <class Place>
    void make_tiles(const Place& place) const {
        const size_t groups = (rows_.columns() + together_ - 1) / together_;
        const size_t tasks = std::min<size_t>(groups, num_threads());
        parallel_for(tasks, [&](size_t task) {
            const StackGuard wiped;
            Work work(together_, basis_.words(), all_.shape.b > 64);
            for (size_t group = task; group < groups; group += tasks)
                make_columns(group * together_, work, place);
        });
    }

    size_t slots() const { return kTile * tiles_for(rows_.rows()); }
    ChaCha20Random generator(size_t number) const {
        constexpr size_t size = ChaCha20Random::seed_size;
        return ChaCha20Random(std::span<const uint8_t, size>(seeds_.data() + size * number, size));
    }

    // ct_0 = a r + f_0
    void make_shared_part(uint8_t* out) {
        const StackGuard wiped;
        SecretVector<int64_t> drawn(kRing);
        SecretPolynomial ct0(basis_.words());
        r_ = SecretPolynomial(basis_.words());
        draw(all_.wide, 0, drawn.data(), kRing);
        basis_.from_signed(drawn.data(), r_.data());
        basis_.forward(r_.data());
        draw(all_.wide, 1, drawn.data(), kRing);
        basis_.from_signed(drawn.data(), ct0.data());
        basis_.forward(ct0.data());
        basis_.mul_add(all_.mpk.a().data(), r_.data(), ct0.data());
        basis_.pack(ct0.data(), out);
    }
    void draw(const DiscreteGaussian& gaussian, size_t seed, int64_t* out, size_t count) const {
        ChaCha20Random random = generator(seed);
        gaussian.sample(random, out, count);
    }

    template <class Place>
    void make_columns(size_t first, Work& work, const Place& place) const {
        const size_t columns = std::min(together_, rows_.columns() - first);
        rows_.gather(first, columns, work.m.data(), kColumn);
        place.put(first, columns, tiles_for(rows_.rows()), work.columns, [&](uint8_t* to, size_t stride) {
            for (size_t c = 0; c < columns; ++c, to += all_.shape.column_size()) {
                checkpoint();
                make_column(first + c, &work.m[c * kColumn], work);
                write_column(work, to, stride);
            }
        });
    }

    // t_i of ct_i = pk_i r + f_i + Delta m_i
    void make_column(size_t i, const int64_t* m, Work& work) const {
        basis_.mul(all_.mpk.pk(i, work.term.data()), r_.data(), work.ct.data());
        basis_.inverse(work.ct.data());
        draw(all_.widest, 2 + i, work.f.data(), slots());
        basis_.from_signed(work.f.data(), work.term.data());
        basis_.add(work.ct.data(), work.term.data(), work.ct.data());
        basis_.from_signed(m, work.term.data());
        for (size_t j = 0; j < basis_.size(); ++j)
            basis_[j].scale_add(static_cast<int64_t>(all_.delta[j]), &work.term[j * kRing],
                                &work.ct[j * kRing]);
        kernels().compress(all_.fractions, work.ct.data(), kRing, slots(), work.low.data(),
                           work.high.empty() ? nullptr : work.high.data());
    }

    void write_column(const Work& work, uint8_t* to, size_t stride) const {
        for (size_t slot = 0; slot < slots(); slot += kTile, to += stride)
            kernels().pack(all_.shape.b, &work.low[slot], work.high.empty() ? nullptr : &work.high[slot], to);
    }

    const Encryptor& all_;
    const ring::Basis& basis_;
    const Rows& rows_;
    const size_t together_;  // features
    SecretVector<uint8_t> seeds_;
    SecretPolynomial r_;  // in the transform domain
};

}  // namespace

CiphertextBatch encrypt(const MasterPublicKey& mpk, const IntMatrix& x, Random& random) {
    const Parameters& p = mpk.parameters();
    if (x.columns != p.n())
        fail(ErrorKind::parameter, "x has " + std::to_string(x.columns) +
                                       " columns; the parameters have n = " + std::to_string(p.n()));
    p.x.require_inside(x, "x");  // names the row and the coordinate
    const Encryptor all(mpk);
    CiphertextBatch batch(mpk.id(), all.shape);
    for (size_t row = 0; row < x.rows; row += kRing) {
        checkpoint();
        const IntMatrix rows{x.data + row * x.columns, std::min<size_t>(kRing, x.rows - row), x.columns};
        const Matrix some(rows);
        batch.append_whole(Encryption(all, some, random).run());
    }
    return batch;
}

uint64_t encrypt_to(const MasterPublicKey& mpk, const PlainRows& x, Random& random, const File& file,
                    uint64_t at) {
    if (x.columns() != mpk.parameters().n() || x.box().lo != mpk.parameters().x.lo ||
        x.box().hi != mpk.parameters().x.hi)
        fail(ErrorKind::parameter, "x was collected for other ranges than those of the public key");
    if (x.rows() == 0) fail(ErrorKind::parameter, "x has no rows, and a ciphertext of none does not exist");
    const Encryptor all(mpk);
    const auto count = static_cast<uint32_t>(x.rows());
    CiphertextBatch batch(mpk.id(), all.shape);
    batch.append_whole({count, {}, {}, {}});
    const SharedBytes head = batch.pieces().front();
    Encryption(all, x, random).run(file, at + head.size());
    file.write(at, head.span());
    return head.size() + all.shape.block_size(count);
}

}  // namespace pyfe::ipfe_rlwe
