"""pyfe.suggest: what could be asked for instead, in its order, with what it loses and what the rules say."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import KeyAuthority, ParameterError
from pyfe.function import Function
from pyfe.models.preparing import Preparation
from pyfe.reports import Suggestion, suggesting


def rows_of(columns: int, count: int = 400, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {f"c{i}": rng.normal(50, 10, count) for i in range(columns)}


def linear(rows: dict[str, Any], **more: Any) -> pyfe.Linear:
    weights = {name: 0.05 + 0.01 * i for i, name in enumerate(rows)}
    return pyfe.Linear(weights, intercept=-20.0, link="logit", **more)


def test_it_stops_at_the_first_that_is_granted() -> None:
    rows = rows_of(9)
    found = pyfe.suggest(linear(rows), rows)
    assert [one.step for one in found] == ["grid sd / 8"] and found.granted is found.tried[0]
    first = found.tried[0]
    assert first.schema is not None and first.function is not None and first.loss is not None and abs(first.loss) < 0.01
    prepared = pyfe.prepare(linear(rows), rows, precision=8)
    assert first.schema.id == prepared[0].id and first.function.id == prepared[1].id
    authority = KeyAuthority.create(first.schema, reference=rows)
    assert authority.issue(first.function, purpose="test").function == first.function
    text = str(found)
    assert text.splitlines()[0].startswith("the model: AUC") and "granted" in text and f"{first.loss:+.4f}" in text
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["suggestions"][0]["function"] == first.function.id.hex() and plain["measure"] == "AUC"


def test_all_steps_in_their_order() -> None:
    """Two columns: no key that says anything is granted, so everything is listed."""
    rows = rows_of(2)
    authority = KeyAuthority.create(pyfe.Schema.fit(rows), policy=pyfe.Policy.unrestricted(reason="test"))
    authority.issue(pyfe.compile(linear(rows), authority.schema, reference=rows), purpose="test")
    found = pyfe.suggest(linear(rows), rows, authority=authority, everything=True)
    steps = [one.step for one in found]
    grids = [f"grid sd / {precision}" for precision in suggesting.GRIDS]
    assert steps[: len(grids) + 1] == ["as it is", *grids] and steps[-4:] == [
        "noise",
        "keys that are there",
        "new authority",
        "totals",
    ]
    by_step = {one.step: one for one in found}
    assert all(by_step[grid].granted is False and by_step[grid].says for grid in grids)
    assert by_step["noise"].granted is False and by_step["totals"].granted is None
    anew = by_step["keys that are there"]
    assert anew.granted is True and anew.function is None and anew.loss is not None and abs(anew.loss) < 0.01
    assert by_step["new authority"].granted is False
    assert found.granted is not None and found.granted.step == "as it is", "the same key says nothing new"


def test_a_remainder_is_taken_away_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function whose answer modulo 2 is a protected column, in the place of what a grid makes."""
    rows = rows_of(12) | {"flag": np.random.default_rng(5).choice(["no", "yes"], 400)}
    schema = pyfe.Schema.fit(rows, bits=3, protected=["flag"])
    weights = np.array([2] * 12 + [1])
    made = Function.from_integers(schema, weights, scale=0.1, link="logit", classes=("no", "yes"))
    monkeypatch.setattr(suggesting, "GRIDS", (8,))
    monkeypatch.setattr("pyfe.models.preparing.Preparation.near", lambda self, precision: iter([(schema, made)]))
    found = pyfe.suggest(linear(rows_of(12)), rows, everything=True, schema=schema)
    grid, changed = found.tried[:2]
    assert grid.granted is False and "remainder" in grid.says
    assert changed.step == "sd / 8, a weight by 1" and changed.function is not None
    assert np.abs(changed.function.weights - weights).sum() == 1
    assert changed.function.max_error[0] > made.max_error[0] and "remainder" not in changed.says
    lo, hi = schema.lo, schema.hi
    assert changed.function.interval.tolist() == changed.function.map.interval(lo, hi).tolist()
    prepared = Preparation.of(linear(rows_of(12)), rows, None, schema, {})
    assert changed.loss == prepared.loss(changed.function) != grid.loss


def test_a_changed_function_says_its_own_loss() -> None:
    rows = rows_of(9)
    prepared = Preparation.of(linear(rows), rows, None, None, {})
    schema, function = prepared.function(8)
    changed = prepared.said_anew(suggesting._changed(function, schema, 0, 0, 3))
    before, after = dict(function.remarks), dict(changed.remarks)
    kept = prepared.measure.of_model - prepared.loss(changed)
    assert f"-> {kept:.4f} " in after["loss"] and after["loss"] != before["loss"]
    results = len(np.unique(changed.evaluate(rows, "clip")))
    assert after["step of the score"] == f"sd / 8; {results} different results on these rows"
    assert {name for name in before if before[name] != after[name]} == {"loss", "step of the score"}


