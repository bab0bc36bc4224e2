"""The stage of the demos: three folders, what each role does in its own, and how a story is told.

The authority writes a sealed file, the public key and function keys; the hospital reads the public key and writes
ciphertexts; the cloud is a process that is given the name of no other folder than its own.
"""

from __future__ import annotations

import csv
import json
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pyfe import io, leakage
from pyfe.arrays import IntArray
from pyfe.authority import KeyAuthority, Policy
from pyfe.ciphertext import CiphertextBatch
from pyfe.cli.console import progress
from pyfe.errors import ParameterError, PyfeError
from pyfe.forms import FactoredForms
from pyfe.function import Function
from pyfe.io import roles
from pyfe.keys import PublicKey
from pyfe.schema import Encoded, Schema

__all__ = [
    "closing_lines",
    "Evaluated",
    "Roles",
    "Say",
    "Sent",
    "cloud_evaluates",
    "cost",
    "cost_lines",
    "draw",
    "hospital_encrypts",
    "issue",
    "open_folders",
    "require_form",
    "require_packages",
    "revealed",
    "say_table",
]

Say: TypeAlias = Callable[[str], None]

MARK = ".pyfe-demo"
"""File that says that a demo made a folder, and that the next one may write there."""

_KEPT, _PASSPHRASE = "kept", "passphrase.txt"
"""What the authority keeps, a folder; an authority is never overwritten, so the one of the demo before is removed."""

_CHUNK = 64
"""Rows between two steps of the progress bar: a fraction of a second under a quadratic scheme."""


@dataclass(frozen=True)
class Roles:
    """One folder a role. What is in a folder is all that the role knows."""

    authority: Path
    hospital: Path
    cloud: Path


@dataclass(frozen=True)
class Sent:
    """What the hospital sent, and what it took: microseconds and bytes a row, saturated values by column."""

    saturated: dict[str, int]
    encrypt_us: float
    row_bytes: float


@dataclass(frozen=True)
class Evaluated:
    """What the cloud got under one key: int64 scores ``[batch]``, or ``[batch, k]`` of a key for k functions, the key's
    policy line, seconds for the table of small logarithms, microseconds a row."""

    scores: IntArray
    policy: str
    table_seconds: float
    score_us: float


# ---------------------------------------------------------------------------------------------------------------
# The roles


def open_folders(folder: Path, story: str) -> Roles:
    """Three folders for what the roles of a story write. Only the files that it writes anew are replaced, its authority
    among them; whatever else was put beside an earlier demo's stays.

    ParameterError for a folder, or one in it that is called like the story, that no demo made.
    """
    base = folder / story
    roles = Roles(base / "authority", base / "hospital", base / "cloud")
    try:
        for place in (folder, base):
            _mark(place)
        for role in (roles.authority, roles.hospital, roles.cloud):
            _require_no_link(role)
            role.mkdir(exist_ok=True)
        if (roles.authority / _KEPT).exists():
            shutil.rmtree(roles.authority / _KEPT)
        (roles.authority / _PASSPHRASE).unlink(missing_ok=True)
    except OSError as error:
        raise ParameterError(f"cannot use the folder {folder}: {error.strerror}") from error
    return roles


FINE = Policy.unrestricted(reason="a demo of exact results, as fine as the model; the default policy wants coarse ones")
"""Of stories whose quadratic results are too fine for the rules to count what they say."""


def _mark(folder: Path) -> None:
    """Make a folder of a demo, or find one. ParameterError for any other."""
    if folder.parent.joinpath(MARK).is_file():
        _require_no_link(folder)
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise ParameterError(f"{folder} holds other things than a demo; give an empty or new --folder")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def _require_no_link(folder: Path) -> None:
    if folder.is_symlink():
        raise ParameterError(f"{folder} leads elsewhere, and no demo made it; give an empty or new --folder")


