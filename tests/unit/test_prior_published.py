"""What a schema publishes of a population: in cells of many rows, rounded; and what a rule reads from it."""

from __future__ import annotations

import copy
import itertools
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pyfe import Function, KeyAuthority, PublicKey, Schema
from pyfe.errors import DecodeError, ParameterError
from pyfe.leakage import Blind, Reference, prior_for, published
from pyfe.leakage.prior.published import population_of
from pyfe.schema import Population, Shares, number
from tests.unit.populations import mixed, mixed_schema

SEED = bytes(32)


@pytest.fixture(scope="module")
def schema() -> Schema:
    return published(mixed(3000, 5), mixed_schema())


def of(schema: Schema) -> Population:
    assert schema.population is not None
    return schema.population


def counts(rows: int, given: Population, table: Any) -> list[tuple[np.ndarray[Any, Any], tuple[int, ...]]]:
    """Rows in each published cell, counted anew, and the percent that stand there."""
    plain = mixed_schema()
    reference = Reference.of_schema(plain.with_population(given))
    assert reference is not None
    levels = reference.blocks.levels(plain.encode(table, on_overflow="clip").x)
    assert len(levels) == rows
    found = []
    for b, column in enumerate(given.columns):
        found.append((np.bincount(column.cells[levels[:, b]], minlength=len(column.shares)), column.shares))
    for (parent, child), pairs in zip(given.edges, given.tables, strict=True):
        within = [spread_of(given.columns[b], reference.classes[b]) for b in (parent, child)]
        cell = [given.columns[b].cells[levels[:, b]] for b in (parent, child)]
        joint = np.einsum("ra,rb->ab", within[0][cell[0]], within[1][cell[1]])
        found.append((np.bincount(pairs.cells.ravel(), weights=joint.ravel()), pairs.shares))
    return found


