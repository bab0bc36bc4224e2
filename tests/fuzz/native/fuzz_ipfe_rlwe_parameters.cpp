#include "lattices.hpp"

namespace pyfe::fuzz {

Bytes decode(View data) {
    Reader in(data, "parameters");
    const auto p = ipfe_rlwe::Parameters::read(in);
    in.finish();
    Writer out;
    p.write(out);
    return out.take();
}

void repair(Bytes& data) {
    Fields f(data);
    lattice_parameters(f, 12);
    f.finish();
}

}  // namespace pyfe::fuzz
