#include "pools.hpp"
#include "pyfe/qfe/objects.hpp"

namespace pyfe::fuzz {

Bytes decode(View data) { return qfe::MasterSecretKey::from_bytes(data).to_bytes(); }

void repair(Bytes& data) {
    Fields f(data);
    const Dimensions d = parameters(f);
    f.skip(32 + 32);
    f.scalars(d.m * d.k);
    f.skip(32);
    f.finish();
}

}  // namespace pyfe::fuzz
