"""``pyfe leakage``, ``suggest`` and ``schema publish``, over files that ``pyfe prepare`` made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pyfe
from pyfe import Function, KeyAuthority, Schema
from pyfe.cli import main
from tests.unit.commands import run

COLUMNS = [f"c{i}" for i in range(9)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model, 300 training rows with a label, and times and events."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    x = rng.normal(50, 10, (300, len(COLUMNS)))
    weights = {name: 0.05 + 0.01 * i for i, name in enumerate(COLUMNS)}
    score = x @ np.array(list(weights.values())) - 40
    label = np.where(rng.random(300) < 1 / (1 + np.exp(-score)), "yes", "no")
    time, died = rng.exponential(np.exp(-score / 10)), rng.integers(0, 2, 300)
    model = pyfe.Linear(weights, intercept=-40.0, link="logit", classes=["no", "yes"], name="a risk")
    Path("model.json").write_text(model.to_json())
    lines = [",".join([*COLUMNS, "label", "time", "died"])]
    cells = zip(x.tolist(), label, time.tolist(), died, strict=True)
    lines += [",".join([*map(repr, row), is_ill, repr(until), str(event)]) for row, is_ill, until, event in cells]
    Path("train.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


PREPARE = ["prepare", "model.json", "train.csv", "-s", "schema", "-o", "function", "--precision", "8"]
LABELLED = [*PREPARE, "--outcome", "label", "--exclude", "time", "--exclude", "died"]


def test_leakage_of_functions_in_their_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *LABELLED)
    schema = Schema.from_bytes(Path("schema").read_bytes())
    other = Function.from_integers(schema, np.arange(1, 10), name="another")
    Path("other").write_bytes(other.to_bytes())
    blind = run(capsys, "leakage", "function", "-s", "schema")["functions"]["function"]
    assert blind["blind"] is True and set(blind["alone"]["columns"]) == set(COLUMNS)
    known = run(capsys, "leakage", "function", "other", "-s", "schema", "--data", "train.csv")["functions"]
    first, second = known["function"], known["other"]
    assert first["blind"] is False and (first["issued"], second["issued"]) == (0, 1)
    assert (first["together"]["rank"], second["together"]["rank"], second["alone"]["rank"]) == (1, 2, 1)
    reference = pyfe.leakage.Reference.from_table(pyfe.io.read_table("train.csv").for_schema(schema), schema)  # type: ignore[attr-defined]
    wanted = pyfe.leakage.check_linear([], Function.from_bytes(Path("function").read_bytes()).weights, schema,
                                       prior=reference)  # fmt: skip
    assert first["findings"] == [str(finding) for finding in wanted]
    assert main(["leakage", "function", "-s", "schema"]) == 0
    text = capsys.readouterr().out
    assert "blind limits" in text and "guessed: without" in text and "c8" in text


def test_leakage_takes_keys_and_attacks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *LABELLED)
    schema = Schema.from_bytes(Path("schema").read_bytes())
    authority = KeyAuthority.create(schema, policy=pyfe.Policy.unrestricted(reason="a test"))
    function = Function.from_bytes(Path("function").read_bytes())
    Path("key").write_bytes(authority.issue(function, purpose="test").to_bytes())
    attacked = run(capsys, "leakage", "key", "-s", "schema", "--data", "train.csv", "--attack")["attack"]
    assert attacked["attack"] == "one score" and attacked["rows"] == 150
    assert (
        0 <= attacked["records_opened"] <= 0.1
        and attacked["classes_right"] >= attacked["classes_right_by_tenths"] - 0.1
    )
    assert "needs the rows" in run(capsys, "leakage", "key", "-s", "schema", "--attack", code=1)["error"]["message"]
    wrong = run(capsys, "leakage", "schema", "-s", "schema", code=1)["error"]["message"]
    assert "functions and keys, not of a Schema" in wrong
    other = Schema.from_ranges({name: (0, 9) for name in COLUMNS})
    Path("other").write_bytes(other.to_bytes())
    assert "another schema" in run(capsys, "leakage", "function", "-s", "other", code=1)["error"]["message"]


def test_suggest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--outcome", "label", "--exclude", "time", "--exclude", "died"]
    found = run(capsys, "suggest", "model.json", "train.csv", *options)
    assert found["measure"] == "AUC" and found["suggestions"][0]["step"] == "grid sd / 8"
    assert main(["suggest", "model.json", "train.csv", *options]) == 0
    assert "AUC lost" in capsys.readouterr().out


def test_a_schema_publishes_its_population(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *LABELLED)
    made = run(capsys, "schema", "publish", "schema", "train.csv", "-o", "public-schema")
    schema = Schema.from_bytes(Path("public-schema").read_bytes())
    assert schema.population is not None and made["id"] == schema.id.hex()
    assert KeyAuthority.create(schema).reference is not None
    Path("few.csv").write_text("\n".join(Path("train.csv").read_text().splitlines()[:50]) + "\n")
    few = run(capsys, "schema", "publish", "schema", "few.csv", "-o", "x", code=1)
    assert "100 rows" in few["error"]["message"] and not Path("x").exists()
