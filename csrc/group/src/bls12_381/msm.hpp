// Multi-scalar multiplication with public scalars, by buckets (Pippenger) with signed digits. Two shapes: one
// long vector, whose entries are sorted by bucket and dealt out to the lanes; and a cohort, where every lane
// has its own points and all follow the same digits.
//
// The long shape reads points as rows, one after the other in memory, and turns eight of them into lanes.
#pragma once
#include "pyfe/group/bls12_381/msm_shape.hpp"
#include "wire.hpp"

namespace pyfe::group::bls12_381 {

template <class C>
struct Msm {
    using F = typename C::Base;
    using E = typename C::E;
    using P = Point<C>;
    using M = Memory<E>;
    static constexpr int parts = M::parts;
    using Block = PointBlock<parts>;
    using Flat = AffineBlock<parts>;

    // What the endomorphism to the power i makes of affine points
    static void endomorphism_of(const Flat* in, size_t blocks, int i, Flat* out) {
        for (size_t b = 0; b < blocks; ++b) {
            for_lanes<F>([&](int lane) {
                const P p = {M::load(in[b].x, lane), M::load(in[b].y, lane), E::one()};
                const P image = endomorphism(p, i);
                M::store(image.x, out[b].x, lane);
                M::store(image.y, out[b].y, lane);
            });
            for (int j = 0; j < 8; ++j) out[b].infinite[j] = in[b].infinite[j];
        }
    }

    // Row 8 b + j is lane j of block b; infinity is left to the caller.
    static void rows(const Flat* in, size_t blocks, uint64_t* out) {
        for (size_t b = 0; b < blocks; ++b)
            for_lanes<F>([&](int lane) {
                uint64_t* row[8];
                for (int j = 0; j < F::lanes; ++j)
                    row[j] = out + (8 * b + size_t(lane + j)) * row_words(parts);
                Rows<E>::store(M::load(in[b].x, lane), row, 0);
                Rows<E>::store(M::load(in[b].y, lane), row, 8 * parts);
            });
    }

    // Row i of out = a + b for pair i, in affine coordinates with one inversion for all. False, and nothing
    // of use in out, when two points have the same x: then a + b is a doubling or infinite. scratch:
    // kRowScratch coordinates for eight pairs
    static bool add_pairs_vartime(const RowSource& rows, const PointPair* pairs, size_t count, uint64_t* out,
                                  Coordinate<parts>* scratch) {
        return affine_sums(RowPairs{rows, pairs, count, out}, (count + 7) / 8, scratch);
    }

    // The same in every lane, for points that follow the same pairs: points[first + i] = a + b for pair i.
    // None of the points may be infinite. scratch: one coordinate for a pair
    static bool add_cohort_pairs_vartime(Flat* points, const PointPair* pairs, size_t count, size_t first,
                                         Coordinate<parts>* scratch) {
        return affine_sums(BlockPairs{points, pairs, first}, count, scratch);
    }

    // Lane j adds up entries bounds[j] .. bounds[j + 1] - 1, which are sorted by slot, and writes each sum to
    // its bucket. A sum whose first entries lie in the lane before goes to the carry instead.
    static void accumulate_vartime(const RowSource& rows, const BucketEntry* entries, const size_t* bounds,
                                   Block* buckets, Block* carry, uint8_t* carried) {
        for_lanes<F>([&](int lane) {
            Stream stream(rows, entries, bounds, lane);
            P acc = P::identity();
            for (size_t step = 0; step < stream.steps; ++step) {
                stream.advance(step);
                const E x = Rows<E>::load(stream.row, 0), y = Rows<E>::load(stream.row, 8 * parts);
                const P start = P::select(stream.mask(stream.fresh), P::identity(), acc);
                acc = P::add_affine(start, x,
                                    E::select(stream.mask(stream.negative), E::template neg<8>(y), y));
                if (stream.done == 0) continue;
                Block sums;
                acc.store(sums, lane);
                for (int j = lane; j < lane + F::lanes; ++j) {
                    if ((stream.done >> j & 1) == 0) continue;
                    if (stream.continues(j, step)) {
                        copy_lane(sums, j, *carry, j);
                        carried[j] = 1;
                    } else {
                        const uint32_t slot = entries[bounds[j] + step].slot;
                        copy_lane(sums, j, buckets[slot / 8], int(slot % 8));
                    }
                }
            }
        });
    }

