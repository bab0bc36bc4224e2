"""A schema as YAML: the same schema comes back bit for bit, and everything else is refused with its line."""

from __future__ import annotations

import math
import random
import time
from typing import Any

import numpy as np
import pytest
import yaml

import pyfe
from pyfe import DecodeError, ParameterError, Schema, leakage
from pyfe.schema import Category, Number, Optional, noise, written
from pyfe.schema.columns import KINDS
from pyfe.wire.yaml import File, parse
from tests.unit import faults

SIGNS = ["a", "no", "true", "null", "~", "007", "1.5", "1e3", "2020-01-01", "0x10", "1_000", "12:30", ".nan", "<<", "="]
SIGNS += [
    "a: b",
    "a #b",
    " a ",
    "- a",
    "? a",
    "[a]",
    "{a}",
    "&a",
    "*a",
    "!a",
    "%a",
    "@a",
    "`a",
    "|",
    ">",
    "'",
    '"',
    "\\",
]
SIGNS += ["a\nb", "a\tb", "\x7f", "\x85", "\xa0", "\ufeff", "\u2028", "\u202e", "\ufffe", "\U0001f600", "ä", "e\u0301"]
SIGNS += [
    "a,b",
    "x" * 1024,
    "ä" * 300,
    "---",
    "...",
    "a\\x41",
    "a  b",
    "a:",
    ":a",
    "#a",
    "-",
    "\x1b[31m",
    "bit",
    "raise",
]


def every_kind() -> Schema:
    return Schema.from_ranges(
        {
            "age": (18, 100),
            "temperature": pyfe.number(34.1, 42.1, step=0.1, public=True),
            "crp": pyfe.number(0.1, 500, bits=6, transform="log", missing=1.0),
            "root": pyfe.number(0, 2, bits=3, transform="sqrt", missing="bit", public=True),
            "tiny": pyfe.number(-1e-300, 1e-300, bits=4),
            "third": pyfe.number(-1 / 3, 2 / 3, bits=20, missing=-0.0),
            "smoker": ["no", "yes"],
            "truth": bool,
            "stage": pyfe.category([3, -1, 2**63], missing=3, protected=True),
            "codes": pyfe.category(["1", "2", "true", "null", "1.5"], missing="null"),
            "ward": pyfe.category(["A", "B"], missing="bit", protected=True),
            "egfr": pyfe.thresholds([-0.5, 0.1, 30, 1e300], missing=0.1),
            "count": pyfe.thresholds([2**53, 2**60], missing="bit"),
            "one": pyfe.constant(-7),
            "noise": noise(sd=64, slots=[0, 3, 9]),
        },
        protected_forms={"gap": {"age": 1, "codes=null": -(2**31) + 1}, "b: c": {"ward is missing": 2}},
    )


def back(schema: Schema) -> str:
    """The file of a schema, once it is known to give the same schema."""
    text = schema.to_yaml()
    for given in (text, text.encode(), text.replace("\n", "\r\n"), "\ufeff" + text):
        again = Schema.from_yaml(given)
        assert again.to_bytes() == schema.to_bytes() and again.id == schema.id
    return text


def test_every_kind_comes_back() -> None:
    schema = every_kind()
    text = back(schema)
    assert {column.kind for column in schema.columns.values()} == {*KINDS, "optional"}
    assert "  age: {kind: number, lo: 18, hi: 100, bits: 8}\n" in text
    assert '  codes: {kind: category, levels: ["1", "2", "true", "null", "1.5"], missing: "null"}\n' in text
    assert "  truth: {kind: category, levels: [false, true]}\n" in text.replace('"truth"', "truth")
    assert '  "one": ' not in text and "  one: {kind: constant, value: -7}\n" in text
    assert text.isascii() and max(map(len, text.splitlines())) <= 120


def test_what_only_hands_make_comes_back() -> None:
    """A level that is called like an instruction; a missing level that is another one's equal."""
    bit = Optional(column=Category(levels=("bit", "raise")), protected=True)
    back(
        Schema(
            {"a": bit, "b": Category(levels=("bit", "x"), missing="bit"), "c": Category(levels=(0, True, 7), missing=1)}
        )
    )
    back(Schema({"a": Number(lo=math.nextafter(0.1, 1), hi=math.pi, steps=3, missing=0.3)}))


