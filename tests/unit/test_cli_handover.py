"""What is handed over: made and checked without a secret, and nothing else passes for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pyfe.cli import main
from pyfe.cohorts import Chunk, open_cohort, write_part
from pyfe.cohorts.handover import Handover, cohort_handover
from pyfe.cohorts.manifest import Command, Counts, Manifest
from pyfe.cohorts.parts import work_folder
from pyfe.errors import DecodeError
from tests.unit.commands import run
from tests.unit.test_cli_cohorts import chunks_of, encrypted, folder, owner, refused

assert folder is not None  # a fixture
VERIFY = ["verify-cohort", "rows.parquet"]


def in_parts(place: Path, chunks: list[Chunk], most: int = 99) -> None:
    """A folder of parts of two chunks, perhaps not all."""
    command = Command("ciphertexts", {"public_key": "ab"}, len(chunks), 2)
    with work_folder(place, command, clock=lambda: 1_800_000_000.0) as work:
        for span in work.missing()[:most]:
            part = chunks[span.first_chunk : span.first_chunk + span.chunks]
            work.add(span, lambda file, part=part: Counts(write_part(file, part).rows))  # type: ignore[misc]
        if not work.missing():
            work.finish()


def test_who_what_and_how_much(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, *VERIFY, "--signed-by", "owner", "-p", "public", "-o", "handover.json")
    assert (said["rows"], said["chunks"], said["ids"], said["signed_by"]) == (90, 6, "clear", "the hospital")
    assert said["signer"] == owner().identity.ed25519.hex() and said["files"] == 1
    written = json.loads(Path("handover.json").read_text())
    assert written["cohort"] == open_cohort("rows.parquet").id.hex() and written["content"] == said["content"]
    again = run(capsys, *VERIFY, "--handover", "handover.json", "-o", "handover-2.json")
    assert again["as_handed_over"] and again["same_files"] and again["content"] == said["content"]
    assert main([*VERIFY, "-o", "handover.json"]) == 0 and capsys.readouterr()  # another manifest is replaced
    assert "not a hand-over manifest" in refused(capsys, *VERIFY, "-o", "owner")[1]


def test_a_manifest_says_what_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who, what, when and how much; and where a cohort is asked for, what to call it for."""
    found = run(capsys, *VERIFY, "--signed-by", "owner", "-p", "public", "-o", "handover.json")
    said = run(capsys, "info", "handover.json", "-p", "public")["handover.json"]
    assert (said["object"], said["rows"], said["chunks"], said["ids"]) == ("hand-over manifest", 90, 6, "clear")
    assert said["signed_by"] == "the hospital" and said["signer"] == found["signer"] and not said["verified"]
    assert said["written"].endswith("+00:00") and said["content"] == found["content"]
    assert list(said["files"]) == ["rows.parquet"]
    fingerprint = run(capsys, "info", "public")["public"]["fingerprint"]
    assert said["public_key_fingerprint"] == found["public_key_fingerprint"] == fingerprint
    assert found["signed_by_fingerprint"] == owner().identity.fingerprint
    assert main(["info", "handover.json"]) == 0
    words = capsys.readouterr().out
    assert "hand-over manifest" in words and "the hospital" in words and "pyfe verify-cohort" in words
    for more in ([], ["--signed-by", "owner"]):
        kind, message = refused(capsys, "verify-cohort", "handover.json", *more)
        assert kind == "ParameterError" and "stands for a cohort of 90 rows in 'rows.parquet'" in message
        assert "--handover handover.json" in message


HOSTILE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a second in words": lambda said: said.update(written="yesterday"),
    "rows that are true": lambda said: said.update(rows=True),
    "files by name": lambda said: said.update(files={"rows.parquet": 1}),
    "a file without a size": lambda said: said["files"][0].pop("bytes"),
    "a file of other things": lambda said: said["files"][0].update(name=5),
    "columns in a list": lambda said: said.update(columns=["ward"]),
    "counts in words": lambda said: said.update(saturated={"a": "many"}),
    "a signer that is a number": lambda said: said.update(signer=5),
}


@pytest.mark.parametrize("change", HOSTILE)
def test_a_manifest_of_other_types_is_none(folder: Path, capsys: pytest.CaptureFixture[str], change: str) -> None:
    run(capsys, *VERIFY, "-o", "handover.json")
    said = json.loads(Path("handover.json").read_text())
    HOSTILE[change](said)
    Path("handover.json").write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")
    assert refused(capsys, *VERIFY, "--handover", "handover.json")[0] == "DecodeError"
    assert main(["info", "handover.json"]) == 1
    assert "DecodeError" in capsys.readouterr().err


def test_files_may_be_cut_otherwise_and_the_content_is_the_same(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = run(capsys, *VERIFY, "-o", "handover.json")["content"]
    pq.write_table(pq.read_table("rows.parquet"), "merged.parquet")
    said = run(capsys, "verify-cohort", "merged.parquet", "--handover", "handover.json", "--signed-by", "owner")
    assert said["content"] == content and said["as_handed_over"] and not said["same_files"]


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "rows is 90, and was 91": lambda said: said.update(rows=91),
    "content is": lambda said: said.update(content="0" * 64),
    "signer is": lambda said: said.update(signer=None),
}


