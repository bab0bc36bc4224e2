#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/counting/nearest.hpp"
#include "pyfe/counting/sample.hpp"
#include "pyfe/counting/score.hpp"

namespace {

using namespace pyfe::bindings;
using namespace pyfe::counting;
using pyfe::ErrorKind;
using pyfe::fail;

using FloatArray = py::array_t<double, py::array::c_style>;
using LevelArray = py::array_t<int16_t, py::array::c_style>;

template <class Array>
auto values_of(const Array& a, py::ssize_t dimensions, const char* name) {
    if (a.ndim() != dimensions)
        fail(ErrorKind::parameter,
             std::string(name) + ": must have " + std::to_string(dimensions) + " dimensions");
    std::vector<typename Array::value_type> out(static_cast<size_t>(a.size()));
    if (!out.empty()) std::memcpy(out.data(), a.data(), out.size() * sizeof(out[0]));
    return out;
}

template <class Array>
auto all_values(const std::vector<Array>& arrays, const char* name) {
    std::vector<std::vector<typename Array::value_type>> out;
    for (const Array& a : arrays) out.push_back(values_of(a, 1, name));
    return out;
}

FloatArray float_array(const std::vector<double>& values) {
    FloatArray out(static_cast<py::ssize_t>(values.size()));
    std::copy(values.begin(), values.end(), out.mutable_data());
    return out;
}

FloatArray float_rows(const std::vector<double>& values, py::ssize_t width) {
    FloatArray out({static_cast<py::ssize_t>(values.size()) / width, width});
    std::copy(values.begin(), values.end(), out.mutable_data());
    return out;
}

// Where classes are not asked for
std::vector<ByteArray> one_class(const std::vector<IntArray>& shares) {
    std::vector<ByteArray> out;
    for (const IntArray& share : shares) {
        out.emplace_back(share.size());
        std::fill_n(out.back().mutable_data(), share.size(), uint8_t{0});
    }
    return out;
}

std::vector<Variable> variables_of(const std::vector<IntArray>& shares,
                                   const std::vector<FloatArray>& marginals,
                                   const std::vector<ByteArray>& classes) {
    const auto share = all_values(shares, "shares");
    const auto probability = all_values(marginals, "marginals");
    const auto label = all_values(classes, "classes");
    if (share.size() != probability.size() || share.size() != label.size())
        fail(ErrorKind::parameter,
             "counting: shares, marginals and classes of different numbers of variables");
    std::vector<Variable> out(share.size());
    for (size_t i = 0; i < share.size(); ++i) {
        if (share[i].size() != probability[i].size() || share[i].size() != label[i].size())
            fail(ErrorKind::parameter,
                 "counting: variable " + std::to_string(i) + " has different numbers of levels");
        for (size_t k = 0; k < share[i].size(); ++k) {
            if (share[i][k] < 0 || static_cast<uint64_t>(share[i][k]) > most_width)
                fail(ErrorKind::out_of_range, "counting: a share is not from 0 to 2^24");
            out[i].push_back({static_cast<uint32_t>(share[i][k]), probability[i][k], label[i][k]});
        }
    }
    return out;
}

FloatArray distribution(const std::vector<IntArray>& shares, const std::vector<FloatArray>& marginals) {
    const std::vector<Variable> variables = variables_of(shares, marginals, one_class(shares));
    return float_array([&] {
        const NoGil no_gil;
        return distribution_vartime(variables);
    }());
}

FloatArray beside(const std::vector<IntArray>& shares, const std::vector<FloatArray>& marginals,
                  const std::vector<ByteArray>& classes, double certain) {
    const std::vector<Variable> variables = variables_of(shares, marginals, classes);
    const std::vector<Beside> all = [&] {
        const NoGil no_gil;
        return beside_vartime(variables, Certain(certain));
    }();
    std::vector<double> out;
    for (const Beside& one : all)
        out.insert(out.end(), {one.common, one.answer.right, one.answer.sure, one.answer.rare,
                               one.tenth.right, one.tenth.sure, one.tenth.rare});
    return float_rows(out, 7);
}

FloatArray residues(const std::vector<IntArray>& shares, const std::vector<FloatArray>& marginals,
                    long long modulus, double certain) {
    if (modulus < 2 || static_cast<uint64_t>(modulus) > most_width)
        fail(ErrorKind::out_of_range,
             "counting: the modulus " + std::to_string(modulus) + " is not from 2 to 2^24");
    const std::vector<Variable> variables = variables_of(shares, marginals, one_class(shares));
    const std::vector<Residue> all = [&] {
        const NoGil no_gil;
        return residues_vartime(variables, static_cast<uint32_t>(modulus), Certain(certain));
    }();
    std::vector<double> out;
    for (const Residue& one : all) out.insert(out.end(), {one.gain, one.sure});
    return float_rows(out, 2);
}

Sample sample(const LevelArray& levels, const std::vector<py::ssize_t>& columns,
              const std::vector<ByteArray>& classes) {
    std::vector<int16_t> values = values_of(levels, 2, "levels");
    const auto label = all_values(classes, "classes");
    if (columns.size() != label.size())
        fail(ErrorKind::parameter, "counting: as many tables of classes as columns are wanted");
    std::vector<Guessed> guessed;
    for (size_t i = 0; i < columns.size(); ++i) {
        if (columns[i] < 0)
            fail(ErrorKind::parameter, "counting: there is no column " + std::to_string(columns[i]));
        guessed.push_back({static_cast<size_t>(columns[i]), label[i]});
    }
    const auto columns_of_all = static_cast<size_t>(levels.shape(0));
    const NoGil no_gil;
    return Sample(values, columns_of_all, guessed);
}

IntArray answers(const Sample& rows, const std::vector<IntArray>& shares) {
    const auto share = all_values(shares, "shares");
    const std::vector<int64_t> found = [&] {
        const NoGil no_gil;
        return rows.answers_vartime(share);
    }();
    IntArray out(static_cast<py::ssize_t>(found.size()));
    std::copy(found.begin(), found.end(), out.mutable_data());
    return out;
}

FloatArray columns_of(const Tally& found) {
    std::vector<double> out;
    for (const Told& one : found.columns)
        out.insert(out.end(), {one.common, one.prior, one.said.right, one.said.sure, one.said.rare,
                               one.tenth.right, one.tenth.sure});
    return float_rows(out, 7);
}

py::tuple tally(const Sample& rows, const std::vector<IntArray>& answers, size_t few, double certain) {
    const auto given = all_values(answers, "answers");
    const Tally found = [&] {
        const NoGil no_gil;
        return rows.tally_vartime(given, few, Certain(certain));
    }();
    return py::make_tuple(found.thin, columns_of(found));
}

py::tuple tally_beside_tenths(const Sample& rows, const IntArray& answers, const FloatArray& cuts,
                              double known, size_t few, double certain) {
    const std::vector<int64_t> given = int_vector(answers, "answers");
    const std::vector<double> cut = values_of(cuts, 1, "cuts");
    Cuts between{{}, known};
    if (cut.size() != between.cut.size()) fail(ErrorKind::parameter, "counting: nine cuts are wanted");
    std::copy(cut.begin(), cut.end(), between.cut.begin());
    const Tally found = [&] {
        const NoGil no_gil;
        return rows.tally_vartime(given, between, few, Certain(certain));
    }();
    return py::make_tuple(found.thin, columns_of(found));
}

py::tuple as_tuple(const Matches& found) {
    return py::make_tuple(found.records, found.thin, float_array(found.certain));
}

py::tuple matches(const Sample& rows, const std::vector<std::vector<IntArray>>& scores,
                  const IntArray& targets, size_t few, double certain) {
    std::vector<Shares> shares;
    for (const auto& score : scores) shares.push_back(all_values(score, "shares"));
    const std::vector<int64_t> wanted = int_vector(targets, "targets");
    const BothMatches found = [&] {
        const NoGil no_gil;
        return rows.matches_vartime(shares, wanted, few, Certain(certain));
    }();
    return py::make_tuple(as_tuple(found.answers), as_tuple(found.tenths));
}

void require_shape(const FloatArray& a, std::vector<py::ssize_t> shape, const char* name) {
    if (a.ndim() != static_cast<py::ssize_t>(shape.size()) ||
        !std::equal(shape.begin(), shape.end(), a.shape()))
        fail(ErrorKind::parameter, std::string(name) + ": has another shape than the other arrays want");
}

// Records, where they lie, and where the searches for them begin
struct Searches {
    Search search;
    std::vector<double> centres, origins;
    size_t rows;

