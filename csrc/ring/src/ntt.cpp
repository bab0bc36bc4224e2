#include "pyfe/ring/ntt.hpp"

#include "pyfe/base/parallel.hpp"
#include "pyfe/ring/kernels.hpp"
#include "tables.hpp"

namespace pyfe::ring {
namespace {

const Kernels& transforms(int log_n) { return log_n < least_lanes_log ? portable_kernels() : kernels(); }

}  // namespace

Ntt::Ntt(std::uint64_t q, int log_n) : tables_(Tables::of(q, log_n)) {}

const Modulus& Ntt::modulus() const { return tables_->modulus; }
std::size_t Ntt::n() const { return std::size_t{1} << tables_->log_n; }
std::uint64_t Ntt::root() const { return tables_->root; }

void Ntt::forward(std::uint64_t* a, std::size_t batch) const {
    const Transform transform = tables_->transform();
    const Kernels& k = transforms(tables_->log_n);
    parallel_for(batch, [&](std::size_t i) { k.forward(transform, a + i * n()); });
}

void Ntt::inverse(std::uint64_t* a, std::size_t batch) const {
    const Transform transform = tables_->transform();
    const Kernels& k = transforms(tables_->log_n);
    parallel_for(batch, [&](std::size_t i) { k.inverse(transform, a + i * n()); });
}

void Ntt::add(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const {
    kernels().add(modulus(), a, b, out, n());
}

void Ntt::sub(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const {
    kernels().sub(modulus(), a, b, out, n());
}

void Ntt::negate(const std::uint64_t* a, std::uint64_t* out) const {
    kernels().scale(modulus(), modulus().q - 1, a, out, n());
}

void Ntt::mul(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const {
    kernels().mul(modulus(), a, b, out, n());
}

void Ntt::mul_add(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* sum) const {
    kernels().mul_add(modulus(), a, b, sum, n());
}

void Ntt::scale(std::int64_t c, const std::uint64_t* a, std::uint64_t* out) const {
    kernels().scale(modulus(), modulus().residue(c), a, out, n());
}

void Ntt::scale_add(std::int64_t c, const std::uint64_t* a, std::uint64_t* sum) const {
    kernels().scale_add(modulus(), modulus().residue(c), a, sum, n());
}

void Ntt::from_signed(const std::int64_t* z, std::uint64_t* out) const {
    kernels().from_signed(modulus(), z, out, n());
}

}  // namespace pyfe::ring
