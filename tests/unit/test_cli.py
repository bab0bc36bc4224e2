"""The commands, over files: the whole story, its JSON, and one clear line for everything that goes wrong."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.main import get_command

import pyfe
from pyfe import CiphertextBatch, FunctionKey, KeyAuthority, PublicKey, Schema
from pyfe.cli import console, main
from pyfe.cli.commands import app
from pyfe.forms import MatrixForms
from pyfe.wire import sealing
from tests.unit.objects import PASSPHRASE

COLUMNS = [f"c{i}" for i in range(8)]


class Story:
    """A folder, and commands run in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capsys = capsys

    def run(self, *arguments: str, code: int = 0) -> Any:
        """The JSON that a command prints; its exit code must be the one given."""
        self.capsys.readouterr()
        assert main([*arguments, "--json"]) == code, self.capsys.readouterr().err
        out, self.err = self.capsys.readouterr()
        return json.loads(out)

    def fails(self, *arguments: str, code: int = 1) -> tuple[str, str]:
        """Kind and message of a failure; one line on stderr says the same."""
        error = self.run(*arguments, code=code)["error"]
        assert self.err == f"pyfe: {error['kind']}: {error['message']}\n"
        return error["kind"], error["message"]

    def model(self, name: str, **change: float) -> str:
        weights = {column: 0.01 * (i + 1) * (-1) ** i for i, column in enumerate(COLUMNS)} | change
        linear = pyfe.Linear(weights, intercept=0.25, link="logit", classes=["no", "yes"], name=name)
        (self.folder / f"{name}.json").write_text(linear.to_json())
        return f"{name}.json"


