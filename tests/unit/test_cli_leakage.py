"""``pyfe leakage``, ``suggest`` and ``schema publish``, over files that ``pyfe prepare`` made."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest

import pyfe
from pyfe import Function, KeyAuthority, Schema
from pyfe.cli import main
from pyfe.function.ranking import area_under_curve
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


LOG = {"c0": 0.8, "c1": 0.05, "c2": 0.06, "c3": 0.06, "c4": 0.07, "c5": 0.07, "c6": 0.08, "c7": 0.08, "c8": 0.09}
RANGES = pyfe.Schema.from_ranges(
    {"c0": pyfe.number(5, 100, transform="log")} | {name: (0, 100) for name in COLUMNS[1:]}
)


def test_suggest_cuts_stated_ranges(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A weight per unit of a logarithm is one on a column that has that scale, which the ranges say."""
    Path("ranges").write_bytes(RANGES.to_bytes())
    model = pyfe.Linear(LOG, intercept=-31.0, link="logit", classes=["no", "yes"])
    Path("log.json").write_text(model.to_json())
    asked = ["suggest", "log.json", "train.csv", "--outcome", "label", "-s", "s", "-o", "f"]
    found = run(capsys, *asked, "--ranges", "ranges")
    made = Schema.from_bytes(Path("s").read_bytes())
    assert str(made.columns["c0"]).startswith("number 5 to 100 in") and "log scale" in str(made.columns["c0"])
    table = {name: np.array(cells, dtype=float) for name, cells in _columns("train.csv").items() if name != "label"}
    score = np.log(table["c0"]) * LOG["c0"] + sum(table[name] * LOG[name] for name in COLUMNS[1:])
    ill = np.array(_columns("train.csv")["label"]) == "yes"
    assert found["of_model"] == pytest.approx(area_under_curve(score, ill), abs=1e-9)
    function = Function.from_bytes(Path("f").read_bytes(), schema=made)
    kept = area_under_curve(function.evaluate(table, "clip").astype(float), ill)
    assert found["suggestions"][-1]["loss"] == pytest.approx(found["of_model"] - kept, abs=1e-9)
    refused = run(capsys, *asked, "--ranges", "ranges", "--public", "c1", code=1)["error"]["message"]
    assert "has its own public" in refused
    own = run(
        capsys, "suggest", "log.json", "train.csv", "-s", "ranges", "-o", "f", "--ranges", "ranges", "--force", code=1
    )
    assert "reads or keeps" in own["error"]["message"] and Path("ranges").read_bytes() == RANGES.to_bytes()


def _columns(file: str) -> dict[str, list[str]]:
    header, *rows = (line.split(",") for line in Path(file).read_text().splitlines())
    return {name: [row[at] for row in rows] for at, name in enumerate(header)}


def test_what_suggest_says_next_gets_the_key(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command is taken word for word; of a quadratic function it has the scheme."""
    Path("network.json").write_text(
        pyfe.SquareNetwork(
            np.eye(9)[:3], np.full(3, -50.0), np.full((1, 3), 0.01), np.zeros(1), name="squares"
        ).to_json()
    )
    Path("passphrase").write_text("a long passphrase")
    for model, scheme in (("model.json", False), ("network.json", True)):
        options = ["--exclude", "label", "--exclude", "time", "--exclude", "died"]
        assert main(["suggest", model, "train.csv", "-s", f"{model}.s", "-o", f"{model}.f", *options]) == 0
        last = capsys.readouterr().out.splitlines()[-1]
        words = shlex.split(last.removeprefix("next: pyfe "))
        assert ("--scheme" in words) is scheme and words[:3] == ["keygen", "-s", f"{model}.s"]
        words = [{"AUTHORITY": f"{model}.a", "PUBLIC_KEY": f"{model}.p"}.get(word, word) for word in words]
        run(capsys, *words, "--passphrase-file", "passphrase")
        issued = ["issue", f"{model}.f", "-a", f"{model}.a", "-o", f"{model}.k", "--purpose", "test"]
        assert run(capsys, *issued, "--passphrase-file", "passphrase")["sequence"] == 1


def test_a_schema_publishes_its_population(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *LABELLED)
    made = run(capsys, "schema", "publish", "schema", "train.csv", "-o", "public-schema")
    schema = Schema.from_bytes(Path("public-schema").read_bytes())
    assert schema.population is not None and made["id"] == schema.id.hex()
    assert KeyAuthority.create(schema).reference is not None
    Path("few.csv").write_text("\n".join(Path("train.csv").read_text().splitlines()[:50]) + "\n")
    few = run(capsys, "schema", "publish", "schema", "few.csv", "-o", "x", code=1)
    assert "100 rows" in few["error"]["message"] and not Path("x").exists()