@pytest.mark.parametrize("words", CHANGES)
def test_anything_else_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], words: str) -> None:
    run(capsys, *VERIFY, "-o", "handover.json")
    said = json.loads(Path("handover.json").read_text())
    CHANGES[words](said)
    said.pop("format"), said.pop("version")
    Path("handover.json").write_text(Handover(**said).to_text())
    kind, message = refused(capsys, *VERIFY, "--handover", "handover.json")
    assert kind == "KeyMismatchError" and words in message


def test_other_rows_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *VERIFY, "-o", "handover.json")
    write_part("rows.parquet", chunks_of(encrypted()))
    assert refused(capsys, *VERIFY, "--handover", "handover.json")[0] == "KeyMismatchError"
    assert refused(capsys, *VERIFY, "--signed-by", "stranger")[0] == "SignatureError"
    chunks = chunks_of(encrypted())
    write_part(
        "rows.parquet", [chunks[0], Chunk(chunks[1].place, chunks[2].batch, {}, chunks[2].signature), *chunks[2:]]
    )
    assert "chunk 1 of 6" in refused(capsys, *VERIFY)[1]


def test_no_secret_is_in_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *VERIFY, "-o", "handover.json")
    text = Path("handover.json").read_text()
    assert "P-1" not in text and set(json.loads(text)) == {"format", "version", *Handover.__dataclass_fields__}


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "pyfe hand-over"}', "{}{}", '{"rows": 1, "rows": 2}'])
def test_what_is_no_manifest(folder: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    with pytest.raises(DecodeError):
        Handover.from_text(text)
    run(capsys, *VERIFY, "-o", "handover.json")
    good = Path("handover.json").read_text()
    for changed in (
        good + " ",
        good.replace('"rows": 90', '"rows": 90.5e0'),
        good.replace('"version": 1', '"version": 2'),
    ):
        Path("handover.json").write_text(changed)
        assert refused(capsys, *VERIFY, "--handover", "handover.json")[0] in ("DecodeError", "KeyMismatchError")


def test_a_folder_of_parts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chunks = chunks_of(encrypted())
    in_parts(Path("cohort"), chunks)
    assert run(capsys, "verify-cohort", "cohort", "--signed-by", "owner")["files"] == 3
    said = run(capsys, "info", "cohort")["cohort"]
    assert (said["object"], said["rows"], said["parts"], said["state"]) == ("cohort in parts", 90, 3, "finished")
    assert said["finished"].startswith("2027-01-15") and said["made_from"] == {"public_key": "ab"}
    part = Path("cohort/part-000001.parquet")
    whole = part.read_bytes()
    part.write_bytes(whole[:-300] + bytes([whole[-300] ^ 1]) + whole[-299:])
    assert refused(capsys, "verify-cohort", "cohort")[0] == "DecodeError"
    part.unlink()
    assert refused(capsys, "verify-cohort", "cohort")[0] == "DecodeError"


def test_files_that_are_replaced_meanwhile_are_not_vouched_for(folder: Path) -> None:
    """Every chunk was read of one file, and the hash would be of another."""
    cohort = open_cohort("rows.parquet")

    def replaced(rows: int) -> None:
        if rows < 16:  # the last chunk
            Path("other").write_bytes(b"PAR1 of somebody else")
            Path("other").replace("rows.parquet")

    with pytest.raises(DecodeError, match="rows.parquet was changed while it was read"):
        cohort_handover(cohort, second=1, advance=replaced)


def test_a_folder_that_is_not_finished(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    in_parts(Path("cohort"), chunks_of(encrypted()), most=1)
    for command in (["verify-cohort", "cohort"], ["evaluate", "cohort", "-k", "key", "-o", "scores.csv"]):
        assert "is not finished: 2 parts are missing" in refused(capsys, *command)[1]
    said = run(capsys, "info", "cohort")["cohort"]
    assert (said["parts"], said["parts_missing"], said["rows_in_parts"]) == (1, 2, 32)
    assert said["state"].startswith("not finished") and said["finished"] is None


def test_a_manifest_that_tells_of_any_number_of_parts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are counted, and not made up: a list of them would fill the memory."""
    Path("cohort").mkdir()
    manifest = Manifest(Command("ciphertexts", {"public_key": "ab"}, 2**48, 1))
    Path("cohort/manifest.json").write_text(manifest.to_text())
    words = f"is not finished: {2**48} parts are missing"
    for command in (["verify-cohort", "cohort"], ["evaluate", "cohort", "-k", "key", "-o", "scores.csv"]):
        assert words in refused(capsys, *command)[1]
    assert run(capsys, "info", "cohort")["cohort"]["parts_missing"] == 2**48


def test_cohorts_are_neither_cut_nor_joined(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (
        ["slice", "rows.parquet", "--rows", "1:2", "-o", "some"],
        ["concat", "batch", "rows.parquet", "-o", "some"],
        ["append", "rows.parquet", "batch"],
    ):
        assert "neither cut nor joined" in refused(capsys, *command)[1]