def issue(
    roles: Roles,
    schema: Schema,
    functions: Mapping[str, Function],
    *,
    scheme: str,
    bits: int,
    purpose: str,
    policy: Policy | None = None,
    reference: Any = None,
) -> list[str]:
    """The authority: its folder, the public key for the others, and a key file for the cloud by function.

    ``reference``: a table of the population, or None, as for :meth:`pyfe.KeyAuthority.create`.
    Returns what the rules found, key by key, as the ledger has it.
    Errors: those of :meth:`pyfe.KeyAuthority.issue`.
    """
    passphrase = secrets.token_urlsafe(24)
    io.write_text(roles.authority / _PASSPHRASE, passphrase + "\n", private=True)
    authority = KeyAuthority.create(
        schema,
        scheme=scheme,
        weight_bits=bits,
        policy=policy,
        reference=reference,
        path=roles.authority / _KEPT,
        passphrase=passphrase,
    )
    for folder in (roles.hospital, roles.cloud):
        io.write_bytes(folder / "public-key.pyfe", authority.public_key.to_bytes())
    for file, function in functions.items():
        key = authority.issue(function, purpose=purpose, recipient="cloud")
        io.write_bytes(roles.cloud / f"{file}.pyfe", key.to_bytes(), private=True)
    return [finding for row in authority.issued for finding in row.findings]


def hospital_encrypts(roles: Roles, table: Mapping[str, Sequence[object]], file: str = "patients.csv") -> Sent:
    """The hospital: the table as CSV in its own folder, only ciphertexts to the cloud."""
    columns = [list(cells) for cells in table.values()]
    io.write_table(roles.hospital / file, list(table), zip(*columns, strict=True))
    public_key = PublicKey.from_bytes((roles.hospital / "public-key.pyfe").read_bytes())
    encoded = io.encode_table(io.read_table(roles.hospital / file), public_key.schema, on_overflow="clip")
    start = time.perf_counter()
    batch = _encrypted(public_key, encoded)
    seconds = time.perf_counter() - start
    data = batch.to_bytes()
    io.write_bytes(roles.cloud / "cohort.pyfe", data)
    return Sent(dict(encoded.saturated), 1e6 * seconds / len(batch), len(data) / len(batch))


def _encrypted(public_key: PublicKey, encoded: Encoded) -> CiphertextBatch:
    """All rows, with a bar on a terminal; the first part carries the saturated counts of all."""
    return CiphertextBatch.concat(
        public_key.encrypt(replace(encoded, x=encoded.x[start:stop], saturated=encoded.saturated if start == 0 else {}))
        for start, stop in progress(len(encoded), _CHUNK, "encrypting", quiet=False)
    )