@pytest.mark.parametrize("sign", SIGNS, ids=ascii)
def test_any_name_and_any_level_comes_back(sign: str) -> None:
    levels = [sign, "other", sign[:500] + "."]
    schema = Schema.from_ranges(
        {"first": (0, 1), sign: pyfe.category(levels, missing=levels[0])},
        protected_forms={sign + " form"[:24]: {"first": 1}} if len(sign) < 900 else {},
    )
    text = back(schema)
    plain = yaml.safe_load(text)
    assert list(plain["columns"]) == ["first", sign], "other readers of YAML read the same names"
    assert plain["columns"][sign]["levels"] == levels, "and the same levels"


@pytest.mark.parametrize("length", [40, 201, 1000])
def test_a_long_form_of_long_coordinates_comes_back(length: int) -> None:
    """Coordinates are called by column and level, so that their names are longer than any other."""
    for level in ("x" * 30, "x" * 1024, "ä\x85" * 400):
        columns = {"c" * 1000: [level, "other", "third"], "b": (0, 1)}
        name = f"{'c' * 1000}={level}"
        schema = Schema.from_ranges(columns, protected_forms={"f" * length: {name: 1, "b": -2}})
        forms = yaml.safe_load(back(schema))["protected_forms"]
        assert forms == {"f" * length: {schema.coordinate_names[0]: 1, "b": -2}}, "other readers, too"


def test_random_numbers_come_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = {}
    for i in range(300):
        lo, hi = sorted(float(end) for end in rng.choice([-1, 1], 2) * 10 ** rng.uniform(-200, 200, 2))
        columns[f"wide {i}"] = Number(lo=lo, hi=hi, steps=int(2 ** rng.uniform(0, 32)) - (i % 2) or 1)
        lo, step = round(rng.normal(0, 100), i % 4), float(rng.choice([0.01, 0.25, 1 / 3, 7]))
        columns[f"step {i}"] = pyfe.number(lo, lo + step * int(rng.integers(1, 5000)), step=step)
    back(Schema(columns))


def test_a_population_comes_back() -> None:
    rng = np.random.default_rng(3)
    schema = Schema.from_ranges({"age": (0, 100), "bmi": (10, 60), "sex": ["f", "m"]}, bits=4)
    rows = {"age": rng.uniform(0, 100, 400), "bmi": rng.normal(27, 4, 400), "sex": rng.choice(["f", "m"], 400)}
    public = leakage.published(rows, schema)
    text = back(public)
    assert Schema.from_yaml(text).population is not None
    with pytest.raises(DecodeError, match=r"line \d+: .*population"):
        Schema.from_yaml(text.replace("  age: {", "  age2: {kind: constant, value: 1}\n  age: {"))
    line = next(i for i, found in enumerate(text.splitlines(), 1) if found == "population:")
    with pytest.raises(DecodeError, match=f"line {line}: "):
        Schema.from_yaml(text.replace("tenths_of_bits: ", "tenths_of_bits: 9"))


def test_sum_w_comes_back() -> None:
    schema = Schema.from_ranges({"age": (0, 100)}, sum_w=12)
    text = back(schema)
    assert text.endswith("sum_w: 12\n") and Schema.from_yaml(text).sum_w == 12
    plain = Schema.from_yaml(text.replace("sum_w: 12\n", ""))
    assert plain == schema.with_sum_w(1) == Schema.from_yaml(text.replace("12", "1")) and "sum_w" not in back(plain)


def test_many_columns_come_back() -> None:
    schema = Schema.from_ranges({f"gene {i}": (0, 1) for i in range(500)} | {"site": [f"s{i}" for i in range(300)]})
    start = time.process_time()
    back(schema)
    assert time.process_time() - start < 20


