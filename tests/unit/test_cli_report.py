"""``pyfe report``, and what ``compile`` and ``prepare`` say of the policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import Function, KeyAuthority, Schema
from pyfe.cli import main
from tests.unit.report_page import Page

COLUMNS = [f"c{i}" for i in range(9)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model, 200 rows with a label, the schema that is cut for it, and the function."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    x = rng.normal(50, 10, (200, len(COLUMNS)))
    weights = {name: 0.05 + 0.01 * i for i, name in enumerate(COLUMNS)}
    score = x @ np.array(list(weights.values())) - 40
    label = np.where(rng.random(200) < 1 / (1 + np.exp(-score)), "yes", "no")
    model = pyfe.Linear(weights, intercept=-40.0, link="logit", classes=["no", "yes"], name="a risk")
    Path("model.json").write_text(model.to_json())
    lines = [",".join([*COLUMNS, "label"])]
    lines += [",".join([*map(repr, row), ill]) for row, ill in zip(x.tolist(), label, strict=True)]
    Path("train.csv").write_text("\n".join(lines) + "\n")
    schema, function = pyfe.prepare(model, dict(zip(COLUMNS, x.T, strict=True)), precision=8)
    Path("schema").write_bytes(schema.to_bytes())
    Path("function").write_bytes(function.to_bytes())
    Path("passphrase").write_text("a long passphrase")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == code, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


REPORT = ["report", "function", "train.csv", "-s", "schema"]


def test_the_page_and_what_is_printed_are_one_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, *REPORT, "--labels", "label", "--model", "model.json", "--title", "<mine>", "-o", "r.html")
    page = Page(Path("r.html").read_text(encoding="utf-8"))
    assert told["answer"]["granted"] is True and told["on_rows"]["measure"]["name"] == "AUC"
    figures = {place: value for place, value, _ in page.figures}
    assert figures["/on_rows/measure/theirs"] == repr(told["on_rows"]["measure"]["theirs"])
    assert figures["/max_error"] == repr(told["max_error"]) and "<mine>" in page.words
    assert Path("r.html").stat().st_mode & 0o077 == 0
    assert main([*REPORT, "--policy", "none", "-o", "r.html"]) == 0, "a report replaces a report"
    assert "function" in capsys.readouterr().out
    other = Page(Path("r.html").read_text(encoding="utf-8"))
    assert "No authority was asked" in other.words and "The model itself was not at hand" in other.words


def test_an_authority_is_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = Schema.from_bytes(Path("schema").read_bytes())
    rows = pyfe.io.read_table("train.csv").for_schema(schema)  # type: ignore[attr-defined]
    with KeyAuthority.create(schema, reference=rows, path="kept", passphrase="a long passphrase") as authority:
        fingerprint = authority.public_key.fingerprint
    asked = ["report", "function", "train.csv", "-a", "kept", "--passphrase-file", "passphrase", "-o", "r.html"]
    told = run(capsys, *asked)
    assert told["answer"]["issued"] == 0 and told["answer"]["blind"] is False
    assert fingerprint in told["identifiers"].values() and fingerprint in Path("r.html").read_text(encoding="utf-8")
    assert "kept/master.sealed" in run(capsys, *asked[:-1], "kept/master.sealed", "--force", code=1)["error"]["message"]


@pytest.mark.parametrize(
    "arguments,message",
    [
        (["report", "function", "train.csv", "-o", "r.html"], "--schema says"),
        ([*REPORT, "--policy", "mine", "-o", "r.html"], '"default" or "none"'),
        ([*REPORT, "--labels", "label", "--time", "c0", "--event", "c1", "-o", "r.html"], "together"),
        ([*REPORT, "--labels", "nothing", "-o", "r.html"], "no column"),
        ([*REPORT, "-o", "model.json"], "not a report"),
        ([*REPORT, "-o", "schema", "--force"], "schema"),
        (["report", "schema", "train.csv", "-s", "schema", "-o", "r.html"], "not on a Schema"),
    ],
)
def test_what_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert message in run(capsys, *arguments, code=1)["error"]["message"]
    assert not Path("r.html").exists()


def test_another_model_is_refused_or_seen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = Schema.from_bytes(Path("schema").read_bytes())
    function = Function.from_bytes(Path("function").read_bytes(), schema=schema)
    three = pyfe.Linear(
        [{name: float(i) for name in COLUMNS} for i in (1, 2, 3)], intercept=[0.0, 1.0, 2.0], link="softmax"
    )
    with pytest.raises(pyfe.ParameterError, match="another number"):
        pyfe.models.beside_model(function, three)  # type: ignore[attr-defined]
    with pytest.raises(pyfe.ParameterError, match="knows its schema"):
        pyfe.models.beside_model(Function.from_bytes(function.to_bytes()), three)  # type: ignore[attr-defined]
    Path("other.json").write_text(pyfe.Linear({name: 1.0 for name in COLUMNS}, link="logit").to_json())
    told = run(capsys, *REPORT, "--policy", "none", "--model", "other.json", "-o", "r.html")
    assert told["on_rows"]["differences"]["rounding"]["largest"] > told["on_rows"]["differences"]["bound"]


def test_compile_and_prepare_say_what_the_policy_would(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "schema", "fit", "train.csv", "--exclude", "label", "-o", "fine")
    compiled = ["compile", "model.json", "-s", "fine", "--reference", "train.csv", "-o", "f"]
    at_once = run(capsys, *compiled)
    assert "would refuse a key" in at_once["an_authority"] and "answer" not in at_once
    made = ["prepare", "model.json", "train.csv", "--exclude", "label", "-s", "s2", "-o", "f2", "--policy", "default"]
    told = run(capsys, *made)
    assert told["answer"]["granted"] is True and "an_authority" not in told
    asked = run(capsys, "compile", "model.json", "-s", "s2", "--reference", "train.csv", "-o", "f3", "--policy",
                "default", "--weight-bits", "4")  # fmt: skip
    assert isinstance(asked["answer"]["granted"], bool)