def test_what_loses_more_than_the_aim_is_said() -> None:
    one = Suggestion("grid sd / 8", "a grid", loss=0.0408, granted=True)
    found = pyfe.reports.Suggestions((one,), "AUC", 0.97, 0.002)
    last = str(found).splitlines()[-1]
    assert last == found.beyond_the_aim and last.startswith("what is granted loses 0.0408 of AUC, and at most 0.002")
    assert found.to_dict()["aim"] == 0.002
    for loss, granted in ((0.002, True), (-0.1, True), (None, True), (0.5, False)):
        kept = pyfe.reports.Suggestions((replace(one, loss=loss, granted=granted),), "AUC", 0.97, 0.002)
        assert kept.beyond_the_aim is None and len(str(kept).splitlines()) == 3
    rows = rows_of(9)
    assert pyfe.suggest(linear(rows), rows).aim == Preparation.of(linear(rows), rows, None, None, {}).measure.most


def test_a_suggestion_names_its_scheme() -> None:
    rows = rows_of(9)
    affine = pyfe.suggest(linear(rows), rows).tried[0]
    assert affine.scheme == affine.to_dict()["scheme"] == "ipfe-ddh"
    squares = pyfe.SquareNetwork(np.eye(9)[:3], np.full(3, -50.0), np.full((1, 3), 0.01), np.zeros(1))
    function = pyfe.compile(squares, pyfe.Schema.fit(rows))
    assert Suggestion("a", "b", function=function).scheme == "qfe-ggm" and Suggestion("a", "b").scheme is None


def test_every_grid_near_a_precision_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is refused, another one near it granted: that one is the suggestion."""
    rows, refused = rows_of(9), pyfe.leakage.Finding("certain", ("c1",), rule="5t")
    answers = iter([[refused], [refused]])
    monkeypatch.setattr(KeyAuthority, "check", lambda self, function: next(answers, []))
    granted = pyfe.suggest(linear(rows), rows).granted
    assert granted is not None and granted.step == "grid sd / 8" and granted.function is not None
    near = list(Preparation.of(linear(rows), rows, None, None, {}).near(8))
    assert len({function.id for _, function in near}) == len(near) >= 3
    assert granted.function.id == near[2][1].id


def test_noise_where_the_rules_grant_no_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grid too fine to count is refused; behind noise the finest columns do."""
    monkeypatch.setattr(suggesting, "GRIDS", (2**13,))
    rows = rows_of(9)
    found = pyfe.suggest(linear(rows), rows)
    fine, noisy = found.tried
    assert fine.granted is False and noisy.step == "noise" and noisy.granted and noisy.loss is not None
    assert noisy.function is not None and noisy.schema is not None and noisy.loss > 0
    assert noisy.function.slots == (0,) and not noisy.function.exact and noisy.schema.noise is not None
    schema, function = pyfe.prepare(linear(rows), rows, noise=pyfe.noise())
    assert (noisy.schema.id, noisy.function.id) == (schema.id, function.id)
    authority = KeyAuthority.create(noisy.schema, reference=rows)
    assert authority.issue(noisy.function, purpose="test").exact is False
    given = pyfe.suggest(linear(rows), rows, schema=noisy.schema, everything=True)
    assert [one.step for one in given] == ["noise", "totals"] and given.tried[0].granted


def test_noise_is_read_anew_with_noise() -> None:
    rows = rows_of(9)
    schema, function = pyfe.prepare(linear(rows), rows, noise=pyfe.noise())
    authority = KeyAuthority.create(schema, reference=rows)
    authority.issue(function, purpose="test")
    found = {one.step: one for one in pyfe.suggest(linear(rows), rows, authority=authority, everything=True)}
    lost = found["keys that are there"].loss
    assert lost is not None and lost > 1e-5, "the noise of the key's results is in them"


def test_one_class_against_the_rest() -> None:
    rng = np.random.default_rng(2)
    rows = rows_of(9)
    weights = [{name: float(v) for name, v in zip(rows, rng.normal(0, 0.05, 9), strict=True)} for _ in range(3)]
    model = pyfe.Linear(weights, link="softmax", classes=["a", "b", "c"])
    table = np.stack(list(rows.values()), axis=1)
    scores = table @ np.array([[w[name] for name in rows] for w in weights]).T
    outcome = np.array(["a", "b", "c"])[(scores - scores.mean(axis=0)).argmax(axis=1)]
    found = pyfe.suggest(model, rows, outcome, everything=True)
    single = [one for one in found if one.step == "one score"]
    assert len(single) == 3 and all("3, which count as 2 keys" in one.what for one in single)
    for one, label in zip(single, "abc", strict=True):
        assert one.function is not None and one.function.k == 1 and repr(label) in one.what
        values = one.function.evaluate(rows, "clip")
        from pyfe.function.ranking import area_under_curve

        area = area_under_curve(values.astype(float), outcome == label)
        assert one.loss is not None and area > 0.85
    without = pyfe.suggest(model, rows, everything=True)
    assert [one.step for one in without] == [one.step for one in found]