def test_a_schema_that_could_not_be_read_again_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = Schema.from_ranges({f"x{i}": (0, 1) for i in range(8)})
    parts = 5 + 8 * 10  # a name, a map and four words with their values a column
    monkeypatch.setattr(written, "MOST_PARTS", parts)
    back(schema)
    monkeypatch.setattr(written, "MOST_PARTS", parts - 1)
    with pytest.raises(ParameterError, match=rf"{parts} names and values in \d+ bytes.*to_bytes"):
        schema.to_yaml()


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pyfe.number(0, 120, step=1), "step: 1"),
        (pyfe.number(34.1, 42.1, step=0.1), "step: 0.1"),
        (pyfe.number(18, 38), "bits: 8"),
        (pyfe.number(18, 120), "bits: 8"),
        (pyfe.number(0, 2**32 - 1, bits=32), "step: 1"),
        (Number(lo=0.0, hi=100.0, steps=9), "steps: 9"),
        (Number(lo=0.0, hi=1e308, steps=2), "step: 5e+307"),
        (pyfe.number(1, 100, bits=5, transform="log"), "bits: 5, transform: log"),
        (Number(lo=1.0, hi=100.0, steps=30, transform="sqrt"), "steps: 30, transform: sqrt"),
    ],
)  # fmt: skip
def test_a_resolution_is_said_as_people_say_it(column: Any, said: str) -> None:
    assert f", {said}}}" in back(Schema({"a": column}))


def test_a_wider_range_keeps_its_step() -> None:
    text = Schema.from_ranges({"age": pyfe.number(0, 120, step=1)}).to_yaml()
    assert Schema.from_yaml(text.replace("hi: 120", "hi: 130")).hi.tolist() == [130]


def test_what_people_write() -> None:
    """Block style, comments, order of the words, numbers in any plain spelling; and the marks that say nothing."""
    text = """\
# agreed on the 3rd of May
columns:
  age:
    steps: 120
    kind: number
    hi: 1.2e2     # years
    lo: +0.0
    public: false
    transform: identity
  sex:
    kind: 'category'
    levels:
      - no
      - "yes"
version: 1
"""
    assert Schema.from_yaml(text) == Schema.from_ranges({"age": pyfe.number(0, 120, step=1), "sex": ["no", "yes"]})