def cloud_evaluates(roles: Roles, key: str = "function-key", output: str = "scores.csv") -> Evaluated:
    """The cloud: a process of its own that is told no other folder than its own.

    PyfeError with the process's own words when it fails.
    """
    command = [sys.executable, "-P", "-m", "pyfe", "evaluate", "cohort.pyfe", "--key", f"{key}.pyfe"]
    command += ["--public-key", "public-key.pyfe", "--output", output, "--json"]
    done = subprocess.run(command, cwd=roles.cloud, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PyfeError(f"the cloud's process failed: {done.stderr.strip()}")
    report: dict[str, Any] = json.loads(done.stdout)
    scores = _scores(roles.cloud / output)
    return Evaluated(scores, report["policy"], report["search_table_seconds"], report["microseconds_per_row"])


def _scores(file: Path) -> IntArray:
    """The columns ``score``, or ``score[0]``, ``score[1]``, ... of what the cloud wrote."""
    with file.open(newline="") as lines:
        header, *rows = csv.reader(lines)
    places = [i for i, name in enumerate(header) if name.split("[")[0] == "score"]
    scores = np.array([[int(row[i]) for i in places] for row in rows], dtype=np.int64)
    return scores[:, 0] if len(places) == 1 else scores


def require_form(function: Function, rows: Any, scores: IntArray) -> None:
    """Every encrypted score of a single form equals the function in the clear, and numpy's ``z^T F z`` of its integers.

    ``rows``: the table that was encrypted. PyfeError otherwise.
    """
    assert function.schema is not None
    x = function.schema.encode(rows, "clip").x
    z = np.hstack([np.ones((len(x), 1), dtype=np.int64), x])
    forms = function.forms
    F = (forms.matrix() if isinstance(forms, FactoredForms) else forms).dense_array()[0]
    plain = function.evaluate(rows, "clip"), np.einsum("bi,ij,bj->b", z, F, z) + function.intercept[0]
    if not all(np.array_equal(scores, values) for values in plain):
        raise PyfeError("an encrypted score differs from the function evaluated in the clear")


# ---------------------------------------------------------------------------------------------------------------
# Telling it


def cost(sent: Sent, got: Sequence[Evaluated]) -> dict[str, Any]:
    """What one row took: bytes, microseconds to encrypt, microseconds under all keys together; and the table's time."""
    return {
        "encrypt_us": sent.encrypt_us,
        "score_us": sum(each.score_us for each in got),
        "table_seconds": sum(each.table_seconds for each in got),
        "row_bytes": sent.row_bytes,
    }


def cost_lines(result: Mapping[str, Any], row: str) -> dict[str, str]:
    """The lines of :func:`cost` in a story's table; ``row`` is the word for what is encrypted."""
    return {
        "encrypt": f"{result['encrypt_us'] / 1000:.1f} ms a {row}",
        "evaluate": f"{result['score_us'] / 1000:.1f} ms a {row} (search table: {result['table_seconds']:.2f} s, once)",
        "ciphertext": f"{result['row_bytes']:.0f} bytes a {row}",
    }


def revealed(schema: Schema, functions: Sequence[Function], findings: Sequence[str]) -> dict[str, Any]:
    """What keys for these quadratic functions say of one row; plain types.

    ``findings``: those of :func:`issue`; the default policy issues no key that would add one that refuses.
    Bits: what is left of a row whose columns were uniform and independent; real columns are not, so the truth is below.
    """
    forms = [function.forms for function in functions]
    left = leakage.residual_forms(forms, schema, seed=schema.id)  # a story, not a decision
    return {
        "forms": sum(request.k for request in forms),
        "most_forms": leakage.most_forms(schema),
        "monomials": (schema.n + 1) * (schema.n + 2) // 2 - 1,
        "findings": list(findings),
        "intervals": {function.name: function.result_interval[0].tolist() for function in functions},
        "width_bits": {function.name: function.width_bits for function in functions},
        "total_bits": float(left.total_bits),
        "residual_bits": float(left.bits),
        "leaked_bits": float(left.total_bits - left.bits),
        "residual_method": left.method,
    }


def closing_lines(result: Mapping[str, Any], row: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """How the table of a quadratic story ends: policy, what keys reveal, what the story adds, picture and time."""
    return {
        "policy": result["policy"],
        **_revealed_lines(result, row),
        **(more or {}),
        "picture": result["picture"] or "none without matplotlib",
        "took": f"{result['seconds']:.1f} s",
    }


def _revealed_lines(result: Mapping[str, Any], row: str) -> dict[str, str]:
    """The lines of :func:`revealed` in a story's table; ``row`` is the word for what is encrypted."""
    forms = result["forms"]
    return {
        "the keys reveal": f"{forms} integer(s) a {row}, of {result['monomials']} unknown products and columns; "
        f"the rules allow at most {result['most_forms']}",
        "  by the rules": "; ".join(result["findings"]) or "nothing that refuses",
        "  bits": f"{_bits(result, row)}, if columns were uniform and independent ({result['residual_method']}); real "
        "ones are not",
        "  not looked for": "solving the equations; what several rows of one patient say together",
    }


def _bits(result: Mapping[str, Any], row: str) -> str:
    if result["residual_bits"] <= 0:
        return f"all {result['total_bits']:.1f} of a {row}: the results hold {result['leaked_bits']:.1f}"
    return f"{result['leaked_bits']:.1f} of a {row}'s {result['total_bits']:.1f}"


def say_table(lines: Mapping[str, str], say: Say) -> None:
    """Two columns of text."""
    width = max(len(name) for name in lines)
    for name, value in lines.items():
        say(f"  {name.ljust(width)}  {value}")


def draw(path: Path, size: tuple[float, float], paint: Callable[[Any], None]) -> str | None:
    """A PNG of ``size`` inches that ``paint(figure)`` fills; returns its path, or None without matplotlib."""
    if find_spec("matplotlib") is None:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    paint(figure)
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=100, metadata={"Software": None})
    with io.claimed(path, roles.PICTURE) as output:
        output.write(picture.getvalue())
    return str(path)


def require_packages(packages: Mapping[str, str], how: str = "pip install 'pyfe-crypto[demo]'") -> None:
    """ParameterError that says what to install, unless all modules (by the name of their package) are there."""
    absent = [name for name, module in packages.items() if not find_spec(module)]
    if absent:
        raise ParameterError(f"the demo needs {' and '.join(absent)}: {how}")
