"""Writes golden cohorts and signed batches: python generate_cohorts.py FOLDER, run once on the version they are of.

A public key, a function key, the identity that signed, cohorts in Parquet as they are written and as other programs
rewrote them, a signed batch, and what they are and score. As for the other sets, a second run would write other bytes,
and a changed format gets a new folder.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyfe
from pyfe.cohorts import Chunk, PublicColumn, open_cohort, places, write_part
from pyfe.identity import IdentitySecret
from pyfe.owner import OwnerSecret

NOW = 1_700_000_000.0
ROWS: dict[str, list[Any]] = {"a": [0, 15, 7, 3, 9, 1], "b": [7, 0, 3, 2, 5, 6], "sex": ["f", "m", "m", "f", "f", "m"]}
IDS: list[Any] = ["P-0017", 17, "größe ", "x" * 256, '😀, "quoted" = 1', "0"]
PUBLIC: dict[str, list[Any]] = {
    "ward": ["A", None, "größe", "😀", " ", "A"],
    "visits": [1, None, -(2**50), 2**50, 0, 3],
    "dose": [0.5, -0.0, None, 1e300, 5e-324, 3.0],
    "smoker": [True, False, None, True, True, False],
}


def schema() -> pyfe.Schema:
    """Three columns."""
    return pyfe.Schema.from_ranges({"a": pyfe.number(0, 15, step=1), "b": pyfe.number(0, 7, step=1), "sex": ["f", "m"]})


def chunks(batch: pyfe.CiphertextBatch, rows_a_chunk: int, public: dict[str, list[Any]]) -> list[Chunk]:
    """The chunks of a batch, unsigned."""
    found = []
    for place, rows in places(len(batch), rows_a_chunk):
        part = slice(place.first_row, place.first_row + rows)
        columns = {name: PublicColumn.of(cells[part], PublicColumn.of(cells).kind) for name, cells in public.items()}
        found.append(Chunk(place, batch[part], columns))
    return found


def by_pandas(path: Path, place: Path) -> None:
    """Read and written again."""
    import pandas

    pandas.read_parquet(path).to_parquet(place)


def by_polars(path: Path, place: Path) -> None:
    """Likewise."""
    import polars

    polars.read_parquet(path).write_parquet(place)


def by_duckdb(path: Path, place: Path) -> None:
    """Likewise."""
    import duckdb

    duckdb.connect().execute(f"COPY (SELECT * FROM '{path}') TO '{place}' (FORMAT parquet)")


REWRITERS: dict[str, Callable[[Path, Path], None]] = {"pandas": by_pandas, "polars": by_polars, "duckdb": by_duckdb}


def write_role(folder: Path, name: str, scheme: str) -> tuple[pyfe.PublicKey, pyfe.FunctionKey]:
    """An authority's two keys."""
    policy = pyfe.Policy.unrestricted(reason="golden files")
    authority = pyfe.KeyAuthority.create(schema(), scheme=scheme, policy=policy, clock=lambda: NOW)
    key = authority.issue(pyfe.Function.from_integers(schema(), [3, -2, 5], 11), purpose="golden")
    (folder / f"public-{name}.pyfe").write_bytes(authority.public_key.to_bytes())
    (folder / f"key-{name}.pyfe").write_bytes(key.to_bytes())
    return authority.public_key, key


def main(folder: Path) -> None:
    """The objects, and cohorts.json with what they say."""
    folder.mkdir(parents=True)
    signer, owner = IdentitySecret.generate("the hospital"), OwnerSecret.generate()
    (folder / "signer.pyfe").write_bytes(signer.identity.to_bytes())
    linear, key = write_role(folder, "linear", "ipfe-ddh")
    quadratic, _ = write_role(folder, "quadratic", "qfe-ggm")
    clear = linear.encrypt(ROWS, ids=IDS, carry_ids="clear")
    hidden = linear.encrypt(ROWS, ids=IDS, carry_ids="pseudonym", owner_secret=owner)
    cohorts = {
        "linear-signed": [chunk.signed(signer) for chunk in chunks(clear, 4, PUBLIC)],
        "linear-pseudonyms": chunks(hidden, 6, {}),
        "linear-combined": chunks(2 * hidden - clear, 5, {}),
        "quadratic-clipped": [
            chunk.signed(signer)
            for chunk in chunks(quadratic.encrypt({**ROWS, "a": [16] * 6}, on_overflow="clip"), 3, {})
        ],
    }
    for name, written in cohorts.items():
        write_part(folder / f"cohort-{name}.parquet", written, fingerprint=linear.fingerprint)
    for program, rewrite in REWRITERS.items():
        rewrite(folder / "cohort-linear-signed.parquet", folder / f"cohort-linear-signed-{program}.parquet")
    (folder / "batch-linear.pyfe").write_bytes(clear.signed(signer).to_bytes())
    expected = {path.name: said(path, folder) for path in sorted(folder.glob("cohort-*.parquet"))}
    scores = key.decrypt(clear).tolist()
    text = {"version": pyfe.__version__, "cohorts": expected, "batch": scores}
    (folder / "cohorts.json").write_text(json.dumps(text, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def said(path: Path, folder: Path) -> dict[str, Any]:
    """What a cohort is."""
    cohort = open_cohort(path)
    name = path.name.split("-")[1]
    public = pyfe.PublicKey.from_bytes((folder / f"public-{name}.pyfe").read_bytes())
    key = pyfe.FunctionKey.from_bytes((folder / f"key-{name}.pyfe").read_bytes(), public_key=public)
    read = list(cohort.chunks())
    return {
        "id": cohort.id.hex(),
        "rows": [len(chunk) for chunk in read],
        "signer": None if cohort.signer is None else cohort.signer.hex(),
        "columns": cohort.columns,
        "public": [[list(column.cells) for column in chunk.public.values()] for chunk in read],
        "ids": [None if chunk.batch.ids is None else list(chunk.batch.ids) for chunk in read],
        "saturated": [chunk.batch.saturated for chunk in read],
        "batches": [chunk.batch.id.hex() for chunk in read],
        "scores": [key.decrypt(chunk.batch, largest_weight_sum=3).tolist() for chunk in read],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
