"""References that earlier versions sealed or published are read by this one, and say the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import Function, KeyAuthority, Schema
from pyfe.leakage import Reference
from tests.golden import generate_reference as golden

SETS = sorted(path.parent for path in Path(__file__).resolve().parent.glob("*/said.json"))

pytestmark = pytest.mark.filterwarnings("error")


def said(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "said.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def require_same(reference: Reference | None, expected: dict[str, Any]) -> None:
    """Rows and classes are the same; numbers to rounding, which differs between processors where matrices are."""
    assert reference is not None
    now = golden.said_by(reference)
    assert now.keys() == expected.keys()
    for name in ("entropy", "classes", "tree_rows", "given", "copula_rows", "public"):
        assert now[name] == expected[name], name
    for one, other in zip(now["marginals"], expected["marginals"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    np.testing.assert_allclose(now["covariance"], expected["covariance"], rtol=1e-9, atol=1e-9)


def test_there_is_a_set() -> None:
    assert [folder.name for folder in SETS] == ["reference-1"]


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_an_authority_keeps_its_reference(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "authority.pyfe"
    shutil.copy(folder / "authority.pyfe", path)
    given: dict[str, Any] = {"passphrase": golden.PASSPHRASE, "clock": lambda: golden.NOW + 60}
    authority = KeyAuthority.migrate(path, tmp_path / "folder", **given)
    assert authority.schema.id.hex() == said(folder)["schema"]
    require_same(authority.reference, said(folder)["kept"])
    function = Function.from_integers(authority.schema, np.arange(authority.schema.n) + 1)
    authority.issue(function, purpose="one more")
    again = KeyAuthority.open(tmp_path / "folder", **given)
    assert len(again.issued) == 1
    require_same(again.reference, said(folder)["kept"])


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_a_schema_publishes_what_it_did(folder: Path) -> None:
    written = (folder / "schema.pyfe").read_bytes()
    schema = Schema.from_bytes(written)
    assert schema.to_bytes() == written
    assert schema.id.hex() == said(folder)["published"]
    assert schema.with_population(None) == golden.schema()
    require_same(Reference.of_schema(schema), said(folder)["coarse"])