@pytest.fixture
def story(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Story:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    Path("pass").write_text(PASSPHRASE + "\n")
    rng = np.random.default_rng(5)
    rows = rng.uniform(0, 100, size=(40, len(COLUMNS)))
    text = [",".join(["id", *COLUMNS]), *(",".join([f"p{i}", *map(repr, row.tolist())]) for i, row in enumerate(rows))]
    Path("train.csv").write_text("\n".join(text) + "\n")
    Path("patients.csv").write_text("\n".join(text[:6]) + "\n")
    return Story(tmp_path, capsys)


def begin(story: Story) -> None:
    """Schema, function and authority."""
    proposed = story.run("schema", "fit", "train.csv", "-o", "schema", "--exclude", "id", "--bits", "3")
    n = proposed["coordinates"]
    assert (proposed["bytes_per_row"], proposed["bytes_per_row_qfe_ggm"]) == (32 * (n + 2), 144 * (2 * (n + 1) + 1))
    story.run("compile", story.model("model"), "-s", "schema", "-o", "function", "--weight-bits", "4")
    story.run("keygen", "-s", "schema", "-a", "auth", "-p", "public", "--passphrase-file", "pass")


def test_keygen_takes_a_table_of_the_population(story: Story) -> None:
    story.run("schema", "fit", "train.csv", "-o", "schema", "--exclude", "id", "--bits", "3")
    keygen = ["keygen", "-s", "schema", "-a", "auth", "-p", "public", "--passphrase-file", "pass", "--reference"]
    assert "100 rows" in story.fails(*keygen, "train.csv")[1]
    header, *rows = Path("train.csv").read_text().splitlines()
    Path("many.csv").write_text("\n".join([header, *rows * 3]) + "\n")
    Path("bad.csv").write_text("\n".join([header, *rows * 3, rows[0].rsplit(",", 1)[0] + ",much"]) + "\n")
    assert "line 122" in story.fails(*keygen, "bad.csv")[1]
    assert not Path("auth").exists()
    made = story.run(*keygen, "many.csv")
    authority = KeyAuthority.open("auth", passphrase=PASSPHRASE)
    assert authority.reference is not None
    assert made["reference"] == f"{authority.reference.entropy_bits:.1f} bits a row"
    assert story.fails(*keygen, "many.csv")[0] == "AuthorityError"
    plain = ["keygen", "-s", "schema", "-a", "plain", "-p", "other", "--passphrase-file", "pass"]
    assert story.run(*plain)["reference"] == "none"


def test_prepare_cuts_a_schema_for_a_model(story: Story) -> None:
    header, *rows = Path("train.csv").read_text().splitlines()
    high = [float(row.split(",")[8]) > 50 for row in rows]
    known = [
        f"{row},{'yes' if h else 'no'},{int(h)},{i + 1}.5" for i, (row, h) in enumerate(zip(rows, high, strict=True))
    ]
    Path("known.csv").write_text("\n".join([f"{header},ill,seen,days", *known]) + "\n")
    model = story.model("model", c7=0.2)
    files = ["-s", "cut", "-o", "function"]
    made = story.run("prepare", model, "known.csv", *files, "--outcome", "ill", "--protected", "c3")
    assert "measured with the outcomes" in made["loss"] and made["step_of_the_score"].startswith("sd / ")
    schema = Schema.from_bytes(Path("cut").read_bytes())
    assert made["schema_id"] == schema.id.hex() and made["sizes"] == {n: c.size for n, c in schema.columns.items()}
    assert schema.columns["c3"].protected and made["sizes"]["c0"] < 32
    f = pyfe.Function.from_bytes(Path("function").read_bytes(), schema=schema)
    assert (f.schema_id, f.weight_bits) == (schema.id, made["weight_bits"])
    survival = story.run("prepare", model, "known.csv", *files, "--time", "days", "--event", "seen")
    assert survival["loss"].startswith("C ")
    expected = story.run("prepare", model, "known.csv", *files, "--precision", "4", "--exclude", "id")
    assert "under the model itself" in expected["loss"] and expected["step_of_the_score"].startswith("sd / 4")
    story.run(
        "prepare", model, "known.csv", "-s", "again", "-o", "function", "--ranges", "cut", "--precision", "finest"
    )
    assert Path("again").read_bytes() == Path("cut").read_bytes()


def test_prepare_names_what_is_wrong_and_leaves_nothing(story: Story) -> None:
    model, files = story.model("model"), ["-s", "cut", "-o", "function"]
    prepare = ["prepare", model, "train.csv", *files]
    for options, said in (
        (["--outcome", "label"], "no column 'label'"),
        (["--outcome", "c00"], "no column 'c00'; did you mean 'c0'?"),
        (["--time", "c1"], "--event"),
        (["--outcome", "c0", "--time", "c1", "--event", "c2"], "--outcome"),
        (["--precision", "high"], "precision"),
        (["--precision", "0"], "precision"),
        (["--exclude", "c9"], "c9"),
    ):
        kind, message = story.fails(*prepare, *options)
        assert kind == "ParameterError" and said in message, options
    assert story.fails("prepare", model, "train.csv", "-s", "same", "-o", "same")[0] == "ParameterError"
    assert story.fails("prepare", model, "train.csv", "-s", "train.csv", "-o", "function")[0] == "ParameterError"
    assert story.fails("prepare", "train.csv", "train.csv", *files)[0] == "DecodeError"
    story.run("schema", "fit", "train.csv", "-o", "ranges", "--exclude", "id")
    assert "--protected" in story.fails(*prepare, "--ranges", "ranges", "--protected", "c1")[1]
    header, *rows = Path("train.csv").read_text().splitlines()
    known = [f"{row},{'' if i in (2, 5) else i % 2}" for i, row in enumerate(rows)]
    Path("gaps.csv").write_text("\n".join([f"{header},ill", *known]) + "\n")
    kind, message = story.fails("prepare", model, "gaps.csv", *files, "--outcome", "ill")
    assert (kind, message.partition(" of outcomes")[0]) == ("ParameterError", "gaps.csv: line 4, 7: the column 'ill'")
    assert not any(Path(name).exists() for name in ("cut", "function", "same"))


def issue(function: str = "function", output: str = "key") -> list[str]:
    return ["issue", function, "-a", "auth", "-o", output, "--purpose", "triage", "--passphrase-file", "pass"]


def test_the_whole_story(story: Story) -> None:
    begin(story)
    issued = story.run(*issue(), "--recipient", "cloud")
    assert issued["sequence"] == 1 and issued["policy"].startswith("default")
    encrypted = story.run("encrypt", "patients.csv", "-p", "public", "-o", "ct", "--on-overflow", "clip")
    assert encrypted["rows"] == 5 and encrypted["bytes_per_row"] < 320 + 60
    scored = story.run("evaluate", "ct", "-k", "key", "-p", "public", "-o", "scores.csv")
    assert scored["rows"] == 5 and scored["key_verified"] is True
    with Path("scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    schema = Schema.from_bytes(Path("schema").read_bytes())
    f = FunctionKey.from_bytes(Path("key").read_bytes()).function
    x = pyfe.io.encode_table(pyfe.io.read_table("patients.csv"), schema, on_overflow="clip")  # type: ignore[attr-defined]
    wanted = f.evaluate(x)
    assert [int(row["score"]) for row in rows] == wanted.tolist()
    assert [float(row["decision"]) for row in rows] == f.decision_function(wanted).tolist()
    assert [float(row["probability[yes]"]) for row in rows] == f.predict_proba(wanted)[:, 1].tolist()
    assert [row["prediction"] for row in rows] == f.predict(wanted).tolist()
    assert (Path("key").stat().st_mode & 0o777) == 0o600


def test_a_network_is_a_model_file_too(story: Story) -> None:
    begin(story)
    rng = np.random.default_rng(2)
    network = pyfe.SquareNetwork(rng.normal(size=(3, len(COLUMNS))), rng.normal(size=3), rng.normal(size=(2, 3)))
    Path("net.json").write_text(network.to_json())
    options = ["-s", "schema", "--reference", "train.csv"]
    story.run("compile", "net.json", *options, "-o", "net")
    f = pyfe.Function.from_bytes(Path("net").read_bytes(), schema=Schema.from_bytes(Path("schema").read_bytes()))
    assert (f.kind, f.k, f.map.units) == ("quadratic", 2, 3)
    Path("bad.json").write_text(network.to_json().replace("W2", "W9"))
    kind, message = story.fails("compile", "bad.json", *options, "-o", "net")
    assert kind == "DecodeError" and "W2" in message


def test_an_onnx_file_is_a_model_file_too(story: Story) -> None:
    onnx = pytest.importorskip("onnx")
    begin(story)
    text = f"""<ir_version: 8, opset_import: ["" : 17]>
        squares (double[N, {len(COLUMNS)}] x) => (double[N, M] y) {{ y = Mul(x, x) }}"""
    onnx.save(onnx.parser.parse_model(text), "squares.onnx")
    options = ["-s", "schema", "--weight-bits", "16", "-o", "squares"]
    story.run("compile", "squares.onnx", *options)
    f = pyfe.Function.from_bytes(Path("squares").read_bytes())
    assert (f.kind, f.k, f.name) == ("quadratic", len(COLUMNS), "squares")
    Path("bad.onnx").write_text("no graph")
    kind, message = story.fails("compile", "bad.onnx", *options)
    assert kind == "DecodeError" and "bad.onnx: not an ONNX graph" in message


def test_the_story_of_a_quadratic_function(story: Story) -> None:
    begin(story)
    schema = Schema.from_bytes(Path("schema").read_bytes())
    F = np.triu(np.random.default_rng(1).integers(-3, 4, size=(schema.n + 1, schema.n + 1)))
    f = pyfe.Function.from_forms(schema, MatrixForms.dense(F))
    Path("quadratic").write_bytes(f.to_bytes())
    kind, message = story.fails(*issue("quadratic"))
    assert kind == "UnsupportedModelError" and "qfe-ggm" in message
    files = ["-s", "schema", "-a", "auth2", "-p", "public2", "--passphrase-file", "pass", "--unrestricted", "a test"]
    assert story.run("keygen", *files, "--scheme", "qfe-ggm")["scheme"] == "qfe-ggm-bls12381"
    given = ["-a", "auth2", "--purpose", "triage", "--passphrase-file", "pass"]
    issued = story.run("issue", "quadratic", "-o", "key2", *given)
    assert issued["policy"] == "UNRESTRICTED: a test" and "residual" not in issued
    again = story.run("issue", "function", "-o", "key3", "--residual", *given)
    assert again["sequence"] == 2 and "bits stay unknown" in again["residual"]
    story.run("encrypt", "patients.csv", "-p", "public2", "-o", "ct2", "--on-overflow", "clip")
    x = pyfe.io.encode_table(pyfe.io.read_table("patients.csv"), schema, on_overflow="clip")  # type: ignore[attr-defined]
    for key, function in (("key2", f), ("key3", pyfe.Function.from_bytes(Path("function").read_bytes()))):
        story.run("evaluate", "ct2", "-k", key, "-p", "public2", "-o", "scores.csv")
        with Path("scores.csv").open(newline="") as file:
            assert [int(row["score"]) for row in csv.DictReader(file)] == function.evaluate(x).tolist()
    described = story.run("info", "key2", "ct2", "public2", "auth2", "quadratic")
    assert {part.get("scheme", "none") for part in described.values()} == {"qfe-ggm-bls12381", "none"}
    assert described["quadratic"]["kind"] == "quadratic"
    assert story.fails("keygen", *files, "--scheme", "rsa")[0] == "ParameterError"


def test_an_unverified_evaluation_says_so(story: Story) -> None:
    begin(story)
    story.run(*issue())
    story.run("encrypt", "patients.csv", "-p", "public", "-o", "ct", "--on-overflow", "clip")
    assert story.run("evaluate", "ct", "-k", "key", "-o", "scores.csv")["key_verified"] is False


def test_claimed_weights_are_bounded(story: Story) -> None:
    begin(story)
    story.run(*issue())
    story.run("encrypt", "patients.csv", "-p", "public", "-o", "ct", "--on-overflow", "clip")
    batch = CiphertextBatch.from_bytes(Path("ct").read_bytes())
    Path("three").write_bytes((3 * batch).to_bytes())
    evaluate = ["evaluate", "three", "-k", "key", "-o", "scores.csv"]
    kind, message = story.fails(*evaluate)
    assert kind == "OutOfRangeError" and "row 0" in message and "--largest-weight-sum 3" in message
    assert not Path("scores.csv").exists()
    assert story.fails(*evaluate, "--largest-weight-sum", "2")[0] == "OutOfRangeError"
    assert story.fails(*evaluate, "--largest-weight-sum", "0")[0] == "ParameterError"
    assert story.run(*evaluate, "--largest-weight-sum", "3")["rows"] == len(batch)


def test_progress_chunks_join_to_the_same_batch(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(story)
    story.run(*issue())
    monkeypatch.setattr("pyfe.cohorts.rows.ROWS_A_CHUNK", 2)
    encrypted = story.run("encrypt", "train.csv", "-p", "public", "-o", "ct", "--on-overflow", "clip")
    batch = CiphertextBatch.from_bytes(Path("ct").read_bytes())
    assert len(batch) == batch.encrypted_rows == 40 and batch.saturated == encrypted["saturated"]
    assert story.run("evaluate", "ct", "-k", "key", "-o", "scores.csv")["rows"] == 40


def test_a_table_without_rows(story: Story) -> None:
    begin(story)
    story.run(*issue())
    Path("none.csv").write_text(",".join(COLUMNS) + "\n")
    assert story.run("encrypt", "none.csv", "-p", "public", "-o", "ct")["rows"] == 0
    assert story.run("evaluate", "ct", "-k", "key", "-o", "scores.csv")["rows"] == 0
    assert Path("scores.csv").read_text() == "row,score,decision,probability[no],probability[yes],prediction\n"


def test_tables_for_people(story: Story) -> None:
    begin(story)
    story.run(*issue())
    story.run("encrypt", "patients.csv", "-p", "public", "-o", "ct", "--on-overflow", "clip")
    story.capsys.readouterr()
    for command in (["doctor"], ["info", "schema", "function", "public", "key", "ct", "auth"]):
        assert main(command) == 0
        out, err = story.capsys.readouterr()
        assert out and not err
    assert "UNVERIFIED" not in out and "verified" in out and "sealed authority" in out


def test_info_has_no_secret(story: Story) -> None:
    begin(story)
    story.run(*issue())
    described = story.run("info", "schema", "function", "public", "key", "auth")
    kinds = [values["object"] for values in described.values()]
    assert kinds == ["schema", "function", "public key", "function key", "sealed authority"]
    secret = FunctionKey.from_bytes(Path("key").read_bytes()).native.to_bytes()[-64:]
    assert secret[:6].hex() not in json.dumps(described) and secret[32:38].hex() not in json.dumps(described)
    assert described["key"]["verified"] is False
    assert story.run("info", "key", "-p", "public")["key"]["verified"] is True


def test_the_fingerprint_can_be_pinned(story: Story) -> None:
    begin(story)
    fingerprint = PublicKey.from_bytes(Path("public").read_bytes()).fingerprint
    common = ["encrypt", "patients.csv", "-p", "public", "-o", "ct", "--on-overflow", "clip", "--fingerprint"]
    assert story.run(*common, fingerprint)["public_key_fingerprint"] == fingerprint
    assert story.fails(*common, "00" * 32)[0] == "KeyMismatchError"


def test_two_issuers_whose_keys_open_a_coordinate(story: Story) -> None:
    """Two processes at once: one gets its key, the other a refusal, and no file."""
    schema = pyfe.Schema.from_ranges({column: pyfe.number(0, 10, step=1) for column in COLUMNS})
    Path("schema").write_bytes(schema.to_bytes())
    story.run("keygen", "-s", "schema", "-a", "auth", "-p", "public", "--passphrase-file", "pass")
    for name, first in (("f1", 3), ("f2", 4)):
        weights = [first, -1, 4, 1, -5, 9, 2, -6]
        Path(name).write_bytes(pyfe.Function.from_integers(schema, weights).to_bytes())
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "pyfe", *issue(f, f"k-{f}"), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for f in ("f1", "f2")
    ]
    outcomes = [(p.communicate(timeout=120), p.returncode) for p in processes]
    assert sorted(code for _, code in outcomes) == [0, 1]
    refused = next(json.loads(out) for (out, _), code in outcomes if code)
    assert refused["error"]["kind"] == "PolicyDeniedError" and "c0" in refused["error"]["message"]
    assert len(list(Path().glob("k-*"))) == 1


def test_bad_input_is_one_line(story: Story) -> None:
    begin(story)
    encrypt = ["encrypt", "patients.csv", "-o", "ct", "-p"]
    assert story.fails(*encrypt, "none")[0] == "ParameterError"
    assert story.fails(*encrypt, "schema")[0] == "DecodeError"
    assert story.fails(*encrypt, "public", "--on-overflow", "wrap")[0] == "ParameterError"
    assert "column 'c0' in line 3 (not a number)" in story.fails("encrypt", bad_cell(), "-o", "ct", "-p", "public")[1]
    assert story.fails("compile", "patients.csv", "-s", "schema", "-o", "x")[0] == "DecodeError"
    Path("binary").write_bytes(b"\xff\xfe")
    kind, message = story.fails("compile", "binary", "-s", "schema", "-o", "x")
    assert kind == "DecodeError" and "goes to pyfe issue" in message
    assert (
        story.fails("compile", "model.json", "-s", "schema", "-o", "x", "--weight-bits", "many")[0] == "ParameterError"
    )
    described = story.run("info", "patients.csv", "schema", code=1)  # the bad file is named, the good one described
    assert described["patients.csv"]["error"]["kind"] == "DecodeError"
    assert described["schema"]["object"] == "schema"
    assert "patients.csv" in story.err
    assert not Path("ct").exists() and not Path("x").exists()


def bad_cell() -> str:
    lines = Path("patients.csv").read_text().splitlines()
    lines[2] = lines[2].replace(lines[2].split(",")[1], "high", 1)
    Path("bad.csv").write_text("\n".join(lines) + "\n")
    return "bad.csv"


def test_refusals_are_one_line(story: Story) -> None:
    begin(story)
    story.run("compile", story.model("wide"), "-s", "schema", "-o", "wide", "--weight-bits", "18")
    assert story.fails(*issue("wide"))[0] == "OutOfRangeError"
    Path("wrong").write_text("not the passphrase\n")
    kind, message = story.fails(*issue()[:-1], "wrong")
    assert kind == "AuthorityError" and "passphrase is wrong" in message
    keygen = ["keygen", "-s", "schema", "-a", "auth", "-p", "public", "--passphrase-file"]
    assert "never overwritten" in story.fails(*keygen, "pass")[1]
    Path("two").write_text("two\nlines\n")
    assert "exactly one line" in story.fails(*keygen, "two")[1]
    assert not Path("key").exists()


def test_a_policy_that_refuses_nothing_says_so(story: Story) -> None:
    story.run("schema", "fit", "train.csv", "-o", "schema", "--exclude", "id", "--bits", "3")
    made = story.run(
        "keygen", "-s", "schema", "-a", "auth", "-p", "public", "--unrestricted", "a test", "--passphrase-file", "pass"
    )
    assert made["policy"] == "UNRESTRICTED: a test"


def test_without_a_terminal_no_passphrase_is_asked_for(story: Story) -> None:
    begin(story)
    assert "give --passphrase-file" in story.fails(*issue()[:-2])[1]


def test_a_passphrase_is_asked_for_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def prompt(_: str, **how: Any) -> str:
        asked.append(how)
        return PASSPHRASE

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(console.typer, "prompt", prompt)
    assert console.passphrase_from(None, confirm=True) == PASSPHRASE
    assert asked == [{"hide_input": True, "confirmation_prompt": True, "err": True}]


@pytest.mark.parametrize("arguments", [["encrypt"], ["nonsense"], ["doctor", "--loud"], ["schema"], []])
def test_wrong_usage_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "Traceback" not in "".join(capsys.readouterr())


def commands_of(group: Any) -> list[str]:
    """Every command below a group, with the names of the groups that lead to it."""
    below = ((name, commands_of(each) if hasattr(each, "commands") else [""]) for name, each in group.commands.items())
    return [f"{name} {rest}".strip() for name, inner in below for rest in inner]


def test_the_page_lists_every_command() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/command-line.md").read_text()
    listed = re.findall(r"^\| `pyfe ([a-z][a-z-]*(?: [a-z][a-z-]*)*)", page, re.MULTILINE)
    assert sorted(listed) == sorted(commands_of(get_command(app)))


def test_help_of_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    commands = commands_of(get_command(app))
    assert len(commands) >= 10
    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    for command in commands:
        assert command.split()[0] in overview
        assert main([*command.split(), "--help"]) == 0
        assert "--json" in capsys.readouterr().out


def test_doctor(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy = story.run("doctor")
    assert healthy["problems"] == [] and set(healthy["self_test"].values()) == {"ok"}
    version = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.0.1" if name == "pyfe" else version(name))
    assert "pip uninstall pyfe" in story.run("doctor", code=1)["problems"][0]


def test_doctor_says_where_tables_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyfe.cli import doctor

    table = tmp_path / "not" / "yet" / "t.table"
    assert doctor._file_state(table, ready=True) == "ready"
    assert doctor._file_state(table, ready=False) == "built on first use"
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "PYFE_CACHE_DIR" in doctor._file_state(table, ready=False)


def test_a_long_search_is_announced(story: Story) -> None:
    schema = pyfe.Schema.from_ranges({column: pyfe.number(0, 1, bits=24) for column in COLUMNS})
    Path("schema").write_bytes(schema.to_bytes())
    keygen = ["keygen", "-s", "schema", "-a", "auth", "-p", "public", "--passphrase-file", "pass"]
    story.run(*keygen, "--unrestricted", "columns too fine for any policy")
    weights = [2047, -2046, 2045, -2044, 2043, -2042, 2041, -2040]
    Path("function").write_bytes(pyfe.Function.from_integers(schema, weights).to_bytes())
    story.run(*issue())
    Path("one.csv").write_text(",".join(COLUMNS) + "\n" + ",".join(["0.5"] * 8) + "\n")
    story.run("encrypt", "one.csv", "-p", "public", "-o", "ct")
    story.capsys.readouterr()
    assert main(["evaluate", "ct", "-k", "key", "-o", "scores.csv"]) == 0
    assert "results span 2^38.0 values: up to" in story.capsys.readouterr().err


def test_doctor_reports_a_failed_self_test(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyfe import _core

    monkeypatch.setattr(_core, "self_test", lambda: {"sha256": True, "ristretto255": False})
    assert "ristretto255 failed" in story.run("doctor", code=1)["problems"][0]


def test_a_bug_is_not_dressed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyfe import _core

    def broken() -> dict[str, bool]:
        raise ZeroDivisionError

    monkeypatch.setattr(_core, "self_test", broken)
    with pytest.raises(ZeroDivisionError):
        main(["doctor"])


def test_other_signs_are_found_and_said(story: Story) -> None:
    begin(story)
    rows = Path("train.csv").read_text().splitlines()
    Path("german.csv").write_text("\n".join(row.replace(",", ";").replace(".", ",") for row in rows) + "\n")
    found = story.run("schema", "fit", "german.csv", "-o", "german", "--exclude", "id", "--bits", "3")
    assert found["read_with"] == "delimiter ';', decimal sign ','"
    assert Schema.from_bytes(Path("german").read_bytes()) == Schema.from_bytes(Path("schema").read_bytes())
    stated = story.run("encrypt", "german.csv", "-p", "public", "-o", "ct", "--delimiter", ";", "--decimal", ",",
                       "--on-overflow", "clip")  # fmt: skip
    assert stated["rows"] == 40 and stated["read_with"] == found["read_with"]
    compiled = story.run("compile", "model.json", "-s", "schema", "-o", "again", "--reference", "german.csv")
    assert compiled["reference_read_with"] == found["read_with"]
    kind, message = story.fails("encrypt", "german.csv", "-p", "public", "-o", "ct2", "--decimal", ".")
    assert kind == "OutOfRangeError" and message.endswith("--decimal ,")
    assert "a delimiter is" in story.fails("encrypt", "german.csv", "-p", "public", "-o", "ct2", "--delimiter", ";;")[1]
    Path("tab.csv").write_text("\n".join(row.replace(",", "\t") for row in rows) + "\n")
    assert (
        story.run("encrypt", "tab.csv", "-p", "public", "-o", "ct3", "--delimiter", "tab", "--on-overflow", "clip")[
            "rows"
        ]
        == 40
    )


def test_options_name_columns_in_either_normal_form(story: Story) -> None:
    stated, given = "Gr\u00f6\u00dfe", "Gro\u0308\u00dfe"
    lines = [f"{i % 2},{i * 0.5}" for i in range(40)]
    Path("t.csv").write_text("\n".join([f"{given} 1,{given}", *lines]) + "\n", encoding="utf-8")
    made = story.run(
        "schema",
        "fit",
        "t.csv",
        "-o",
        "s",
        "--levels",
        f"{stated} 1=0,1",
        "--missing",
        f"{stated}=3",
        "--public",
        stated,
    )
    assert made["columns"] == {
        f"{given} 1": "category 0, 1",
        given: "number 0 to 22 in 255 steps; missing: 3.0; public",
    }


def test_what_would_travel_in_the_key_is_refused(story: Story) -> None:
    refused = story.fails("schema", "fit", "train.csv", "-o", "schema")
    assert refused[0] == "ParameterError" and "column 'id'" in refused[1] and "--exclude" in refused[1]
    assert not Path("schema").exists()
    lines = [f"{i},{'yes' if i == 3 else 'no'},{i % 3},{i * 0.5}" for i in range(40)]
    Path("t.csv").write_text("\n".join(["row,rare,stage,x", *lines]) + "\n")
    assert "column 'rare'" in story.fails("schema", "fit", "t.csv", "-o", "s", "--exclude", "row")[1]
    options = ["--exclude", "row", "--levels", "rare=no,yes", "--levels", "stage=0,1,2,3", "--missing", "x=bit"]
    made = story.run("schema", "fit", "t.csv", "-o", "s", *options)
    assert made["columns"] == {
        "rare": "category no, yes",
        "stage": "category 0, 1, 2, 3",
        "x": "number 0 to 22 in 255 steps, or missing",
    }
    for wrong in ("rare", "rare=", "nobody=a,b", "stage=a,b", "stage=0,1,1_0"):
        assert (
            story.fails("schema", "fit", "t.csv", "-o", "s2", "--exclude", "row", "--levels", wrong)[0]
            == "ParameterError"
        )
    for option, twice in (("--missing", "x=3"), ("--levels", "rare=yes,no")):
        assert "twice" in story.fails("schema", "fit", "t.csv", "-o", "s2", *options, option, twice)[1]
    for wrong in ("x=1_0", "x=nan"):
        assert story.fails("schema", "fit", "t.csv", "-o", "s2", *options[:-1], wrong)[1].endswith("is none")
    pointed = story.fails("schema", "fit", "t.csv", "-o", "s2", *options[:-1], "x=1,5")[1]
    assert pointed.endswith("'1,5' is none; here the decimal sign is a point: 1.5")


def test_noise_over_files(story: Story) -> None:
    """Slots in the schema, one for the function, the owner's secret in a file; everything says that it is not exact."""
    proposed = story.run("schema", "fit", "train.csv", "-o", "schema", "--exclude", "id", "--noise-slots", "2")
    assert proposed["coordinates"] == len(COLUMNS) + 2
    compiled = ["compile", story.model("model"), "-s", "schema", "-o", "function", "--reference", "train.csv"]
    assert story.run(*compiled, "--slot", "1")["exact"] is False
    story.run("keygen", "-s", "schema", "-a", "auth", "-p", "public", "--passphrase-file", "pass")
    story.run("issue", "function", "-a", "auth", "-o", "key", "--purpose", "test", "--passphrase-file", "pass")
    Path("secret").write_bytes(bytes(range(32)))
    encrypt = ["encrypt", "patients.csv", "-p", "public", "-o", "rows", "--on-overflow", "clip"]
    assert "--owner-secret FILE" in story.fails(*encrypt)[1]
    Path("short").write_bytes(bytes(31))
    assert "32 bytes, and this one 31" in story.fails(*encrypt, "--owner-secret", "short")[1]
    assert not Path("rows").exists()
    story.run(*encrypt, "--owner-secret", "secret")
    assert story.run("evaluate", "rows", "-k", "key", "-o", "scores.csv", "-p", "public")["exact"] is False
    described = story.run("info", "function", "key", "schema")
    assert [described[name].get("exact") for name in ("function", "key", "schema")] == [False, False, None]
    first = Path("scores.csv").read_text()
    story.run(*encrypt, "--owner-secret", "secret")
    story.run("evaluate", "rows", "-k", "key", "-o", "scores.csv")
    assert Path("scores.csv").read_text() == first
    story.run("schema", "fit", "train.csv", "-o", "plain", "--exclude", "id")
    story.run("keygen", "-s", "plain", "-a", "other", "-p", "exact", "--passphrase-file", "pass")
    exact = ["encrypt", "patients.csv", "-p", "exact", "-o", "exact rows", "--on-overflow", "clip"]
    assert "this one has none" in story.fails(*exact, "--owner-secret", "secret")[1]