    std::span<const double> centre(size_t row) const {
        return std::span(centres).subspan(row * search.rank, search.rank);
    }
    std::span<const double> origin(size_t row) const {
        return std::span(origins).subspan(row * search.width, search.width);
    }
};

using Places = std::vector<std::pair<size_t, size_t>>;

Searches searches(const FloatArray& triangle, const FloatArray& basis, const FloatArray& lo,
                  const FloatArray& hi, const Places& bits, const FloatArray& centres,
                  const FloatArray& origins) {
    Searches found{{0,
                    0,
                    values_of(triangle, 2, "triangle"),
                    values_of(basis, 2, "basis"),
                    values_of(lo, 1, "lo"),
                    values_of(hi, 1, "hi"),
                    {}},
                   values_of(centres, 2, "centres"),
                   values_of(origins, 2, "origins"),
                   0};
    const auto k = basis.shape(0), d = basis.shape(1), rows = centres.shape(0);
    require_shape(triangle, {k, k}, "triangle");
    require_shape(lo, {d}, "lo");
    require_shape(hi, {d}, "hi");
    require_shape(centres, {rows, k}, "centres");
    require_shape(origins, {rows, d}, "origins");
    found.search.rank = static_cast<size_t>(k);
    found.search.width = static_cast<size_t>(d);
    found.rows = static_cast<size_t>(rows);
    for (const auto& [first, end] : bits) {
        if (first > end || end > found.search.width)
            fail(ErrorKind::parameter, "bits: lie beyond the coordinates");
        found.search.bits.push_back({first, end});
    }
    return found;
}

ByteArray as_bytes(const std::vector<uint8_t>& values) {
    ByteArray out(static_cast<py::ssize_t>(values.size()));
    std::copy(values.begin(), values.end(), out.mutable_data());
    return out;
}

ByteArray nearer(const FloatArray& triangle, const FloatArray& basis, const FloatArray& lo,
                 const FloatArray& hi, const Places& bits, const FloatArray& centres,
                 const FloatArray& origins, uint64_t most_nodes) {
    const Searches all = searches(triangle, basis, lo, hi, bits, centres, origins);
    std::vector<uint8_t> found(all.rows);
    {
        const NoGil no_gil;
        pyfe::parallel_for(all.rows, [&](size_t row) {
            found[row] = static_cast<uint8_t>(
                nearer_vartime(all.search, all.centre(row), all.origin(row), most_nodes));
        });
    }
    return as_bytes(found);
}

py::tuple likeliest(const FloatArray& triangle, const FloatArray& basis, const FloatArray& lo,
                    const FloatArray& hi, const Places& bits, const FloatArray& centres,
                    const FloatArray& origins, double bound, uint64_t most_nodes) {
    const Searches all = searches(triangle, basis, lo, hi, bits, centres, origins);
    std::vector<uint8_t> found(all.rows);
    std::vector<double> records(all.rows * all.search.width, std::nan(""));
    {
        const NoGil no_gil;
        pyfe::parallel_for(all.rows, [&](size_t row) {
            const auto record = std::span(records).subspan(row * all.search.width, all.search.width);
            found[row] = static_cast<uint8_t>(
                likeliest_vartime(all.search, all.centre(row), all.origin(row), bound, most_nodes, record));
        });
    }
    FloatArray out({all.rows, all.search.width});
    std::copy(records.begin(), records.end(), out.mutable_data());
    return py::make_tuple(as_bytes(found), out);
}

void bind_searches(py::module_& m) {
    m.def(
        "nearer", nearer, py::arg("triangle").noconvert(), py::arg("basis").noconvert(),
        py::arg("lo").noconvert(), py::arg("hi").noconvert(), py::arg("bits"), py::arg("centres").noconvert(),
        py::arg("origins").noconvert(), py::arg("most_nodes"),
        "For each row, whether a record origin + t basis (t integers, coordinates from lo to hi, of the bits "
        "from first to end at most one set) has |triangle (t - centre)| below that of t = 0: 1 where there "
        "is one, 0 where there is none, 2 where the nodes did not suffice; uint8 [rows]. triangle float64 "
        "[k, k], basis [k, d] of integers, lo and hi [d], centres [rows, k], origins [rows, d].");
    m.def(
        "likeliest", likeliest, py::arg("triangle").noconvert(), py::arg("basis").noconvert(),
        py::arg("lo").noconvert(), py::arg("hi").noconvert(), py::arg("bits"), py::arg("centres").noconvert(),
        py::arg("origins").noconvert(), py::arg("bound"), py::arg("most_nodes"),
        "(ends uint8 [rows], records float64 [rows, d]): of all records as for nearer with |triangle (t - "
        "centre)|^2 below the bound, the one with the least: 1; 0 where there is none; 2 where the nodes did "
        "not suffice, and the record is the best that was met. A record that was not found is nan.");
}

void bind_scores(py::module_& m) {
    m.def(
        "distribution", distribution, py::arg("shares").noconvert(), py::arg("marginals").noconvert(),
        "P(z), float64 [width + 1], of the sum of independent variables; shares int64 [levels], the least of "
        "a variable being 0, and marginals float64 [levels], one array a variable. OutOfRangeError for a "
        "width beyond 2^24.");
    m.def(
        "beside", beside, py::arg("shares").noconvert(), py::arg("marginals").noconvert(),
        py::arg("classes").noconvert(), py::arg("certain"),
        "What the sum says about the class (uint8 [levels], below 8) of every variable, float64 [variables, "
        "7]: share of the commonest class; of rows guessed right, made certain, and made certain of a class "
        "that is not the commonest, by the answer and by its tenth of the distribution.");
    m.def("residues", residues, py::arg("shares").noconvert(), py::arg("marginals").noconvert(),
          py::arg("modulus"), py::arg("certain"),
          "What the sum modulo a number from 2 to 2^24 says about the level of every variable, float64 "
          "[variables, 2]: gain of the best guess, and share of rows made certain.");
}

void bind_samples(py::module_& m) {
    native_class<Sample>(m, "Sample", "Rows of levels, and the classes of some of their columns.")
        .def(py::init(&sample), py::arg("levels").noconvert(), py::arg("columns"),
             py::arg("classes").noconvert(),
             "levels: int16 [all columns, rows]; classes: uint8 [levels], below 8, for each of the columns.")
        .def("__len__", &Sample::count)
        .def("answers", answers, py::arg("shares").noconvert(),
             "int64 [rows]: the sum of the shares (int64 [levels], or [0] for none) of every column.")
        .def("tally", tally, py::arg("answers").noconvert(), py::arg("few"), py::arg("certain"),
             "(thin, float64 [columns, 7]) for the joint answers of keys, int64 [rows] each. thin: share of "
             "the "
             "second half that has fewer neighbours in the first. Columns: share of the commonest class in "
             "the "
             "first half, and in the second; of rows guessed right, made certain and right, and these of a "
             "class "
             "that is not the commonest; 0, 0.")
        .def("tally_beside_tenths", tally_beside_tenths, py::arg("answers").noconvert(),
             py::arg("cuts").noconvert(), py::arg("known"), py::arg("few"), py::arg("certain"),
             "The same for the answers to one key, and at the end rows guessed right and made certain and "
             "right "
             "by the answer's tenth alone: how many of nine cuts, float64 [9], answer + known reaches.")
        .def("matches", matches, py::arg("scores").noconvert(), py::arg("targets").noconvert(),
             py::arg("few"), py::arg("certain"),
             "((records, thin, certain float64 [columns]), the same by tenths), for scores of shares as for "
             "answers. Share of the targets whose classes the others with the same answers name in full, of "
             "those that have fewer such others, and of those of whom a class is certain, and right; and "
             "where "
             "of each answer only the tenth is known that it lies in of all rows' answers.");
}

}  // namespace

void bind_counting(py::module_& module) {
    py::module_ counting =
        module.def_submodule("counting", "What scores say about the columns of a population's rows.");
    counting.attr("MOST_WIDTH") = most_width;
    bind_scores(counting);
    bind_samples(counting);
    bind_searches(counting);
}