TEXT = """\
version: 1
columns:
  age: {kind: number, lo: 0, hi: 120, steps: 120, public: true}
  sex:
    kind: category
    levels: [f, m]
  egfr: {kind: thresholds, cuts: [30, 60]}
  one: {kind: constant, value: 1}
  stage: {kind: category, levels: [1, 2, 3], missing: 1}
protected_forms:
  gap: {age: 1, sex=m: -2}
"""
FAULTS: dict[str, faults.Fault] = {
    "an unknown word": ("steps: 120,", "steps: 120, digits: 8,", 3, "'digits' is no word of columns.age"),
    "a word nearly": ("cuts:", "cut:", 7, "did you mean 'cuts'"),
    "a word of another kind": ("kind: category\n", "kind: category\n    lo: 1\n", 6, "'lo' is no word of columns.sex"),
    "a word above": ("protected_forms:", "forms:", 10, "'forms' is no word of the file"),
    "an unknown kind": ("kind: thresholds", "kind: threshold", 7, "did you mean 'thresholds'"),
    "an optional kind": ("kind: thresholds", "kind: optional", 7, "'optional' is no kind of column"),
    "no kind": ("kind: constant, ", "", 8, "must say 'kind'"),
    "a kind that is a list": ("kind: constant", "kind: [constant]", 8, "no kind of column"),
    "no version": ("version: 1\n", "", 1, "must say 'version'"),
    "another version": ("version: 1", "version: 2", 1, "version 2 of schema files is not known"),
    "a version in quotes": ("version: 1", 'version: "1"', 1, "version '1'"),
    "a true version": ("version: 1", "version: true", 1, "version True"),
    "no end": ("hi: 120, ", "", 3, "must say 'hi'"),
    "a column twice": ("  one:", "  age:", 8, "'age' stands twice, first on line 3"),
    "a word twice": ("hi: 120,", "hi: 120, hi: 130,", 3, "'hi' stands twice"),
    "two names of one text": ("  one:", '  "a\\u0308": {kind: constant}\n  "\\xe4":', 2, "Unicode form"),
    "NaN": ("hi: 120", "hi: .nan", 3, ".nan is no value"),
    "another NaN": ("hi: 120", "hi: NaN", 3, "NaN is no value"),
    "infinity": ("hi: 120", "hi: -.inf", 3, "-.inf is no value"),
    "a number beyond": ("hi: 120", "hi: 1e999", 3, "1e999 is beyond the doubles"),
    "nothing": ("hi: 120", "hi: null", 3, "null is no value"),
    "nothing at all": ("hi: 120", "hi:", 3, "a name or value is missing"),
    "nothing as a level": ("[f, m]", "[f, ~]", 6, "~ is no value"),
    "Python's truth": ("public: true", "public: True", 3, "True is written true"),
    "a word for truth": ("public: true", "public: yes", 3, "public and protected are True or False"),
    "a number in quotes": ("hi: 120", 'hi: "120"', 3, "'hi' is a number, not str"),
    "hexadecimal": ("hi: 120", "hi: 0x78", 3, "'hi' is a number, not str"),
    "an underscore": ("hi: 120", "hi: 1_20", 3, "'hi' is a number, not str"),
    "a decimal comma": ("hi: 120,", "hi: [1,5],", 3, "'hi' is a number, not list"),
    "a truth value as a number": ("hi: 120", "hi: true", 3, "'hi' is a number, not bool"),
    "half a step": ("steps: 120", "steps: 120.5", 3, "1 to 2\\^32 - 1 steps"),
    "no resolution": (", steps: 120", "", 3, "one of 'step', 'bits' and 'steps'"),
    "two resolutions": ("steps: 120", "steps: 120, bits: 8", 3, "one of 'step', 'bits' and 'steps'"),
    "a step that divides not": ("steps: 120", "step: 7", 3, "step 7.0 does not divide the range"),
    "no step": ("steps: 120", "step: 0", 3, "step 0.0 does not divide the range"),
    "a step of an empty range": ("hi: 120, steps: 120", "hi: 0, step: 1", 3, "finite lo < hi"),
    "too many bits": ("steps: 120", "bits: 33", 3, "bits must be an integer from 1 to 32"),
    "an empty range": ("hi: 120", "hi: 0", 3, "finite lo < hi"),
    "a transform": ("public: true", "transform: cube", 3, "transform 'cube' is not one of"),
    "a log of zero": ("public: true", "transform: log", 3, "log does not exist at the lower end"),
    "steps too fine": ("lo: 0, hi: 120", "lo: 1e16, hi: 10000000000000064", 3, "closer together than doubles"),
    "bit as a value": ("public: true", "missing: bit", 3, "missing_bit: true gives"),
    "a value and a bit": ("missing: 1", "missing: 1, missing_bit: true", 9, "only where there is no 'missing'"),
    "a bit of a constant": ("value: 1", "value: 1, missing_bit: true", 8, "columns.one"),
    "a bit that is none": ("missing: 1", "missing_bit: 1", 9, "missing_bit is true or false"),
    "a missing level": ("missing: 1", "missing: 4", 9, "not one of the levels"),
    "one level": ("[f, m]", "[f]", 6 - 2, "at least two"),
    "levels of two types": ("[1, 2, 3]", "[1, 2, x]", 9, "in quotes is a text"),
    "levels with zeros": ("[1, 2, 3]", "[01, 02, 03]", 9, "in quotes it is a text"),
    "levels with a point": ("[1, 2, 3]", "[1.5, 2, 3]", 9, "in quotes it is a text"),
    "levels that are lists": ("[f, m]", "[[f], [m]]", 4, "all text, or all integers"),
    "levels that are a text": ("[f, m]", "f, m", 4, "levels are a list"),
    "levels that are a map": ("[f, m]", "{f: 1, m: 2}", 4, "levels are a list"),
    "a level twice": ("[f, m]", "[f, f]", 4, "at least two different"),
    "cuts in disorder": ("[30, 60]", "[60, 30]", 7, "ascending"),
    "cuts that are text": ("[30, 60]", "[a, b]", 7, "a cut is a number"),
    "a cut between doubles": ("[30, 60]", "[30, 9007199254740993]", 7, "lies between the doubles"),
    "public and protected": ("public: true", "public: true, protected: true", 3, "both public and protected"),
    "a column that is a list": ("{kind: constant, value: 1}", "[constant]", 8, "must be a map"),
    "columns that are a list": ("version: 1\n", "version: 1\nmore: 1\n", 2, "'more' is no word"),
    "a form of nothing": ("age: 1, sex=m: -2", "agee: 1", 11, "'agee' is no coordinate; did you mean 'age'"),
    "a form of zeros": ("age: 1, sex=m: -2", "age: 0", 10, "not all zero"),
    "a weight with a point": ("age: 1,", "age: 1.0,", 11, "whole number"),
    "a weight too large": ("age: 1,", "age: 2147483648,", 11, "whole number"),
    "a form like a column": ("  gap:", "  age:", 10, "needs a name of its own"),
    "a population of nothing": ("protected_forms:", "population: {}\nprotected_forms:", 10, "population"),
    "no sum": ("protected_forms:", "sum_w: 0\nprotected_forms:", 10, "sum_w must be a whole number from 1"),
    "half a sum": ("protected_forms:", "sum_w: 1.5\nprotected_forms:", 10, "sum_w must be a whole number from 1"),
    "too large a sum": ("protected_forms:", "sum_w: 2147483648\nprotected_forms:", 10, "from 1 to 2147483647"),
    "an anchor": ("levels: [f, m]", "levels: &x [f, m]", 6, "anchors and aliases"),
    "an alias": ("[30, 60]", "*x", 7, "anchors and aliases"),
    "a merge": ("{kind: constant, value: 1}", "{<<: {kind: constant}}", 8, "must say 'kind'"),
    "a tag": ("hi: 120", "hi: !!float 120", 3, "tags"),
    "a tag of Python": ("hi: 120", "hi: !!python/object/apply:os.system [x]", 3, "tags"),
    "a directive": ("version: 1", "%YAML 1.1\n---\nversion: 1", 1, "directives"),
    "a second document": ("protected_forms:", "---\nprotected_forms:", 10, "a second document"),
    "deep": ("[f, m]", "[[[[[f]]]]]", 6, "more than 6 levels"),
    "a tab": ("    kind", "\tkind", 5, "not YAML"),
    "NUL": ("[f, m]", "[f\0, m]", 6, "does not print"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_where_it_is(name: str) -> None:
    faults.require_said(Schema.from_yaml, "schema file", TEXT, FAULTS[name])


@pytest.mark.parametrize(
    "data", [b"", b"# nothing\n", b"- a", b"a", b"{}", b"\xff\xfe", TEXT.encode("utf-16"), "version: 1", None, 7]
)
def test_what_is_no_schema(data: Any) -> None:
    with pytest.raises(DecodeError):
        Schema.from_yaml(data)


HUGE = {
    "bytes": "#" * (written.MOST_BYTES + 1),
    "nested": "[" * 100_000,
    "maps": "{a: " * 100_000,
    "laughs": "a: &a [x, x]\n" + "\n".join(f"{c}: &{c} [*a, *a]" for c in "bcdefghi"),
    "digits": TEXT.replace("hi: 120", "hi: " + "9" * 100_000),
    "a name": TEXT.replace("  one:", f"  {'x' * 5000}:"),
    "an explicit name": TEXT.replace("  one:", f"  ? {'x' * 5000}\n  :"),
    "names before levels": TEXT.replace(
        "  one:",
        f"  ? {'x' * 1000}\n  : {{kind: category, levels: [{', '.join(f'l{i}' for i in range(9000))}]}}\n  one:",
    ),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_hostile_file_costs_little(name: str) -> None:
    faults.require_little_cost(Schema.from_yaml, HUGE[name], seconds=5.0)


def test_too_many_parts() -> None:
    small = File("list", 100, 5)
    assert parse("[a, b, c, d]", small).value == ["a", "b", "c", "d"]
    with pytest.raises(DecodeError, match="^list, line 2: more than 5 names and values$"):
        parse("[a, b, c, d,\n e]", small)
    with pytest.raises(DecodeError, match="101 bytes, at most 100"):
        parse("#" * 101, small)


def test_any_text_is_a_schema_or_a_decode_error(seed: int) -> None:
    """Lines and words of the good file cut, doubled, exchanged; what is read comes back."""
    rng, words = (
        random.Random(seed),
        [*TEXT.replace(",", " ,").split(), "-1", "1e3", '"x"', "[", "]", "{", "}", "~", "0"],
    )
    read = 0
    for _ in range(300):
        text = list(TEXT)
        for _ in range(rng.randint(0, 2)):
            at = rng.randrange(len(text))
            text[at : at + rng.choice((0, 1, 3, 9))] = rng.choice((rng.choice(words), "", " "))
        try:
            schema = Schema.from_yaml("".join(text))
        except DecodeError:
            continue
        read += 1
        assert Schema.from_yaml(schema.to_yaml()).to_bytes() == schema.to_bytes()
    assert read > 20