    // Column j of a group: sum_i (i + 1) b_i over its buckets, and more by what lies below its segment
    static void columns_vartime(const Block* buckets, const BucketShape& shape, Block* out) {
        for_lanes<F>([&](int lane) {
            P run = P::load(buckets[shape.length - 1], lane), sum = run;
            for (int i = shape.length - 2; i >= 0; --i) {
                run = P::add(run, P::load(buckets[i], lane));
                sum = P::add(sum, run);
            }
            if (shape.segments > 1) {
                P below = P::identity();
                for (int bit = shape.segments / 2; bit > 0; bit /= 2) {
                    uint64_t flags[8];
                    for (int j = 0; j < 8; ++j) flags[j] = (j % shape.segments & bit) != 0;
                    below = P::twice(below);
                    below = P::select(gather<F>(flags, lane), P::add(below, run), below);
                }
                for (int length = shape.length; length > 1; length /= 2) below = P::twice(below);
                sum = P::add(sum, below);
            }
            sum.store(*out, lane);
        });
    }

    // Horner's rule over the groups, then over the lanes; the result is lane 0 of columns[0].
    static void horner_vartime(Block* columns, const BucketShape& shape) {
        const int step = 8 / shape.segments * shape.window;
        for_lanes<F>([&](int lane) {
            P acc = P::load(columns[shape.groups() - 1], lane);
            for (int g = shape.groups() - 2; g >= 0; --g)
                acc = P::add(twice_times(acc, step), P::load(columns[g], lane));
            acc.store(columns[0], lane);
        });
        for (int width = 4; width > 0; width /= 2) {
            Block upper = columns[0];
            for (int j = 0; j < width; ++j) copy_lane(columns[0], j + width, upper, j);
            for (int lane = 0; lane < width; lane += F::lanes) {
                const P high = twice_times(P::load(upper, lane), width / shape.segments * shape.window);
                P::add(high, P::load(columns[0], lane)).store(columns[0], lane);
            }
        }
    }

    // One block of the cohort: the sum of size 2^(window w) P over the entries (P, slot of size and w) in
    // every lane; entries come by falling slot.
    static void cohort_vartime(const Flat* points, const BucketEntry* entries, size_t count, int window,
                               int windows, Block* out) {
        const uint32_t sizes = 1u << (window - 1);
        for_lanes<F>([&](int lane) {
            P acc = P::identity();
            size_t next = 0;
            for (int w = windows - 1; w >= 0; --w) {
                if (next > 0) acc = twice_times(acc, window);
                P run = P::identity();
                const size_t begin = next;
                for (uint32_t size = sizes; size > 0; --size) {
                    for (; next < count && entries[next].slot == cohort_slot(window, w, size); ++next) {
                        Affine<C> p = load(points[entries[next].point >> 1], lane);
                        if ((entries[next].point & 1) != 0) p.y = E::template neg<8>(p.y);
                        run = P::add_mixed(run, p);
                    }
                    if (next > begin) acc = P::add(acc, run);
                }
            }
            acc.store(*out, lane);
        });
    }

    static Affine<C> load(const Flat& in, int lane) {
        uint64_t flags[8];
        for (int j = 0; j < 8; ++j) flags[j] = in.infinite[j] & 1;
        return {M::load(in.x, lane), M::load(in.y, lane), gather<F>(flags, lane)};
    }

  private:
    template <class T>
    struct Rows {
        static T load(const uint64_t* const* row, size_t offset) { return T::load_rows(row, offset); }
        static void store(const T& a, uint64_t* const* row, size_t offset) { a.store_rows(row, offset); }
    };
    template <class T>
    struct Rows<field::bls12_381::Fp2<T>> {
        using E2 = field::bls12_381::Fp2<T>;
        static E2 load(const uint64_t* const* row, size_t offset) {
            return {T::load_rows(row, offset), T::load_rows(row, offset + 8)};
        }
        static void store(const E2& a, uint64_t* const* row, size_t offset) {
            a.c0.store_rows(row, offset);
            a.c1.store_rows(row, offset + 8);
        }
    };

