#include "pyfe/schemes/readout.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "pyfe/base/error.hpp"
#include "pyfe/codec/utf8.hpp"

namespace pyfe::schemes {
namespace {

constexpr size_t kOutputSize = 8 + 8 + 8;  // intercept, scale, largest error
constexpr uint64_t kLimit = uint64_t{1} << 62;

// -- the one spelling of a label ----------------------------------------------------------------------------

bool is_decimal(std::string_view text) {
    if (text == "0") return true;
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text.front() != '0' &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The exponent of a normal number, after the p: a sign, and no more digits than it needs
bool is_exponent(std::string_view text) {
    if (text.size() < 2 || text.size() > 5 || (text[0] != '+' && text[0] != '-')) return false;
    const std::string_view digits = text.substr(1);
    if (digits == "0") return text[0] == '+';
    if (!is_decimal(digits)) return false;
    const int value = std::stoi(std::string(digits));
    return value <= (text[0] == '+' ? 1023 : 1022);
}

// As Python's float.hex writes it: 13 digits of the fraction, a leading 0 for subnormal numbers only
bool is_hex_float(std::string_view text) {
    if (text == "nan") return true;
    if (text.starts_with('-')) text.remove_prefix(1);
    if (text == "inf" || text == "0x0.0p+0") return true;
    if (text.size() < 18 || !text.starts_with("0x") || text[3] != '.' || text[17] != 'p') return false;
    const std::string_view fraction = text.substr(4, 13), exponent = text.substr(18);
    const auto hexadecimal = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (!std::ranges::all_of(fraction, hexadecimal)) return false;
    if (text[2] == '1') return is_exponent(exponent);
    return text[2] == '0' && exponent == "-1022" && fraction.find_first_not_of('0') != std::string_view::npos;
}

bool is_canonical(const Label& label) {
    const std::string& text = label.text;
    if (text.size() > UINT16_MAX) return false;
    switch (label.type) {
        case Label::Type::boolean:
            return text == "True" || text == "False";
        case Label::Type::integer:
            return is_decimal(text);
        case Label::Type::real:
            return is_hex_float(text);
        case Label::Type::text:
            return is_utf8({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    }
    return false;
}

// -- what is wrong with a readout, or nothing --------------------------------------------------------------

std::string of_function(size_t f) { return " of function " + std::to_string(f); }

std::string fault_of_outputs(const Readout& r) {
    const size_t k = r.k();
    if (k == 0 || r.scales.size() != k || r.max_errors.size() != k)
        return "it does not have one intercept, scale and largest error a function";
    for (size_t f = 0; f < k; ++f) {
        if (!std::isfinite(r.scales[f]) || r.scales[f] <= 0)
            return "the scale" + of_function(f) + " is not positive and finite";
        if (!std::isfinite(r.max_errors[f]) || r.max_errors[f] < 0)
            return "the largest error" + of_function(f) + " is negative or not finite";
    }
    return {};
}

std::string number_of(Link link) { return std::to_string(static_cast<unsigned>(link)); }

// Which links go with one function, with several, and with any number; whether they name classes.
enum class Functions { any, one, several };
enum class Classes { optional, needed, none };

struct Rule {
    Functions functions;
    Classes classes;
};

Rule rule_of(Link link) {
    switch (link) {
        case Link::identity:
            return {Functions::any, Classes::optional};
        case Link::logit:
        case Link::cox:
        case Link::probit:
        case Link::cloglog:
            return {Functions::one, Classes::needed};
        case Link::softmax:
        case Link::ovr:
            return {Functions::several, Classes::needed};
        case Link::logit_each:  // without classes: labels that exclude nothing, each yes or no
            return {Functions::several, Classes::optional};
        case Link::share:
            return {Functions::any, Classes::needed};
        case Link::exp:
        case Link::expm1:
        case Link::exp10:
        case Link::square:
        case Link::inverse:
            break;
    }
    return {Functions::any, Classes::none};
}

std::string fault_of_link(const Readout& r) {
    const size_t k = r.k();
    if (r.link > kLastLink) return "unknown link " + number_of(r.link);
    const Rule rule = rule_of(r.link);
    if ((rule.functions == Functions::one && k != 1) || (rule.functions == Functions::several && k == 1))
        return "the link does not go with " + std::to_string(k) + " functions";
    if (rule.classes == Classes::needed && r.classes.empty()) return "the link needs classes";
    if (rule.classes == Classes::none && !r.classes.empty()) return "the link has no classes";
    const double s0 = r.baseline_survival;
    if (r.link == Link::cox ? !(s0 > 0 && s0 < 1) : s0 != 0)
        return "the baseline survival is not strictly between 0 and 1, or belongs to another link than cox";
    return {};
}

size_t labels_of(size_t k) { return k == 1 ? 2 : k; }

std::string fault_of_classes(const Readout& r) {
    const size_t k = r.k();
    if (!r.classes.empty() && r.classes.size() != labels_of(k))
        return std::to_string(k) + " functions need " + std::to_string(labels_of(k)) + " classes";
    for (size_t c = 0; c < r.classes.size(); ++c)
        if (!is_canonical(r.classes[c]))
            return "the label of class " + std::to_string(c) + " is not the spelling of a value of its type";
    return {};
}

std::string fault_of(const Readout& r) {
    std::string fault = fault_of_outputs(r);
    if (fault.empty()) fault = fault_of_link(r);
    if (fault.empty()) fault = fault_of_classes(r);
    return fault;
}

std::string misfit(const Readout& r, const std::vector<Interval>& intervals) {
    if (r.k() != intervals.size())
        return "it reads " + std::to_string(r.k()) + " functions, the key has " +
               std::to_string(intervals.size());
    uint64_t farthest = 0, largest = 0;
    for (const Interval& i : intervals) farthest = std::max({farthest, magnitude(i.lo), magnitude(i.hi)});
    for (const int64_t b : r.intercepts) largest = std::max(largest, magnitude(b));
    // Neither exceeds 2^63, so that only their sum could wrap.
    if (farthest >= kLimit || largest >= kLimit - farthest)
        return "the intercept takes the scores out of 62 bits";
    return {};
}

Label read_label(Reader& in) {
    Label label;
    label.type = Label::Type{in.u8("class type")};
    if (label.type > Label::Type::text)
        in.refuse("class type", std::to_string(static_cast<unsigned>(label.type)) + " is unknown");
    const auto text = in.bytes(in.u16("class size"), "class");
    label.text.assign(text.begin(), text.end());
    return label;
}

}  // namespace

void read_layout(Reader& in) {
    const uint8_t layout = in.u8("layout");
    if (layout != kLayoutWithReadout)
        in.refuse("layout",
                  std::to_string(layout) + " is unknown, known is " + std::to_string(kLayoutWithReadout));
}

void Readout::require_valid() const {
    const std::string fault = fault_of(*this);
    if (!fault.empty()) fail(ErrorKind::parameter, "readout: " + fault);
}

void Readout::require_fit(const std::vector<Interval>& intervals) const {
    const std::string fault = misfit(*this, intervals);
    if (!fault.empty()) fail(ErrorKind::parameter, "readout: " + fault);
}

void Readout::write(Writer& out) const {
    for (size_t f = 0; f < intercepts.size(); ++f) out.i64(intercepts[f]).f64(scales[f]).f64(max_errors[f]);
    out.u8(static_cast<uint8_t>(link));
    if (link == Link::cox) out.f64(baseline_survival);
    out.u8(classes.empty() ? 0 : 1);
    for (const Label& label : classes) {
        out.u8(static_cast<uint8_t>(label.type)).u16(static_cast<uint16_t>(label.text.size()));
        out.bytes({reinterpret_cast<const uint8_t*>(label.text.data()), label.text.size()});
    }
}

Readout Readout::read(Reader& in, const std::vector<Interval>& intervals) {
    const size_t k = intervals.size();
    in.require_items(k, kOutputSize, "readout");
    Readout r;
    for (size_t f = 0; f < k; ++f) {
        r.intercepts.push_back(in.i64("intercept"));
        r.scales.push_back(in.f64("scale"));
        r.max_errors.push_back(in.f64("largest error"));
    }
    r.link = Link{in.u8("link")};
    if (r.link > kLastLink)
        in.refuse("link", number_of(r.link) + " is unknown, known are 0 to " + number_of(kLastLink));
    if (r.link == Link::cox) r.baseline_survival = in.f64("baseline survival");
    const uint8_t named = in.u8("named");
    if (named > 1) in.refuse("named", "is neither 0 nor 1");
    if (named == 1) {
        in.require_items(labels_of(k), 3, "classes");
        for (size_t c = 0; c < labels_of(k); ++c) r.classes.push_back(read_label(in));
    }
    std::string fault = fault_of(r);
    if (fault.empty()) fault = misfit(r, intervals);
    if (!fault.empty()) in.refuse("readout", fault);
    return r;
}

}  // namespace pyfe::schemes
