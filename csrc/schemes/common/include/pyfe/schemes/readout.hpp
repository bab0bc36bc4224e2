// How the integers that a key opens are read; what a service needs to tell the model's own output. Of the
// value u_f of function f, which lies in the key's interval_f:
//
//   score s_f = u_f + intercept_f;   decision value d_f = scale_f s_f;   prediction link(d_1 .. d_k)
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pyfe/schemes/common.hpp"

namespace pyfe::schemes {

// From decision values to what the model says: d itself; 1 / (1 + exp(-d)); softmax; logit a class,
// normalised; 1 - S0^exp(d); logit a label, not normalised; exp(d); exp(d) - 1; 10^d; d^2; 1 / d; the normal
// distribution function; 1 - exp(-exp(d)); the probability itself, (1 + d) / 2 of one function. The numbers
// stand in keys: a new link is appended, here and to LINKS in pyfe/function/link.py.
enum class Link : uint8_t {
    identity = 0,
    logit = 1,
    softmax = 2,
    ovr = 3,
    cox = 4,
    logit_each = 5,
    exp = 6,
    expm1 = 7,
    exp10 = 8,
    square = 9,
    inverse = 10,
    probit = 11,
    cloglog = 12,
    share = 13
};
constexpr Link kLastLink = Link::share;

// The name of a class. Its text is the one spelling of a value of its type: True or False, decimal digits, a
// hexadecimal float as C99 and Python write it (0x1.8000000000000p+0), or any text in UTF-8.
struct Label {
    enum class Type : uint8_t { boolean = 0, integer = 1, real = 2, text = 3 };

    Type type = Type::text;
    std::string text;

    bool operator==(const Label&) const = default;
};

struct Readout {
    std::vector<int64_t> intercepts;  // [k]
    std::vector<double> scales;       // [k], positive
    std::vector<double> max_errors;   // [k], of the decision values; not negative
    Link link = Link::identity;
    std::vector<Label> classes;    // as many as there are probabilities (k, or 2 of one function), or none
    double baseline_survival = 0;  // S0 of the link cox, else 0

    size_t k() const { return intercepts.size(); }
    // Error(parameter) unless it is sound
    void require_valid() const;
    // Error(parameter) unless there are as many intervals, and scores stay below 2^62
    void require_fit(const std::vector<Interval>& intervals) const;

    // (i64 intercept | f64 scale | f64 max_error) x k | u8 link | f64 S0, of cox | u8 named
    // | (u8 type | u16 size | text) x classes, if named
    void write(Writer& out) const;
    // Error(decode) unless it is sound and fits the intervals; nothing is allocated for what is not there
    static Readout read(Reader& in, const std::vector<Interval>& intervals);

    bool operator==(const Readout&) const = default;
};

// Payloads of function keys come in two layouts. In the first, that of 0.1.0 and of the schemes' verbs, there
// is no readout: whoever uses the key knows it, or has it in the metadata. It has no number; the dimension k
// at its place is never 0. Where a 0 stands there, the number of the layout follows: in the second, a readout
// stands after the intervals.
constexpr uint8_t kLayoutWithReadout = 2;
// Error(decode) for another number
void read_layout(Reader& in);

// The same key, which says how its results are read. Error(parameter) where that does not fit it.
template <class FunctionKey>
FunctionKey with_readout(const FunctionKey& key, Readout readout) {
    readout.require_valid();
    readout.require_fit(key.intervals);
    FunctionKey out = key;
    out.readout = std::move(readout);
    return out;
}

}  // namespace pyfe::schemes