    [[gnu::always_inline]] static inline const uint64_t* row_of(const RowSource& rows, uint32_t point) {
        const uint32_t row = point >> 1;
        return row < rows.split ? rows.first + size_t(row) * row_words(parts)
                                : rows.second + size_t(row - rows.split) * row_words(parts);
    }

    static constexpr size_t kAhead = 2;  // steps between asking for rows and adding them

    // Sums of pairs by Montgomery's trick: pairs.at(step, lane) knows where the coordinates are. Where
    // turning rows into lanes costs, x stays in the scratch for the way back.
    template <class Pairs>
    static bool affine_sums(const Pairs& pairs, size_t steps, Coordinate<parts>* scratch) {
        constexpr size_t stride = Pairs::keeps_x ? kRowScratch : 1;
        bool distinct = true;
        for_lanes<F>([&](int lane) {
            E running = E::one();
            for (size_t i = 0; i < steps; ++i) {
                if (i + kAhead < steps) pairs.prefetch(i + kAhead, lane, 0, 8 * parts);
                const auto at = pairs.at(i, lane);
                const E xa = at.xa(), xb = at.xb();
                M::store(running, scratch[stride * i], lane);
                if constexpr (Pairs::keeps_x) {
                    M::store(xa, scratch[stride * i + 1], lane);
                    M::store(xb, scratch[stride * i + 2], lane);
                }
                running = E::mul(running, E::template sub<8>(xb, xa));
            }
            E inverse = invert_vartime(running);
            if (F::Lane::mask_bits(E::is_zero(inverse)) != 0) distinct = false;
            for (size_t i = steps; distinct && i-- > 0;) {
                if (i >= kAhead) pairs.prefetch(i - kAhead, lane, 8 * parts, row_words(parts));
                const auto at = pairs.at(i, lane);
                const E xa = Pairs::keeps_x ? M::load(scratch[stride * i + 1], lane) : at.xa();
                const E xb = Pairs::keeps_x ? M::load(scratch[stride * i + 2], lane) : at.xb(), ya = at.ya();
                const E one_over = E::mul(inverse, M::load(scratch[stride * i], lane));
                inverse = E::mul(inverse, E::template sub<8>(xb, xa));
                const E slope = E::mul(E::template sub<16>(at.yb(), ya), one_over);
                const E x = E::weak(E::template sub<16>(E::square(slope), E::add(xa, xb)));
                const E y = E::template sub<16>(E::mul(slope, E::template sub<8>(xa, x)), ya);
                at.store(x, E::weak(y));
            }
        });
        return distinct;
    }

    // Lane by lane, each pair its own; beyond the last pair that one again
    struct RowPairs {
        static constexpr bool keeps_x = true;
        const RowSource& rows;
        const PointPair* pairs;
        size_t count;
        uint64_t* out;

        struct At {
            const uint64_t *a[8], *b[8];
            uint64_t* to[8];
            typename F::Mask minus_a, minus_b;

            E xa() const { return Rows<E>::load(a, 0); }
            E xb() const { return Rows<E>::load(b, 0); }
            E ya() const { return signed_y(a, minus_a); }
            E yb() const { return signed_y(b, minus_b); }
            void store(const E& x, const E& y) const {
                Rows<E>::store(x, to, 0);
                Rows<E>::store(y, to, 8 * parts);
            }
            static E signed_y(const uint64_t* const* row, const typename F::Mask& minus) {
                const E y = Rows<E>::load(row, 8 * parts);
                return E::select(minus, E::template neg<8>(y), y);
            }
        };
        // Words `from` .. `to` - 1 of the rows of a step
        void prefetch(size_t step, int lane, size_t from, size_t to) const {
            for (int j = 0; j < F::lanes; ++j) {
                const size_t i = 8 * step + size_t(lane + j), pair = i < count ? i : count - 1;
                const uint64_t *a = row_of(rows, pairs[pair].a), *b = row_of(rows, pairs[pair].b);
                for (size_t word = from; word < to; word += 8) {
                    __builtin_prefetch(a + word);
                    __builtin_prefetch(b + word);
                }
            }
        }
        At at(size_t step, int lane) const {
            At r;
            unsigned minus_a = 0, minus_b = 0;
            for (int j = 0; j < F::lanes; ++j) {
                const size_t i = 8 * step + size_t(lane + j), pair = i < count ? i : count - 1;
                r.a[j] = row_of(rows, pairs[pair].a), r.b[j] = row_of(rows, pairs[pair].b);
                r.to[j] = out + pair * row_words(parts);
                minus_a |= (pairs[pair].a & 1u) << j, minus_b |= (pairs[pair].b & 1u) << j;
            }
            r.minus_a = F::Lane::mask_from_bits(static_cast<uint8_t>(minus_a));
            r.minus_b = F::Lane::mask_from_bits(static_cast<uint8_t>(minus_b));
            return r;
        }
    };