def test_what_it_refuses() -> None:
    rows = rows_of(3)
    with pytest.raises(ParameterError, match="has its own"):
        pyfe.suggest(linear(rows), rows, schema=pyfe.Schema.fit(rows), public=["c0"])
    assert not list(pyfe.reports.Suggestions((), "AUC", 0.5, 0.002))
    assert Suggestion("a", "b").to_dict()["function"] is None


@pytest.mark.parametrize("depth", [1, 2])
def test_trees_are_brought_to_a_key_by_fewer_bits(depth: int) -> None:
    """Their thresholds are what they are: no grid, and the leaves in fewer bits."""
    ensemble = pytest.importorskip("sklearn.ensemble")
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(3)
    X = pd.DataFrame({f"c{i}": rng.normal(50, 10, 400).round() for i in range(6)})
    y = rng.random(400) < 1 / (1 + np.exp(-(X.to_numpy() - 50).sum(axis=1) / 12))
    model = ensemble.GradientBoostingClassifier(n_estimators=16, max_depth=depth, random_state=0).fit(X, y)
    schema = pyfe.schema_for_trees(model, protected=["c1"] if depth == 1 else [])
    scheme = "ipfe-ddh" if depth == 1 else "qfe-ggm"
    authority = KeyAuthority.create(schema, scheme=scheme, reference=X)
    assert any(finding.refuses for finding in authority.check(pyfe.compile(model, schema, reference=X)))
    found = pyfe.suggest(model, X, y, authority=authority)
    assert found.tried[0].step == "as it is" and found.tried[0].granted is False
    assert all(one.step.startswith("weights of ") for one in found.tried[1:]) and len(found) > 2
    assert "public" not in str(found), "there are no public columns"
    granted = found.granted
    assert granted is not None and granted.schema is not None and granted.function is not None
    assert granted.schema.id == schema.id, "the marks of the authority's schema hold"
    assert granted.loss is not None and abs(granted.loss) < 0.05
    assert KeyAuthority.create(granted.schema, scheme=scheme, reference=X).issue(granted.function, purpose="test")
    for option in ({"bits": 4}, {"schema": schema, "public": ["c1"]}):
        with pytest.raises(ParameterError, match="has its own public|without bits"):
            pyfe.suggest(model, X, y, **option)


def test_what_an_authority_says_of_columns_holds_for_what_is_suggested() -> None:
    rows: dict[str, Any] = rows_of(9) | {"ward": np.array(["east", "west"] * 200)}
    rows["c0"][::7] = np.nan
    weights = {name: 0.05 for name in rows if name != "ward"} | {"ward": {"east": 0.2}}
    model = pyfe.Linear(weights, intercept=-20.0, link="logit")
    options: dict[str, Any] = {"missing": {"c0": 50.0}, "public": ["c1"], "protected": ["ward"]}
    schema, _ = pyfe.prepare(model, rows, **options, levels={"ward": ["east", "north", "west"]})
    authority = KeyAuthority.create(schema, reference=rows)
    found = pyfe.suggest(model, rows, authority=authority)
    cut = next(one.schema for one in found if one.step == "grid sd / 8")
    assert cut is not None and cut.columns["c0"].missing == 50.0 and cut.columns["c1"].public
    assert cut.columns["ward"].protected and cut.columns["ward"].levels == ("east", "north", "west")
    with pytest.raises(pyfe.OutOfRangeError, match="missing"):
        pyfe.suggest(model, rows, authority=authority, missing={})


def test_a_refusal_is_said_with_its_rule() -> None:
    rows = rows_of(2)
    assert all(one.says.startswith("rule ") for one in pyfe.suggest(linear(rows), rows) if one.step.startswith("grid"))


def test_granted_is_what_three_authorities_grant(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(9)
    answers = iter([[], [], [pyfe.leakage.Finding("certain", ("c1",), rule="5t")]])
    near = Preparation.near
    monkeypatch.setattr(Preparation, "near", lambda self, precision: islice(near(self, precision), 1))
    monkeypatch.setattr(KeyAuthority, "check", lambda self, function: next(answers, []))
    found = pyfe.suggest(linear(rows), rows)
    close, granted = found.tried
    assert close.granted is False and close.says.startswith("rule 5t: ") and "Close: another authority" in close.says
    assert granted.granted is True
