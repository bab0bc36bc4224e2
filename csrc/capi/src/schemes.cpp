// The schemes there are: the one table.
#include <string>

#include "pyfe/base/error.hpp"
#include "scheme.hpp"

namespace pyfe::capi {

extern const Scheme ipfe_ddh_scheme;
extern const Scheme qfe_ggm_scheme, qfe_sxdh_scheme;
extern const Scheme ipfe_rlwe_scheme;

namespace {

constexpr const Scheme* all[] = {&ipfe_ddh_scheme, &qfe_ggm_scheme, &qfe_sxdh_scheme, &ipfe_rlwe_scheme};

}  // namespace

const Scheme& scheme_numbered(uint16_t number, const char* object) {
    for (const Scheme* scheme : all)
        if (scheme->number == number) return *scheme;
    fail(ErrorKind::decode,
         std::string(object) + ": it must belong to a scheme, and " + std::to_string(number) + " is none");
}

}  // namespace pyfe::capi
