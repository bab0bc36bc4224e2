"""Where people compare a public key they see its fingerprint, the same everywhere; ids are for programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import pyfe
from pyfe.wire import sealing
from tests.unit.commands import fails, run

OWN = ["-a", "authority", "--passphrase-file", "passphrase"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    Path("passphrase").write_text("a passphrase")
    schema = pyfe.Schema.from_ranges({f"c{i}": pyfe.number(0, 3, step=1) for i in range(12)})
    Path("schema").write_bytes(schema.to_bytes())
    Path("function").write_bytes(pyfe.Function.from_integers(schema, [1, 2, 3] * 4).to_bytes())
    lines = [",".join(str((i * j) % 4) for i in range(12)) for j in range(1, 4)]
    Path("t.csv").write_text("\n".join([",".join(schema.columns), *lines]) + "\n")
    yield tmp_path


def test_it_is_one_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow")
    made = run(capsys, "keygen", "-s", "schema", "-p", "public", *OWN)
    fingerprint = made["fingerprint"]
    run(capsys, "identity", "init", "St. Anna", "-o", "anna", "-p", "anna.public", "--passphrase-file", "passphrase")
    anna = run(capsys, "info", "anna.public")["anna.public"]["fingerprint"]
    assert run(capsys, "info", "public")["public"]["fingerprint"] == fingerprint
    status = run(capsys, "authority", "status", "authority")
    assert status["epochs"]["epoch 1"]["public_key_fingerprint"] == fingerprint
    run(capsys, "authority", "epochs", "authority", "-o", "epochs", "--passphrase-file", "passphrase")
    assert run(capsys, "info", "epochs")["epochs"]["epochs"]["epoch 1"]["public_key_fingerprint"] == fingerprint
    key = ["issue", "function", "-o", "key", "--purpose", "a test", *OWN]
    assert run(capsys, *key)["public_key_fingerprint"] == fingerprint
    signing = ["--sign-as", "anna", "--identity-passphrase-file", "passphrase", "--fingerprint", fingerprint]
    for place in ("rows", "rows.parquet"):
        encrypted = run(capsys, "encrypt", "t.csv", "-p", "public", "-o", place, *signing)
        assert encrypted["public_key_fingerprint"] == fingerprint
        scores = ["evaluate", place, "-k", "key", "-o", "scores.csv"]
        scored = run(capsys, *scores, "-p", "public", "--signed-by", "anna.public")
        assert (scored["public_key_fingerprint"], scored["signed_by_fingerprint"]) == (fingerprint, anna)
        assert not {"public_key_fingerprint", "signed_by_fingerprint"} & set(run(capsys, *scores))  # nobody looked
    verified = run(capsys, "verify-cohort", "rows.parquet", "-p", "public", "--signed-by", "anna.public")
    assert (verified["public_key_fingerprint"], verified["signed_by_fingerprint"]) == (fingerprint, anna)
    for file in ("key", "rows", "rows.parquet"):
        said = list(run(capsys, "info", file, "-p", "public")[file].items())
        assert said[[name for name, _ in said].index("public_key_id") + 1] == ("public_key_fingerprint", fingerprint)
        assert "public_key_fingerprint" not in run(capsys, "info", file)[file]


def test_another_public_key_is_refused_whatever_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        own = ["-a", f"authority-{name}", "--passphrase-file", "passphrase"]
        run(capsys, "keygen", "-s", "schema", "-p", f"public-{name}", *own)
    run(capsys, "encrypt", "t.csv", "-p", "public-one", "-o", "rows")
    said = run(capsys, "info", "rows", "-p", "public-two", code=1)["rows"]["error"]
    assert said["kind"] == "KeyMismatchError" and "it is under the public key" in said["message"]
    assert "fingerprint" in fails(
        capsys, "encrypt", "t.csv", "-p", "public-one", "-o", "more", "--fingerprint", "0" * 64
    )
