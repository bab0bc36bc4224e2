#include "pyfe/noise/row_noise.hpp"

#include <algorithm>
#include <string_view>

#include "pyfe/base/parallel.hpp"
#include "pyfe/base/secret.hpp"
#include "pyfe/random/chacha20.hpp"

namespace pyfe {
namespace {

constexpr std::string_view tag = "PYFE-V1-noise-of-a-row";
constexpr std::size_t seed_size = ChaCha20Random::seed_size;
constexpr std::size_t rows_a_task = 64, seeds_at_once = std::size_t{1} << 16;

void absorb(HmacSha512& mac, std::uint64_t number) {
    std::uint8_t bytes[8];
    for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(number >> 8 * i);
    mac.update(bytes);
}

// A seed for every slot of one row
void seeds_of(HmacSha512 mac, std::span<const std::uint8_t> row, std::span<const std::uint64_t> slots,
              std::uint8_t* out) {
    mac.update(row);
    for (const std::uint64_t slot : slots) {
        HmacSha512 of_slot = mac;
        absorb(of_slot, slot);
        Sha512::Digest digest = of_slot.finish();
        out = std::copy_n(digest.begin(), seed_size, out);
        secure_zero(digest.data(), digest.size());
    }
}

}  // namespace

RowNoise::RowNoise(std::span<const std::uint8_t, secret_size> secret, std::span<const std::uint8_t> context,
                   std::uint64_t sigma)
    : keyed_(secret), gaussian_(sigma) {
    keyed_.update({reinterpret_cast<const std::uint8_t*>(tag.data()), tag.size()});
    absorb(keyed_, sigma);
    absorb(keyed_, context.size());
    keyed_.update(context);
}

void RowNoise::draw(std::span<const std::uint8_t> rows, std::size_t width,
                    std::span<const std::uint64_t> slots, std::int64_t* out) const {
    const std::size_t count = rows.size() / width, per_row = slots.size() * seed_size;
    const std::size_t at_once = std::max<std::size_t>(rows_a_task, seeds_at_once / slots.size());
    SecretVector<std::uint8_t> seeds(std::min(count, at_once) * per_row);
    for (std::size_t start = 0; start < count; start += at_once) {
        const std::size_t stop = std::min(count, start + at_once);
        parallel_for((stop - start + rows_a_task - 1) / rows_a_task, [&](std::size_t task) {
            const StackGuard wiped;
            const std::size_t first = start + task * rows_a_task;
            for (std::size_t i = first; i < std::min(stop, first + rows_a_task); ++i)
                seeds_of(keyed_, rows.subspan(i * width, width), slots, &seeds[(i - start) * per_row]);
        });
        gaussian_.sample_rows({seeds.data(), (stop - start) * per_row}, 1, out + start * slots.size());
    }
}

}  // namespace pyfe
