"""Objects of earlier versions are read by this one: equal values, ids and scores, and the same bytes again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import CiphertextBatch, Function, FunctionKey, KeyAuthority, PublicKey, Schema
from pyfe.audit import verify
from tests.golden import generate

FOLDER = Path(__file__).resolve().parent
SETS = sorted(path.parent for path in FOLDER.glob("*/golden.json"))

FIRST_LAYOUT = {"set-1", "set-2"}
"""Sets whose function keys have no readout in their native payload."""

pytestmark = pytest.mark.filterwarnings("error")


def expected(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "golden.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def data(folder: Path, name: str) -> bytes:
    return (folder / f"{name}.pyfe").read_bytes()


AUTHORITIES = [
    pytest.param(folder, stem, id=f"{folder.name}-{stem}")
    for folder in SETS
    for stem in expected(folder)["authorities"]
]


def test_every_file_is_listed_and_small() -> None:
    assert SETS
    for folder in SETS:
        files = {path.name for path in folder.glob("*.pyfe")}
        said = expected(folder)
        named = {f"schema-{name}.pyfe" for name in said["schemas"]}
        named |= {f"function-{name}.pyfe" for name in said["functions"]}
        for stem, entry in said["authorities"].items():
            named |= {f"authority-{stem}.pyfe", f"public-{stem}.pyfe"}
            named |= {f"key-{stem}-{name}.pyfe" for name in entry["keys"]}
            named |= {f"batch-{stem}-{name}.pyfe" for name in entry["batches"]}
        assert files == named
        assert sum(path.stat().st_size for path in folder.iterdir()) < 400_000


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_schemas(folder: Path) -> None:
    for name, entry in expected(folder)["schemas"].items():
        written = data(folder, f"schema-{name}")
        schema = Schema.from_bytes(written)
        assert schema.to_bytes() == written
        assert schema.id.hex() == entry["id"]
        assert schema.encode(entry["rows"]).x.tolist() == entry["encoded"]


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_functions(folder: Path) -> None:
    said = expected(folder)
    for name, entry in said["functions"].items():
        written, schema = data(folder, f"function-{name}"), Schema.from_bytes(data(folder, f"schema-{entry['schema']}"))
        function = Function.from_bytes(written, schema)
        assert function.to_bytes() == written
        assert Function.from_bytes(written).to_bytes() == written
        assert (function.id.hex(), function.kind, function.link) == (entry["id"], entry["kind"], entry["link"])
        assert (function.name, function.result_interval.tolist()) == (entry["name"], entry["interval"])
        assert function.max_error.tolist() == entry["max_error"]
        scores = function.evaluate(said["schemas"][entry["schema"]]["rows"])
        assert scores.tolist() == entry["scores"]
        np.testing.assert_allclose(function.decision_function(scores), entry["decision"], rtol=1e-15)
        predicted = function.predict(scores).tolist()
        assert predicted == entry["predicted"]
        assert [type(label) for label in predicted] == [type(label) for label in entry["predicted"]]


@pytest.mark.parametrize(("folder", "stem"), AUTHORITIES)
def test_public_keys_keys_and_batches(folder: Path, stem: str) -> None:
    """Every key opens every batch to the scores that its first owner saw."""
    entry = expected(folder)["authorities"][stem]
    written = data(folder, f"public-{stem}")
    public = PublicKey.from_bytes(written, fingerprint=entry["fingerprint"])
    assert public.to_bytes() == written
    assert (public.scheme, public.id.hex()) == (entry["scheme"], entry["id"])
    keys = {}
    for name, key_id in entry["keys"].items():
        written = data(folder, f"key-{stem}-{name}")
        keys[name] = FunctionKey.from_bytes(written, public_key=public)
        assert keys[name].to_bytes() == written
        assert keys[name].id.hex() == key_id
    for name, said in entry["batches"].items():
        written = data(folder, f"batch-{stem}-{name}")
        batch = CiphertextBatch.from_bytes(written)
        assert batch.to_bytes() == b"".join(batch.pieces()) == written
        assert (batch.id.hex(), len(batch), dict(batch.saturated)) == (said["id"], said["rows"], said["saturated"])
        assert (batch.combined, batch.weight_sums.tolist()) == (said["combined"], said["weight_sums"])
        largest = max(1, int(batch.weight_sums.sum(axis=1).max(initial=1)))
        for key_name, opened in said["opened"].items():
            assert keys[key_name].decrypt(batch, largest_weight_sum=largest).tolist() == opened


@pytest.mark.parametrize(("folder", "stem"), AUTHORITIES)
def test_authorities_are_migrated_and_issue(folder: Path, stem: str, tmp_path: Path) -> None:
    """A sealed file becomes a folder with the ledger that was written; a key that was issued is had again, another one
    is issued, and the folder opens again."""
    said = expected(folder)
    entry, path = said["authorities"][stem], tmp_path / "authority.pyfe"
    shutil.copy(folder / f"authority-{stem}.pyfe", path)
    given: dict[str, Any] = {"passphrase": said["passphrase"], "clock": lambda: said["now"] + 60}

    def ledger(owner: KeyAuthority) -> list[Any]:
        return [[r.sequence, r.issued_at, r.purpose, r.recipient, r.function_id.hex()] for r in owner.issued]

    owner = KeyAuthority.migrate(path, tmp_path / "folder", **given)
    assert ledger(owner) == entry["issued"]
    public = PublicKey.from_bytes(data(folder, f"public-{stem}"))
    assert owner.public_key.to_bytes() == public.to_bytes()
    verify(owner.log(), authority=public.verification_key)
    first = FunctionKey.from_bytes(data(folder, f"key-{stem}-{next(iter(entry['keys']))}"), public_key=public)
    again = owner.issue(first.function, purpose=first.purpose, recipient=first.recipient)
    assert (again.sequence, again.issued_at, ledger(owner)) == (first.sequence, first.issued_at, entry["issued"])
    function = Function.from_integers(owner.schema, np.arange(owner.schema.n) + 1)
    key = owner.issue(function, purpose="one more")
    rows = said["schemas"][next(name for name in said["schemas"] if stem.endswith(name))]["rows"]
    assert key.decrypt(public.encrypt(rows)).tolist() == function.evaluate(rows).tolist()
    reopened = KeyAuthority.open(tmp_path / "folder", **given)
    assert ledger(reopened) == ledger(owner)
    assert len(reopened.issued) == len(entry["issued"]) + 1


@pytest.mark.parametrize(("folder", "stem"), AUTHORITIES)
def test_layouts_of_keys(folder: Path, stem: str) -> None:
    """Keys of the first two sets state in their metadata how results are read, later ones in the native payload."""
    public = PublicKey.from_bytes(data(folder, f"public-{stem}"))
    for name in expected(folder)["authorities"][stem]["keys"]:
        key = FunctionKey.from_bytes(data(folder, f"key-{stem}-{name}"), public_key=public)
        assert (key.native.readout is None) == (folder.name in FIRST_LAYOUT), name


def test_the_generator_still_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it would write of this version's schemas and functions has the same bytes: they hold no randomness."""
    monkeypatch.setattr(generate, "SERVED", {})
    generate.main(tmp_path / "new")
    made = sorted(path.name for path in (tmp_path / "new").glob("*.pyfe"))
    assert len(made) == 13
    for name in made:
        assert (tmp_path / "new" / name).read_bytes() == (SETS[0] / name).read_bytes(), name
