// The optimal ate pairing e: G1 x G2 -> GT of BLS12-381, in batches. e(P, Q) is the third power of the
// reduced pairing, as in every implementation that uses the hard part of eprint 2020/875; it is bilinear and
// non-degenerate, since 3 does not divide r.
//
// Constant-time in the coordinates of both points. Whether a point kept by Prepared is the identity shows.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "pyfe/group/bls12_381/points.hpp"
#include "pyfe/pairing/gt.hpp"

namespace pyfe::pairing {

using group::bls12_381::G1Points, group::bls12_381::G2Points;

// Points of G2 with their lines, 30 KB each: for a Q that meets many P. Belongs to the backend that made it.
class Prepared {
  public:
    explicit Prepared(const G2Points& q);
    size_t size() const { return lines_.size(); }
    // Error(parameter) beyond the last, or when another backend is active now
    const PreparedPoint& at(size_t j) const;

  private:
    const Kernels* made_by_ = &kernels();
    std::vector<PreparedPoint> lines_;
};

// One factor of a product of pairings, for a batch: e(P_c, Q_c) with Q_c one a lane, or Q the same for all c
struct Factor {
    const G1Points* p;
    const G2Points* q;           // of the same size as p, or null
    const PreparedPoint* ready;  // then this one
};

// e(P_j, Q_j)
GtElements pair(const G1Points& p, const G2Points& q);
// Lane c: the product over all factors; one final exponentiation. All p have the same size.
GtElements multi_pair(std::span<const Factor> factors);
// The product over j of e(P_j, Q_j): one element
GtElements pairing_product(const G1Points& p, const G2Points& q);

// The two halves for callers that work in between: f^((p^6 - 1)(p^2 + 1)) lies in the cyclotomic subgroup,
// where squares are cheap and inverses are conjugates; finish() takes it into GT.
GtElements miller_and_easy_part(std::span<const Factor> factors);
void finish(GtElements& f);

}  // namespace pyfe::pairing