def spread_of(column: Shares, classes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """How the levels of each cell spread over classes, a row at a time."""
    rows = [np.bincount(classes[column.cells == c], minlength=classes.max() + 1) for c in range(len(column.shares))]
    return np.stack([row / row.sum() for row in rows])


@pytest.mark.parametrize("rows", [100, 168, 999, 1000, 5000])
def test_no_cell_tells_of_few_rows(rows: int) -> None:
    """At least 10 rows and 1 % in each, and as many percent as said, in steps of 1 %, or of 10 rows."""
    table = mixed(rows, rows)
    unit = max(1, math.ceil(1000 / rows))
    for held, shares in counts(rows, population_of(table, mixed_schema()), table):
        assert held.min() >= max(10, rows / 100) - 1e-9
        assert all(share % unit == 0 or share == 100 for share in shares)
        assert np.abs(held * 100 / rows - shares).max() <= unit / 2 + 1e-9


def test_what_few_rows_have_is_not_told() -> None:
    """Nine rows of a rare level, moved anywhere, change nothing that is published."""
    table = mixed(3000, 7).assign(hiv="no")
    rare = table.copy()
    rare.loc[:8, "hiv"] = "yes"
    other = table.copy()
    other.loc[100:108, "hiv"] = "yes"
    texts = [json.dumps(population_of(one, mixed_schema()).to_dict() | {"tenths_of_bits": 0}) for one in (rare, other)]
    assert texts[0] == texts[1]
    given = population_of(rare, mixed_schema())
    hiv = list(mixed(1, 1)).index("hiv")
    assert given.columns[hiv].shares == (100,)


def test_percent_is_all_there_is(schema: Schema) -> None:
    data = of(schema).to_dict()
    assert all(type(value) is int and abs(value) <= 100 for value in data["correlations"] + data["scores"])
    assert max(len(column["shares"]) for column in data["columns"]) <= 100
    assert "." not in json.dumps(data)
    assert all(0 <= value <= 510 for value in data["spreads"])


def test_it_is_near_the_reference(schema: Schema) -> None:
    fine, coarse = Reference.from_table(mixed(3000, 5), mixed_schema()), Reference.of_schema(schema)
    assert coarse is not None
    assert not coarse.blind
    assert 0 <= fine.entropy_bits - coarse.entropy_bits < 0.1 + 1e-9
    for one, other in zip(fine.marginals, coarse.marginals, strict=True):
        assert np.abs(np.cumsum(one) - np.cumsum(other)).max() < 0.06
    spread = np.sqrt(np.diag(fine.covariance).clip(1e-9))
    assert np.abs((fine.covariance - coarse.covariance) / np.outer(spread, spread)).max() < 0.15
    assert set(map(frozenset, fine.kept.edges)) & set(map(frozenset, coarse.kept.edges))
    x = coarse.blocks.rows(coarse.tree_rows(50_000, SEED))
    age, bmi = (schema.coordinate_names.index(name) for name in ("age", "bmi"))
    assert np.corrcoef(x[:, age], x[:, bmi])[0, 1] > 0.25


def test_it_is_a_prior_like_any_other(schema: Schema) -> None:
    coarse = Reference.of_schema(schema)
    assert coarse is not None
    for marginal, classes in zip(coarse.marginals, coarse.classes, strict=True):
        assert marginal.min() > 0
        assert math.isclose(marginal.sum(), 1)
        assert classes.max() < 8
    for rows in (coarse.tree_rows(100_000, SEED), coarse.copula_rows(100_000, SEED)):
        for b, marginal in enumerate(coarse.marginals):
            found = np.bincount(rows[:, b], minlength=len(marginal)) / len(rows)
            assert (np.abs(found - marginal) < 5 * np.sqrt(marginal / len(rows)) + 1e-4).all()
    assert np.linalg.eigvalsh(coarse.covariance)[0] > -1e-9
    assert np.linalg.eigvalsh(coarse.given_public())[0] > -1e-6
    again = Reference.from_bytes(coarse.to_bytes(), schema)
    assert np.array_equal(again.tree_rows(100, SEED), coarse.tree_rows(100, SEED))


def test_a_schema_with_it_is_another_schema(schema: Schema) -> None:
    plain = mixed_schema()
    assert "population" not in plain.to_dict()
    assert plain.population is None
    assert schema.id != plain.id
    assert schema.with_population(None) == plain
    assert "publishes" in str(schema)
    assert "publishes" not in str(plain)
    again = Schema.from_bytes(schema.to_bytes())
    assert again == schema
    assert again.to_bytes() == schema.to_bytes()
    assert of(again).to_dict() == of(schema).to_dict()


def test_it_travels_in_the_public_key_and_serves_the_authority(schema: Schema) -> None:
    authority = KeyAuthority.create(schema)
    assert authority.reference is not None
    assert authority.reference.entropy_bits == of(schema).tenths_of_bits / 10
    key = PublicKey.from_bytes(authority.public_key.to_bytes())
    assert key.schema.population is not None
    assert key.schema.population.to_dict() == of(schema).to_dict()
    Function.from_integers(schema, np.arange(schema.n) + 1)
    own = KeyAuthority.create(schema, reference=mixed(300, 1))
    assert own.reference is not None
    assert own.reference.entropy_bits != authority.reference.entropy_bits


def test_the_prior_of_a_schema(schema: Schema) -> None:
    assert isinstance(prior_for(mixed_schema(), None), Blind)
    coarse = Reference.of_schema(schema)
    assert coarse is not None
    assert prior_for(schema, coarse) is coarse
    assert Reference.of_schema(mixed_schema()) is None


BAD: dict[str, Callable[[dict[str, Any]], object]] = {
    "a field more": lambda d: d.update(rows=100),
    "a field less": lambda d: d.pop("scores"),
    "no columns": lambda d: d.update(columns=[]),
    "columns of nothing": lambda d: d.update(columns=None),
    "a run without a length": lambda d: d["columns"][0]["runs"].__setitem__(0, [0, 0]),
    "a run that is longer": lambda d: d["columns"][0]["runs"][0].__setitem__(0, 10**9),
    "a cell that is missing": lambda d: d["columns"][0]["runs"][0].__setitem__(1, 99),
    "a share of nothing": lambda d: d["columns"][0]["shares"].__setitem__(0, 0),
    "a share of more than all": lambda d: d["columns"][0]["shares"].__setitem__(0, 101),
    "a share that is true": lambda d: d["columns"][0]["shares"].__setitem__(0, True),
    "a share of a float": lambda d: d["columns"][0]["shares"].__setitem__(0, 5.0),
    "a share too many": lambda d: d["columns"][0]["shares"].append(1),
    "a table of nine classes": lambda d: d["tables"][0].update(cells=[[0] * 9]),
    "a table too many": lambda d: d["tables"].append(d["tables"][0]),
    "an edge to nowhere": lambda d: d["edges"][0].__setitem__(0, 8),
    "an edge of text": lambda d: d["edges"][0].__setitem__(0, "a"),
    "a correlation too many": lambda d: d["correlations"].append(0),
    "a correlation of 101": lambda d: d["correlations"].__setitem__(0, 101),
    "a score of -101": lambda d: d["scores"].__setitem__(0, -101),
    "a spread too many": lambda d: d["spreads"].append(0),
    "a spread of more than half": lambda d: d["spreads"].__setitem__(0, 511),
    "a negative spread": lambda d: d["spreads"].__setitem__(0, -1),
    "orders of other columns": lambda d: d["orders"].pop(),
    "bits as a float": lambda d: d.update(tenths_of_bits=1.0),
    "bits as text": lambda d: d.update(tenths_of_bits="1"),
    "negative bits": lambda d: d.update(tenths_of_bits=-1),
    "too many bits": lambda d: d.update(tenths_of_bits=10**6),
    "nothing": lambda d: d.clear(),
    "more bits than the classes have": lambda d: d.update(tenths_of_bits=30 * len(d["columns"])),
    "shares of next to nothing": lambda d: [c.update(shares=[1] * len(c["shares"])) for c in d["columns"]],
    "shares of several populations": lambda d: d["columns"][0].update(shares=[100] * len(d["columns"][0]["shares"])),
    "a table of little": lambda d: d["tables"][0].update(shares=[1] * len(d["tables"][0]["shares"])),
    "an edge twice": lambda d: d["edges"].__setitem__(1, d["edges"][0]),
    "an edge to itself": lambda d: d["edges"].__setitem__(0, [0, 0]),
    "edges in a circle": lambda d: d.update(edges=[*d["edges"][:-1], d["edges"][0][::-1]]),
    "edges out of order": lambda d: d.update(edges=d["edges"][::-1]),
    "an order with a level twice": lambda d: d["orders"].__setitem__(4, [0] * 12),
    "an order of other levels": lambda d: d["orders"].__setitem__(4, list(range(1, 13))),
}


@pytest.mark.parametrize("what", BAD)
def test_nothing_else_is_read(what: str, schema: Schema) -> None:
    data = copy.deepcopy(schema.to_dict())
    BAD[what](data["population"])
    with pytest.raises(DecodeError):
        Schema.from_dict(data)
    with pytest.raises(DecodeError):
        Schema.from_dict(schema.to_dict() | {"population": None})


def test_figures_that_do_not_belong_together_are_no_reference(schema: Schema) -> None:
    data = copy.deepcopy(of(schema).to_dict())
    data["tables"][0].update(cells=[[0] * 2], shares=[100])
    wrong = mixed_schema().with_population(Population.from_dict(data))
    with pytest.raises(ParameterError, match="other classes"):
        Reference.of_schema(wrong)


@pytest.mark.parametrize("rows", [100, 101, 137, 250, 333, 999])
def test_shares_sum_to_all_rows_but_for_rounding(rows: int) -> None:
    """Whatever is published can be read again, on columns of one step too, whose raw values have more classes."""
    plain = mixed_schema()
    numbers = {name: 1 for name, column in plain.columns.items() if str(column).startswith("number")}
    for schema in (plain, plain.with_steps(numbers)):
        made = published(mixed(rows, rows), schema)
        assert Schema.from_bytes(made.to_bytes()) == made
    levels = sum(math.log2(min(8, column.size)) for column in made.columns.values() if column.private)
    assert of(made).tenths_of_bits > 10 * levels


@pytest.mark.parametrize("wrong", [None, 7, "x", {}])
def test_what_a_reference_is_not_read_from(wrong: Any, schema: Schema) -> None:
    with pytest.raises(ParameterError, match=r"pyfe\.Schema"):
        Reference.of_schema(wrong)
    with pytest.raises(ParameterError, match="from bytes"):
        Reference.from_bytes(wrong, schema)


def test_wide_schemas_publish_nothing() -> None:
    wide = Schema({f"x{i}": number(0, 1, step=1) for i in range(1025)})
    with pytest.raises(ParameterError, match="1024 coordinates"):
        published({f"x{i}": np.arange(100.0) % 2 for i in range(1025)}, wide)


def test_a_population_is_nothing_else() -> None:
    for wrong in (7, {"columns": []}, mixed_schema()):
        with pytest.raises(ParameterError, match="published"):
            mixed_schema().with_population(wrong)  # type: ignore[arg-type]
        with pytest.raises(ParameterError, match="Schema"):
            Blind(7)  # type: ignore[arg-type]


def test_rows_that_are_all_alike() -> None:
    table = {"a": np.zeros(200), "b": np.arange(200.0) % 4}
    schema = published(table, Schema({"a": number(0, 3, step=1), "b": number(0, 3, step=1)}))
    reference = Reference.of_schema(schema)
    assert reference is not None
    assert of(schema).columns[0].shares == (100,)
    assert set(itertools.chain(*of(schema).to_dict()["edges"])) == set()
    assert np.isfinite(reference.covariance).all()
