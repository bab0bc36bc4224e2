"""pyfe.report: what a function keeps, costs and reveals, and what an authority would answer."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import KeyAuthority, KeyMismatchError, ParameterError, Schema, UnsupportedModelError
from pyfe.function import Function, FunctionReport
from pyfe.leakage import Column, Narrowing
from pyfe.reports.answer import columns_table
from tests.unit import objects

LABELS = ["no", "yes", "no", "yes"]


def test_it_says_all_that_the_function_says_and_the_price() -> None:
    function = objects.function()
    own, full = function.report(objects.ROWS, LABELS), pyfe.report(function, objects.ROWS, LABELS)
    assert isinstance(full, FunctionReport) and isinstance(full, pyfe.Report)
    told = own.lines()
    assert [line for line in full.lines() if line in told] == told
    more = dict(line for line in full.lines() if line not in told)
    assert more == {
        "scheme": "ipfe-ddh-ristretto255",
        "cost": "320 bytes per patient; 1 discrete logarithm(s) per patient",
        "a key reveals": f"1 integer per patient, at most {function.width_bits:.1f} bits each; rank 1 of 8",
    }
    assert not any(what in dict(told) for what in more), "a function knows no scheme and no price"


def test_the_order_of_the_table_is_that_of_before() -> None:
    lines = [what for what, _ in pyfe.report(objects.function(), objects.ROWS, LABELS).lines()]
    assert lines == [
        "function", "weights", "largest error", "result range", "inner product range", "scheme", "cost",
        "a key reveals", "rows", "values", "AUC kept",
    ]  # fmt: skip


def test_an_authority_answers_and_records_nothing() -> None:
    schema = pyfe.Schema.from_ranges({f"x{i}": (0, 255) for i in range(24)})
    authority = KeyAuthority.create(schema)
    plain = Function.from_integers(schema, np.arange(3, 27), link="logit", classes=("no", "yes"))
    function = Function.from_bytes(plain.to_bytes())
    rows = np.random.default_rng(1).integers(0, 256, (len(LABELS), 24))
    report = pyfe.report(function, rows, LABELS, authority=authority)
    assert report.answer is not None and report.answer.granted and report.answer.findings == ()
    assert report.answer.policy == authority.policy_line and report.metric == "AUC"
    words = dict(report.lines())
    assert words["a request"] == "would be granted: nothing found"
    assert words["stays unknown"].startswith(str(authority.residual(function)))
    assert authority.issued == ()


@pytest.mark.parametrize("unrestricted", [False, True])
def test_what_would_be_refused(unrestricted: bool) -> None:
    policy = pyfe.Policy.unrestricted(reason="a test") if unrestricted else None
    authority = KeyAuthority.create(objects.schema(), policy=policy)
    alone = Function.from_integers(authority.schema, [0, 0, 0, 0, 0, 0, 0, 5])
    report = pyfe.report(alone, authority=authority)
    assert report.answer is not None and report.answer.granted is unrestricted
    assert [finding.kind for finding in report.answer.findings] == [f.kind for f in authority.check(alone)] != []
    text = dict(report.lines())["a request"]
    assert text.startswith("would be granted: " if unrestricted else "would be refused: ") and "'pulse'" in text
    assert ("pyfe.schema_for" in text) is not unrestricted


def test_the_price_is_that_of_whoever_is_asked() -> None:
    authority = objects.authority(scheme="qfe-sxdh")
    key = authority.issue(objects.function(), purpose="test")
    for report in (
        pyfe.report(key),
        pyfe.report(key.function, authority=authority),
        pyfe.report(key, scheme="qfe-sxdh"),
    ):
        assert (report.scheme, report.ciphertext_bytes) == (
            "qfe-sxdh-bls12381",
            authority.public_key.info()["bytes_per_row"],
        )
    for other in ("ipfe-ddh", "qfe-ggm"):
        with pytest.raises(ParameterError, match="prices one scheme"):
            pyfe.report(key, scheme=other)
    assert pyfe.report(objects.quadratic()).scheme == "qfe-ggm-bls12381"
    with pytest.raises(UnsupportedModelError, match="serves no quadratic function; qfe-ggm or qfe-sxdh does"):
        pyfe.report(objects.quadratic(), scheme="ipfe-ddh")
    with pytest.raises(ParameterError, match="unknown scheme"):
        pyfe.report(objects.function(), scheme="ipfe-none")


def test_what_cannot_be_reported_on() -> None:
    with pytest.raises(ParameterError, match="a report is on a Function or a FunctionKey, not on a int"):
        pyfe.report(5)  # type: ignore[arg-type]
    other = KeyAuthority.create(Schema.from_ranges({f"c{i}": (0, 9) for i in range(8)}))
    with pytest.raises(KeyMismatchError, match="another schema"):
        pyfe.report(objects.function(), authority=other)


def test_plain_types() -> None:
    authority = objects.authority()
    report = pyfe.report(objects.function(), objects.ROWS, LABELS, authority=authority)
    values: dict[str, Any] = json.loads(json.dumps(report.to_dict()))
    assert values["interval"] == report.interval.tolist() and values["rank"] == 1 and values["rows"] == 4
    assert values["answer"]["granted"] is True
    assert values["answer"]["findings"] == [str(finding) for finding in authority.check(objects.function())]
    assert 0 <= values["answer"]["residual_bits"] <= values["answer"]["total_bits"]
    own = json.loads(json.dumps(objects.function().report().to_dict()))
    more = {"scheme", "ciphertext_bytes", "rank", "answer", "on_rows", "weights", "identifiers"}
    assert set(values) - set(own) == more
    assert own["metric"] is None and np.isfinite(own["max_error"])


# -- what a key says of every column --


def _cut() -> tuple[Schema, Function, dict[str, Any]]:
    rng = np.random.default_rng(3)
    rows = {f"c{i}": rng.normal(50, 10, 300) for i in range(9)}
    model = pyfe.Linear({name: 0.05 + 0.01 * i for i, name in enumerate(rows)}, link="logit", classes=["no", "yes"])
    schema, function = pyfe.prepare(model, rows, precision=8)
    return schema, function, rows


def test_a_report_says_first_that_the_blind_limits_hold() -> None:
    schema, function, rows = _cut()
    blind = pyfe.report(function, rows, authority=KeyAuthority.create(schema))
    what, text = blind.lines()[0]
    assert what == "reference" and "9 pass" in text and "blind limits" in text
    assert "With the rows of this report as one, the rules would " in text
    assert blind.answer is not None and blind.answer.referenced is not None
    few = {name: values[:99] for name, values in rows.items()}
    short = pyfe.report(function, few, authority=KeyAuthority.create(schema))
    assert short.answer is not None and short.answer.referenced is None and "With the rows" not in short.lines()[0][1]
    known = KeyAuthority.create(schema, reference=rows)
    informed = pyfe.report(function, rows, authority=known)
    assert informed.lines()[0][0] == "clipping" and informed.answer is not None and not informed.answer.blind
    granted = not any(finding.refuses for finding in blind.answer.referenced)
    assert granted is informed.answer.granted


def test_what_each_key_says_of_the_columns_alone_and_with_those_before() -> None:
    schema, function, rows = _cut()
    authority = KeyAuthority.create(schema, reference=rows, policy=pyfe.Policy.unrestricted(reason="a test"))
    first = pyfe.report(function, authority=authority)
    assert first.answer is not None and first.answer.alone is first.answer.together
    authority.issue(function, purpose="first")
    apart = function.weights.copy()
    apart[0, :2] += 1
    second = pyfe.report(Function.from_integers(schema, apart), authority=authority)
    answer = second.answer
    assert answer is not None and answer.alone is not None and answer.together is not None
    assert (answer.alone.rank, answer.together.rank, answer.issued) == (1, 2, 1)
    assert answer.together.bits > answer.alone.bits and answer.together.entropy_bits == answer.alone.entropy_bits
    own, both = ({column.name: column for column in part.columns} for part in (answer.alone, answer.together))
    assert own.keys() == both.keys() == set(schema.columns)
    for column in own.values():
        assert column.known <= column.by_tenth <= 1 and column.guessed <= 1
        assert column.excess == max(column.guessed - column.by_tenth, column.certain - column.certain_by_tenth)
    assert both["c0"].guessed > own["c0"].guessed + 0.05, "the difference of the two keys is c0 + c1"
    table = second.columns()
    assert table.count("column ") == 2 and "with the 1 key(s) issued before" in table
    words = dict(second.lines())
    assert "of c0" in words and "by this key alone" in words["of c0"] and "2 independent" in words["with keys issued"]
    plain = json.loads(json.dumps(second.to_dict()))["answer"]
    assert plain["together"]["columns"]["c0"]["guessed"] == both["c0"].guessed and plain["blind"] is False


def test_a_picture_of_the_columns(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    schema, function, _ = _cut()
    report = pyfe.report(function, authority=KeyAuthority.create(schema))
    figure = report.plot(tmp_path / "columns.png")
    assert (tmp_path / "columns.png").read_bytes().startswith(b"\x89PNG")
    (axes,) = figure.axes
    assert {text.get_text() for text in axes.get_yticklabels()} == set(schema.columns)
    with pytest.raises(ParameterError, match="authority="):
        pyfe.report(function).plot()
    quadratic = pyfe.report(objects.function(), authority=objects.authority(scheme="qfe-ggm"))
    with pytest.raises(ParameterError, match="quadratic"):
        quadratic.plot()
    assert "quadratic" in quadratic.columns()
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(ParameterError, match=r"pyfe-crypto\[demo\]"):
        report.plot()


def test_a_score_that_cannot_be_counted_is_said_so() -> None:
    schema = Schema.from_ranges({f"x{i}": (0, 2**15 - 1) for i in range(9)}, bits=15)
    function = Function.from_integers(schema, [2**14 + i for i in range(9)])
    report = pyfe.report(function, authority=KeyAuthority.create(schema))
    assert report.answer is not None and report.answer.together is not None
    assert report.answer.together.columns == () and "so fine" in dict(report.lines())["not counted"]
    with pytest.raises(ParameterError, match="nothing to draw"):
        report.plot()


def test_what_says_a_little_less_than_its_tenth_is_0_percent() -> None:
    column = Column("c", protected=False, known=0.5, by_tenth=0.7, guessed=0.696, certain_by_tenth=0.1, certain=0.09)
    table = columns_table(Narrowing((column,), rank=1, bits=2.0, entropy_bits=8.0, budget_bits=4.0, blind=False))
    assert table.endswith(" 0 %") and "-0" not in table


def test_a_model_is_asked_once_about_the_rows_of_a_report() -> None:
    """A model may be slow. Other rows, and the same function later, are asked about anew."""
    schema = Schema.from_ranges({"a": (0, 1), "b": (0, 1)}, bits=4)
    asked: list[int] = []

    def model(rows: Any) -> Any:
        asked.append(len(rows))
        return rows[:, 0] * 2 - rows[:, 1]

    function = pyfe.from_callable(model, schema)
    rows = {"a": np.linspace(0, 1, 50), "b": np.linspace(1, 0, 50)}
    asked.clear()
    report = pyfe.report(function, rows)
    assert asked == [50] and report.largest_difference is not None and report.on_rows is not None
    pyfe.report(function, {name: values[:30] for name, values in rows.items()})
    assert asked == [50, 30]
