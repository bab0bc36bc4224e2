"""A kind of column is one class and one line: a toy kind goes through every room, and no room has a list of kinds."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import pyfe
from pyfe import leakage
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.schema import Column, Products, Schema
from pyfe.schema.cells import missing_mask
from pyfe.schema.columns import KINDS, Code
from pyfe.schema.columns.kinds import column_from_dict

IntArray = npt.NDArray[np.int64]
SIDES = ("left", "both", "right")


@dataclass(frozen=True, kw_only=True)
class Side(Column):
    """Left, both or right, as one coordinate -1, 0 or 1."""

    kind = "side"
    noun = "a side"

    @property
    def width(self) -> int:
        return 1

    @property
    def size(self) -> int:
        return 3

    @property
    def bounds(self) -> tuple[list[int], list[int]]:
        return [-1], [1]

    @property
    def cell_type(self) -> type[str]:
        return str

    @property
    def products(self) -> tuple[Products, ...]:
        return (Products.OWN,)

    def coordinate_names(self, name: str) -> list[str]:
        return [name]

    def encode(self, values: Any) -> Code:
        values = self.fill(values)
        missing = missing_mask(values)
        places = [SIDES.index(cell) if cell in SIDES else -2 for cell in values.tolist()]
        index = np.array(places, dtype=np.int64)
        x = np.where(index < 0, 0, index - 1)[:, None]
        return Code(x, {"missing": missing, "not a side": (index < 0) & ~missing}, np.zeros(len(x), dtype=np.bool_))

    def decode(self, x: IntArray) -> Any:
        return np.array(SIDES, dtype=object)[x[:, 0] + 1]

    def as_decoded(self, values: Any) -> Any:
        return values.astype(object)

    def probes(self) -> IntArray:
        return np.array([[-1], [1]])

    def codes(self) -> IntArray:
        return np.array([[-1], [0], [1]])

    def slopes(self, scores: Any) -> Any:
        return (scores[1] - scores[0])[:, None] / 2

    def extent(self, weights: Any) -> Any:
        reach = np.abs(weights[:, 0])
        return -reach, reach

    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        return 2 * rng.integers(0, 2, (count, 1)) - 1 if ends else rng.integers(-1, 2, (count, 1))

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, **self._marks()}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Side:
        return cls(**cls._marks_of(entry, number=False))

    def __str__(self) -> str:
        return "side"


@pytest.fixture
def schema(monkeypatch: pytest.MonkeyPatch) -> Schema:
    monkeypatch.setitem(KINDS, Side.kind, Side)
    return Schema.from_ranges({"side": Side(), "age": (0, 100), "weight": (40, 140)})


def table(rows: int = 60) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    sides = np.array(SIDES, dtype=object)[rng.integers(0, 3, rows)]
    return {"side": sides, "age": rng.uniform(0, 100, rows), "weight": rng.uniform(40, 140, rows)}


def score(rows: Any) -> Any:
    sides = np.array([SIDES.index(cell) - 1 for cell in rows[:, 0]])
    return 3 * sides + 0.1 * rows[:, 1].astype(float) - 0.05 * rows[:, 2].astype(float) + 1


def test_schema_bytes_and_plain_types(schema: Schema) -> None:
    again = Schema.from_bytes(schema.to_bytes())
    assert again == schema and isinstance(again.columns["side"], Side)
    assert Schema.from_dict(schema.to_dict()) == schema
    assert "side" in str(schema)
    with pytest.raises(DecodeError, match="unknown kind"):
        Schema.from_dict({**schema.to_dict(), "columns": [{"name": "a", "kind": "other", **Side()._marks()}]})


def test_encode_and_decode(schema: Schema) -> None:
    given = table()
    encoded = schema.encode(given)
    assert set(encoded.x[:, 0].tolist()) == {-1, 0, 1}
    assert schema.decode_columns(encoded)["side"].tolist() == given["side"].tolist()
    with pytest.raises(OutOfRangeError, match="not a side in row 1"):
        schema.encode({"side": ["left", "up"], "age": [1, 2], "weight": [50, 60]})


def test_absent_entries(schema: Schema) -> None:
    stated = Schema.from_ranges({"side": Side(), "age": (0, 100)}, missing={"side": "both"})
    rows = {"side": ["left", None], "age": [1, 2]}
    assert stated.encode(rows).x[:, 0].tolist() == [-1, 0]
    with_bit = Schema.from_ranges({"side": Side(), "age": (0, 100)}, missing={"side": "bit"})
    assert with_bit.encode(rows).x[:, :2].tolist() == [[-1, 0], [0, 1]]
    assert Schema.from_bytes(with_bit.to_bytes()) == with_bit
    assert column_from_dict(with_bit.columns["side"].to_dict()) == with_bit.columns["side"]
    for made, said in ((stated, "{kind: side, missing: both}"), (with_bit, "{kind: side, missing_bit: true}")):
        assert f"  side: {said}\n" in made.to_yaml() and Schema.from_yaml(made.to_yaml()) == made


def test_a_linear_model(schema: Schema) -> None:
    given = table()
    function = pyfe.from_callable(score, schema, reference=given)
    rows = schema.encode(given)
    decoded = schema.decode(rows)
    ours = function.decision_function(function.evaluate(rows))
    assert np.abs(ours - score(decoded)).max() <= function.max_error.max()
    assert function.to_bytes() and "largest error" in str(function.report(given)).lower()


def test_weights_by_name(schema: Schema) -> None:
    with pytest.raises(ParameterError, match="a side takes 1 number"):
        pyfe.compile(pyfe.Linear({"side": {"left": 1.0}}), schema)
    function = pyfe.compile(pyfe.Linear({"side": [2.0], "age": 0.5}), schema)
    assert function.kind == "linear"


def test_a_square_of_its_own_is_refused_rather_than_bounded_wrongly(schema: Schema) -> None:
    def square(rows: Any) -> Any:
        return np.array([(SIDES.index(cell) - 1) for cell in rows[:, 0]]) ** 2 + rows[:, 1].astype(float) ** 2

    with pytest.raises(UnsupportedModelError):
        pyfe.from_callable(square, schema)


def test_leakage(schema: Schema) -> None:
    (opened,) = (f for f in leakage.check_linear([[1, 1, 0]], [[0, 1, 0]], schema) if f.names == ("side",))
    assert opened.kind == "coordinate"
    (lone,) = leakage.check_linear([], [[1, 6, 9]], schema)
    assert lone.kind == "modulus" and lone.names == ("side",), "a multiple of 3, but for the side"
    total = np.log2(3 * 256 * 256)
    assert leakage.residual([], schema).total_bits == pytest.approx(total)
    assert leakage.residual_bits([[1, 0, 0]], schema) == pytest.approx(total - np.log2(3))
    assert leakage.residual_bits([[1, 0, 0]], schema, schema.encode(table(1)).x[0]) == pytest.approx(16)


def test_three_roles(schema: Schema) -> None:
    function = pyfe.from_callable(score, schema, weight_bits=8)
    authority = pyfe.KeyAuthority.create(schema, policy=pyfe.Policy.unrestricted(reason="a toy"))
    public_key = pyfe.PublicKey.from_bytes(authority.public_key.to_bytes())
    key = pyfe.FunctionKey.from_bytes(authority.issue(function, purpose="test").to_bytes(), public_key=public_key)
    rows = table(7)
    assert key.decrypt(public_key.encrypt(rows)).tolist() == function.evaluate(rows).tolist()


def test_no_room_asks_of_what_kind_a_column_is() -> None:
    """But for the files of the kinds themselves, and the registry by name."""
    kinds = {"Number", "Category", "Thresholds", "Constant", "Optional", "Column"}
    root = Path(pyfe.__file__).parent
    asking = []
    for path in sorted(root.rglob("*.py")):
        if path.is_relative_to(root / "schema" / "columns"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            named = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass", "type"):
                asking += [f"{path.relative_to(root)}:{node.lineno}"] * bool(named & kinds)
            if isinstance(node, ast.match_case) and named & kinds:
                asking.append(f"{path.relative_to(root)}: match")
    assert asking == []