    // The same pair in every lane
    struct BlockPairs {
        static constexpr bool keeps_x = false;
        Flat* points;
        const PointPair* pairs;
        size_t first;

        struct At {
            const Flat &a, &b;
            bool minus_a, minus_b;
            Flat& to;
            int lane;

            E xa() const { return M::load(a.x, lane); }
            E xb() const { return M::load(b.x, lane); }
            E ya() const { return signed_y(a, minus_a); }
            E yb() const { return signed_y(b, minus_b); }
            void store(const E& x, const E& y) const {
                M::store(x, to.x, lane);
                M::store(y, to.y, lane);
                for (int j = lane; j < lane + F::lanes; ++j) to.infinite[j] = 0;
            }
            E signed_y(const Flat& p, bool minus) const {
                const E y = M::load(p.y, lane);
                return minus ? E::template neg<8>(y) : y;
            }
        };
        void prefetch(size_t, int, size_t, size_t) const {}
        At at(size_t step, int lane) const {
            const PointPair& p = pairs[step];
            return {points[p.a >> 1], points[p.b >> 1],     (p.a & 1) != 0,
                    (p.b & 1) != 0,   points[first + step], lane};
        }
    };

    // Where each lane stands in its part of the entries. Bit j of the masks is lane j of the block.
    struct Stream {
        const RowSource& rows;
        const BucketEntry* entries;
        const size_t* bounds;
        int lane;
        size_t steps = 0;
        const uint64_t* row[8];
        unsigned negative = 0, fresh = 0, done = 0;
        size_t first_run[8];  // entries of the run that the lane starts with

        Stream(const RowSource& r, const BucketEntry* e, const size_t* b, int l)
            : rows(r), entries(e), bounds(b), lane(l) {
            for (int j = lane; j < lane + F::lanes; ++j) {
                const size_t length = bounds[j + 1] - bounds[j];
                steps = length > steps ? length : steps;
                first_run[j] = 0;
                while (first_run[j] < length && same(bounds[j], bounds[j] + first_run[j])) ++first_run[j];
                if (bounds[j] == 0 || length == 0 || !same(bounds[j] - 1, bounds[j])) first_run[j] = 0;
            }
        }
        bool same(size_t a, size_t b) const { return entries[a].slot == entries[b].slot; }
        bool continues(int j, size_t step) const { return step < first_run[j]; }
        typename F::Mask mask(unsigned bits) const {
            return F::Lane::mask_from_bits(static_cast<uint8_t>(bits >> lane));
        }
        void advance(size_t step) {
            negative = fresh = done = 0;
            for (int j = lane; j < lane + F::lanes; ++j) {
                const size_t at = bounds[j] + step, end = bounds[j + 1];
                const bool active = at < end;
                const uint32_t point = active ? entries[at].point : 0;
                row[j - lane] = row_of(rows, point);
                if (!active) continue;
                if (at + kEntriesAhead < end)
                    __builtin_prefetch(row_of(rows, entries[at + kEntriesAhead].point));
                negative |= (point & 1u) << j;
                fresh |= unsigned{step == 0 || !same(at - 1, at)} << j;
                done |= unsigned{at + 1 == end || !same(at, at + 1)} << j;
            }
        }
        static constexpr size_t kEntriesAhead = 4;
    };

    static P twice_times(P p, int times) {
        for (int i = 0; i < times; ++i) p = P::twice(p);
        return p;
    }
    static void copy_lane(const Block& from, int from_lane, Block& to, int to_lane) {
        for (int i = 0; i < 8 * parts; ++i) {
            to.x[i][to_lane] = from.x[i][from_lane];
            to.y[i][to_lane] = from.y[i][from_lane];
            to.z[i][to_lane] = from.z[i][from_lane];
        }
    }
};

}  // namespace pyfe::group::bls12_381
