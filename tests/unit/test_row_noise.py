"""The noise of rows: by the definition, of the right distribution, and a function of secret, raw values and slot alone.

What reaches a result is looked at through the whole path: a key's integers less those of the function in the clear.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import pyfe
from pyfe import _core
from pyfe.errors import ParameterError
from pyfe.schema import Encoded
from tests.reference import row_noise as twin

pd = pytest.importorskip("pandas")

IntArray = npt.NDArray[np.int64]
SECRET = bytes(range(32))
RANGES: dict[str, Any] = {
    "age": (0, 120),
    "crp": pyfe.number(1, 1000, bits=6, transform="log"),
    "stage": pyfe.category(["I", "II", "größe"]),
    "grade": pyfe.category([1, 2, 3]),
    "treated": bool,
    "visits": pyfe.thresholds([2.0, 5.0]),
}
MISSING = {"crp": "bit", "stage": "I"}
TABLE: dict[str, list[Any]] = {
    "age": [54, 54.0, 61.25, -0.0],
    "crp": [5.0, None, 33.5, 1.0],
    "stage": ["I", None, "größe", "II"],
    "grade": [1, 3, 2, 1],
    "treated": [True, False, True, False],
    "visits": [0, 9, 2.5, 5],
}


def schema_of(noise: Any, order: list[str] | None = None, **change: Any) -> pyfe.Schema:
    ranges = RANGES | change
    return pyfe.Schema.from_ranges({name: ranges[name] for name in order or ranges} | {"noise": noise}, missing=MISSING)


def drawn(schema: pyfe.Schema, table: Any, secret: bytes = SECRET) -> IntArray:
    """The noise that encryption puts into rows, int64 ``[batch, slots]``."""
    from pyfe.keys.owner_noise import with_noise

    encoded = schema.encode(table, on_overflow="clip")
    return with_noise(schema, encoded, encoded.x, secret)[:, schema.noise_part]


# ---------------------------------------------------------------------------------------------------------------
# By the definition


def test_it_is_what_the_definition_says() -> None:
    schema = schema_of(pyfe.noise(slots=[0, 3, 2**31 - 1]))
    expected = []
    for i in range(4):
        row = {name: cells[i] for name, cells in TABLE.items()}
        plain = {
            name: value if value is None or isinstance(value, str) else float(value) for name, value in row.items()
        }
        expected.append(twin.noise(SECRET, plain, schema.noise.ids))  # type: ignore[union-attr]
    assert drawn(schema, TABLE).tolist() == expected


VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "row_noise.json").read_text())


@pytest.mark.parametrize("case", VECTORS["cases"])
def test_vectors(case: dict[str, Any]) -> None:
    kinds = {"stage": pyfe.category(["I", "II", "größe"]), "age": (0, 120), "crp": (0, 9), "größe": (140, 210)}
    ranges = {name: kinds[name] for name in case["row"]} | {"noise": pyfe.noise(case["sd"], case["slots"])}
    schema = pyfe.Schema.from_ranges(ranges, missing={"crp": "bit"} if "crp" in ranges else None)
    table = {name: [value] for name, value in case["row"].items()}
    assert drawn(schema, table, bytes.fromhex(VECTORS["secret"])).tolist() == [case["noise"]]


@pytest.mark.parametrize("sd", [16, 1024, 2**16])
def test_other_widths(sd: int) -> None:
    rows = np.random.default_rng(sd).integers(0, 256, (3, 5), dtype=np.uint8)
    z = _core.row_noise(SECRET, b"", rows, np.array([7]), 256 * sd)
    for row, (value,) in zip(rows, z.tolist(), strict=True):
        message = twin.TAG + twin.numbers(256 * sd, 0) + row.tobytes() + twin.numbers(7)
        seed = np.frombuffer(twin.hmac.digest(SECRET, message, "sha512")[:32], np.uint8)
        assert value == _core.discrete_gaussian(256 * sd, seed[None, :]).item()


def test_many_rows_are_those_of_each_alone() -> None:
    rows = np.random.default_rng(1).integers(0, 256, (40_000, 24), dtype=np.uint8)
    slots = np.array([0, 1], dtype=np.int64)
    z = _core.row_noise(SECRET, b"c", rows, slots, 2**15)
    for i in (0, 63, 64, 32_767, 32_768, 39_999):
        assert np.array_equal(_core.row_noise(SECRET, b"c", rows[i : i + 1], slots, 2**15), z[i : i + 1])
    assert _core.row_noise(SECRET, b"c", rows[:0], slots, 2**15).shape == (0, 2)


# ---------------------------------------------------------------------------------------------------------------
# The same for the same row, and otherwise another


def test_same_row_same_noise_whatever_carries_it() -> None:
    schema = schema_of(pyfe.noise(slots=2))
    first = drawn(schema, TABLE)
    frame = pd.DataFrame(TABLE).astype({"grade": "Int8", "stage": "category"})
    assert np.array_equal(drawn(schema, frame), first)
    assert np.array_equal(drawn(schema, frame[frame.columns[::-1]].assign(other=1)), first)
    texts = {name: ["" if cell is None else str(cell) for cell in cells] for name, cells in TABLE.items()}
    texts["treated"] = ["1", "0", "1", "0"]
    assert np.array_equal(drawn(schema, texts), first)
    alone = [drawn(schema, {name: cells[i : i + 1] for name, cells in TABLE.items()})[0] for i in range(4)]
    assert np.array_equal(alone, first)


def test_the_schema_has_no_part_in_it_but_for_the_names() -> None:
    """An epoch with other ranges, steps and order, and the same slot id."""
    first = drawn(schema_of(pyfe.noise(slots=[0, 5])), TABLE)
    other = schema_of(pyfe.noise(slots=[5, 9]), list(RANGES)[::-1], age=(0, 80), crp=(0, 500), visits=(0, 10))
    assert np.array_equal(drawn(other, TABLE)[:, 0], first[:, 1])
    more = pyfe.Schema.from_ranges(RANGES | {"one": (0, 3), "noise": pyfe.noise()}, missing=MISSING)
    assert not (drawn(more, TABLE | {"one": [1, 1, 1, 1]})[:, 0] == first[:, 0]).any()


def test_another_process_draws_the_same() -> None:
    code = (
        "from tests.unit.test_row_noise import *; import pyfe._core as c; c.set_backend('portable'); "
        "c.set_num_threads(1); print(drawn(schema_of(pyfe.noise(slots=2)), TABLE).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(drawn(schema_of(pyfe.noise(slots=2)), TABLE).tolist())


def test_everything_else_draws_another() -> None:
    rng = np.random.default_rng(2)
    table = {"a": rng.uniform(0, 9, 400), "b": rng.uniform(0, 9, 400)}

    def of(secret: bytes = SECRET, sd: int = 128, slot: int = 0, names: str = "ab", **change: Any) -> IntArray:
        ranges = {name: (0, 9) for name in names} | {"noise": pyfe.noise(sd, [slot])}
        renamed = dict(zip(names, (table | change).values(), strict=True))
        return drawn(pyfe.Schema.from_ranges(ranges), renamed, secret)[:, 0]

    base = of() / 128
    moved = table["a"].copy()
    moved += 1e-12
    others = {
        "secret": of(bytes(32)) / 128,
        "slot": of(slot=1) / 128,
        "value": of(a=moved) / 128,
        "exchanged": of(a=table["b"], b=table["a"]) / 128,
        "name": of(names="ac") / 128,
        "width": of(sd=256) / 256,
    }
    for what, other in others.items():
        assert (np.abs(other - base) < 1 / 128).mean() < 0.03, what
        assert abs(np.corrcoef(base, other)[0, 1]) < 0.2, what
    assert np.array_equal(of() / 128, base)


def test_words_of_a_level_are_compared_as_the_schema_does() -> None:
    schema = pyfe.Schema.from_ranges({"a": (0, 9), "s": ["größe", "no"], "noise": pyfe.noise()})
    composed, apart = "größe", "gro\u0308ße"
    assert composed != apart
    assert np.array_equal(drawn(schema, {"a": [1], "s": [composed]}), drawn(schema, {"a": [1], "s": [apart]}))


def test_clipped_values_are_drawn_for_as_they_were() -> None:
    schema = pyfe.Schema.from_ranges({"a": (0, 9), "noise": pyfe.noise()})
    wider = pyfe.Schema.from_ranges({"a": (0, 99), "noise": pyfe.noise()})
    assert np.array_equal(drawn(schema, {"a": [9, 50, 80]}), drawn(wider, {"a": [9, 50, 80]}))


def test_parts_of_encoded_rows_keep_theirs() -> None:
    schema = schema_of(pyfe.noise())
    encoded = schema.encode(TABLE)
    assert encoded.canonical is not None and "54" not in repr(encoded) + repr(encoded.canonical)
    from pyfe.keys.owner_noise import with_noise

    whole = with_noise(schema, encoded, encoded.x, SECRET)
    part = encoded[1:3]
    assert np.array_equal(with_noise(schema, part, part.x, SECRET), whole[1:3])
    one = encoded[2]
    assert np.array_equal(with_noise(schema, one, one.x, SECRET), whole[2:3])
    assert schema.encode({name: cells[:0] for name, cells in TABLE.items()}).canonical is not None
    assert pyfe.Schema.from_ranges({"a": (0, 9)}).encode({"a": [1]}).canonical is None


# ---------------------------------------------------------------------------------------------------------------
# The distribution, through the whole path


def chi_square(z: IntArray, sd: int) -> float:
    """Standard score of chi-square against the discrete Gaussian, in cells of at least 20 draws."""
    values = np.arange(-12 * sd, 12 * sd + 1)
    weights = np.exp(-(values**2) / (2 * sd * sd))
    expected = len(z) * weights / weights.sum()
    cells = np.floor(np.cumsum(expected) / max(20.0, len(z) / 2000)).astype(np.int64)
    sums = np.bincount(cells, weights=expected)
    seen = np.bincount(cells, weights=np.bincount(z + 12 * sd, minlength=len(values)))
    keep = sums > 5
    degrees = int(keep.sum()) - 1
    statistic = float(((seen - sums)[keep] ** 2 / sums[keep]).sum())
    return (statistic - degrees) / math.sqrt(2 * degrees)


def key_noise(rows: int, seed: int) -> tuple[IntArray, pyfe.Schema]:
    """What results of a key say beyond the function."""
    schema = pyfe.Schema.from_ranges({**{f"c{i}": (0, 1) for i in range(3)}, "noise": pyfe.noise()})
    function = pyfe.compile(pyfe.Linear({f"c{i}": i + 1.0 for i in range(3)}), schema)
    authority = pyfe.KeyAuthority.create(schema, policy=pyfe.Policy.unrestricted(reason="three columns"))
    key = authority.issue(function, purpose="test")
    table = np.random.default_rng(seed).uniform(0, 1, (rows, 3))
    ciphertexts = authority.public_key.encrypt(table, owner_secret=SECRET)
    return key.decrypt(ciphertexts) - function.evaluate(table), schema


def test_the_noise_of_results_is_gaussian() -> None:
    z, _ = key_noise(3000, 5)
    assert abs(chi_square(z, 128)) < 4
    assert 120 < z.std() < 136 and abs(z.mean()) < 10


def test_the_test_of_the_distribution_can_fail() -> None:
    rng = np.random.default_rng(3)
    ideal = np.rint(rng.normal(0, 128, 10**6)).astype(np.int64)
    assert abs(chi_square(ideal, 128)) < 4
    assert chi_square(np.rint(rng.normal(0, 130, 10**6)).astype(np.int64), 128) > 4
    assert chi_square(np.rint(rng.normal(2, 128, 10**6)).astype(np.int64), 128) > 4


@pytest.mark.slow
def test_ten_million_draws() -> None:
    """Tables to noise; encryption adds it as any coordinate, which the test above looks at."""
    schema = pyfe.Schema.from_ranges({"a": (0, 1), "noise": pyfe.noise(slots=20)})
    z = drawn(schema, {"a": np.random.default_rng(4).uniform(0, 1, 500_000)})
    assert z.size == 10**7
    assert abs(chi_square(z.ravel(), 128)) < 4
    correlations = np.corrcoef(z.T) - np.eye(20)
    assert np.abs(correlations).max() < 5 / math.sqrt(500_000)


@pytest.mark.slow
def test_a_hundred_thousand_results() -> None:
    z, _ = key_noise(100_000, 6)
    assert abs(chi_square(z, 128)) < 4


# ---------------------------------------------------------------------------------------------------------------
# What is refused


def test_the_secret_is_32_bytes_and_goes_with_noise_alone() -> None:
    noisy, plain = (
        pyfe.KeyAuthority.create(pyfe.Schema.from_ranges(ranges)).public_key
        for ranges in ({"a": (0, 9), "noise": pyfe.noise()}, {"a": (0, 9)})
    )
    table = {"a": [1.0]}
    with pytest.raises(ParameterError, match="the schema has noise slots: encrypt.*32 bytes"):
        noisy.encrypt(table)
    with pytest.raises(ParameterError, match="this one has none"):
        plain.encrypt(table, owner_secret=SECRET)
    for wrong in ("x" * 32, 5, [1] * 32, np.zeros(32, np.uint8)):
        with pytest.raises(ParameterError, match="owner_secret is bytes, not"):
            noisy.encrypt(table, owner_secret=wrong)
    for size in (0, 31, 33, 64):
        with pytest.raises(ParameterError, match=f"owner_secret has 32 bytes, and this one {size}"):
            noisy.encrypt(table, owner_secret=b"\xab" * size)
    secret = _core.SecretBytes(32)
    secret.view()[:] = SECRET
    for good in (SECRET, bytearray(SECRET), memoryview(SECRET), secret):
        assert len(noisy.encrypt(table, owner_secret=good)) == 1


def test_rows_without_raw_values_have_no_noise() -> None:
    schema = pyfe.Schema.from_ranges({"a": (0, 9), "noise": pyfe.noise()})
    public_key = pyfe.KeyAuthority.create(schema).public_key
    with pytest.raises(ParameterError, match="not encoded from any"):
        public_key.encrypt(Encoded(np.zeros((1, 2), dtype=np.int64)), owner_secret=SECRET)
    assert len(public_key.encrypt(schema.encode({"a": [1, 2]}), owner_secret=SECRET)) == 2


def test_the_core_checks_what_it_is_given() -> None:
    rows, slots = np.zeros((1, 3), np.uint8), np.array([0])
    for bad in (
        {"secret": b"short"},
        {"secret": memoryview(bytes(64))[::2]},
        {"rows": np.zeros(3, np.uint8)},
        {"rows": np.zeros((3, 0), np.uint8)},
        {"slots": np.array([-1])},
        {"slots": np.array([], dtype=np.int64)},
        {"sigma_256": -1},
        {"sigma_256": 255},
    ):
        given = {"secret": SECRET, "context": b"", "rows": rows, "slots": slots, "sigma_256": 2**15} | bad
        with pytest.raises(ParameterError):
            _core.row_noise(**given)
    with pytest.raises(TypeError, match="secret: must be"):
        _core.row_noise("x" * 32, b"", rows, slots, 2**15)
