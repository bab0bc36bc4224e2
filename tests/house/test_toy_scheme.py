"""What adding a scheme takes: two new files and one line of the registry. Then it plays all three roles.

The toy is additive and packed, exact, and hides nothing; its native objects are Python (``tests/house/toy``).
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pyfe
from pyfe import _core

TOY = Path(__file__).parent / "toy"
LINE = "from pyfe.adapters.toy import TOY as TOY\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the toy in it, beside the core that is installed."""
    folder = tmp_path_factory.mktemp("toy")
    package = folder / "pyfe"
    shutil.copytree(Path(pyfe.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    shutil.copy(_core.__file__, package)
    shutil.copy(TOY / "verbs.py", package / "schemes" / "toy.py")
    shutil.copy(TOY / "adapter.py", package / "adapters" / "toy.py")
    registry = package / "adapters" / "registry.py"
    lines = registry.read_text().splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if line.startswith("from pyfe.adapters.") and " as " in line)
    registry.write_text("".join([*lines[: last + 1], LINE, *lines[last + 1 :]]))
    return folder


def run(folder: Path, *arguments: str) -> str:
    command = [sys.executable, str(TOY / "roles.py"), str(folder), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("what", ["bytes", "slices"])
@pytest.mark.parametrize("scheme", ["toy", "ipfe-ddh"])
def test_roles(folder: Path, what: str, scheme: str) -> None:
    assert run(folder, what, scheme).endswith("ok\n")


def test_the_command_line(folder: Path) -> None:
    schema = pyfe.Schema.from_ranges({"age": (0, 120), "pressure": (80, 220), "smoker": ["no", "yes"]})
    (folder / "schema").write_bytes(schema.to_bytes())
    function = pyfe.Function.from_integers(schema, [3, -2, 40], 17, name="risk")
    (folder / "function").write_bytes(function.to_bytes())
    (folder / "word").write_text("correct horse battery\n")
    rows = {
        "age": [61, 30, 45, 90, 12],
        "pressure": [140, 110, 95, 200, 120],
        "smoker": ["yes", "no", "no", "yes", "no"],
    }
    with (folder / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows([rows, *zip(*rows.values(), strict=True)])

    keygen = ["keygen", "-s", "schema", "-a", "sealed", "-p", "public", "--scheme", "toy", "--passphrase-file", "word"]
    made = json.loads(run(folder, "pyfe", *keygen, "--unrestricted", "a test", "--json"))
    assert made["scheme"] == "toy-additive" and made["bytes_per_row"] == 16 * schema.n + 4 and made["weight_bits"] == 14
    issue = ["issue", "function", "-a", "sealed", "-o", "key", "--purpose", "toy", "--passphrase-file", "word"]
    assert json.loads(run(folder, "pyfe", *issue, "--json"))["scheme"] == "toy-additive"
    run(folder, "pyfe", "encrypt", "table.csv", "-p", "public", "-o", "rows")
    scored = json.loads(
        run(folder, "pyfe", "evaluate", "rows", "-k", "key", "-p", "public", "-o", "scores.csv", "--json")
    )
    assert scored["key_verified"] and scored["search_table_seconds"] == 0.0 and not scored["search_table_built"]
    with (folder / "scores.csv").open(newline="") as file:
        scores = [int(row["score"]) for row in csv.DictReader(file)]
    assert scores == function.evaluate(rows).tolist()

    told = json.loads(run(folder, "pyfe", "info", "public", "key", "rows", "sealed", "--json"))
    assert {values["scheme"] for values in told.values()} == {"toy-additive"}
    assert json.loads(run(folder, "pyfe", "doctor", "--json"))["schemes"]["toy-additive"] == "linear"


def test_without_its_line_it_is_not_there() -> None:
    """The objects of a scheme that is not listed are refused by its number."""
    with pytest.raises(pyfe.DecodeError, match="it must belong to a scheme, and 60000 is none"):
        pyfe.adapters.adapter_numbered(60_000, "key")
