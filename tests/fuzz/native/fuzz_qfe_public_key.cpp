#include "pools.hpp"
#include "pyfe/qfe/objects.hpp"

namespace pyfe::fuzz {

Bytes decode(View data) { return qfe::MasterPublicKey::from_bytes(data).to_bytes(); }

void repair(Bytes& data) {
    Fields f(data);
    const Dimensions d = parameters(f);
    f.skip(32);
    f.points(d.m * d.k, pool<2>(), 96);
    f.finish();
}

}  // namespace pyfe::fuzz
