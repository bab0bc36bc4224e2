"""The page of the C API has all of the header, and the client that the guide shows is the one that is run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.capi import built, library

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import c_pages  # noqa: E402

HEADER = c_pages.HEADER.read_text()
PAGE = ROOT / "docs" / "reference" / "c-api.md"
GUIDE = (ROOT / "docs" / "guides" / "embed.md").read_text()
CLIENT = ROOT / "examples" / "embed" / "c" / "score.c"


def test_every_name_of_the_header_is_a_heading() -> None:
    headings = re.findall(r"`(\w+)`", "\n".join(re.findall(r"^### .*$", c_pages.reference(HEADER), re.MULTILINE)))
    declared = re.findall(r"^PYFE_API [^(]*?(pyfe_\w+)\(", HEADER, re.MULTILINE)
    constants = re.findall(r"^#define (PYFE_\w+) +\d", HEADER, re.MULTILINE)
    assert set(headings) == {*declared, *constants, *(f"pyfe_{name}" for name in TYPES)}
    assert len(headings) == len(set(headings))


TYPES = ("status", "call", "public_key", "function_key", "batch")


def words(text: str) -> str:
    return re.sub(r"[*\s-]+", " ", text.replace("`", "")).strip()


def test_every_word_of_its_comments_is_there() -> None:
    text = words(c_pages.reference(HEADER))
    for comment in re.findall(r"^/\*(.*?)\*/", HEADER, re.MULTILINE | re.DOTALL):
        assert words(comment) in text


def test_the_page_asks_for_the_header() -> None:
    expanded = c_pages.expand(PAGE.read_text())
    assert c_pages.INCLUDE not in expanded
    assert "### `pyfe_decrypt`" in expanded


def test_every_declaration_is_explained() -> None:
    """But for those whose names say it."""
    bare = [name for item in c_pages.items(HEADER) if not item.text and "/*" not in item.code for name in item.names]
    assert bare == ["pyfe_public_key", "pyfe_function_key", "pyfe_batch"]


def test_statuses_are_those_of_pyfe() -> None:
    from pyfe import errors

    named = re.findall(r"\((\w+Error)\)", HEADER)
    assert len(named) > 8
    assert set(named) <= set(errors.__all__)


def test_the_guide_shows_the_client() -> None:
    [block] = re.findall(r"```c\n(.*?)```", GUIDE, re.DOTALL)
    assert block == CLIENT.read_text()
    assert len(block.splitlines()) <= 60


def test_the_client_runs(tmp_path: Path) -> None:
    """On the golden files of the newest set; and says what is wrong with a damaged one."""
    from tests.golden.test_golden import SETS, expected

    library()
    folder = (built() or Path()).parent
    program = tmp_path / "score"
    flags = [f"-I{c_pages.HEADER.parent}", f"-L{folder}", "-lpyfe", f"-Wl,-rpath,{folder}"]
    subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", CLIENT, *flags, "-o", program], check=True)
    newest, stem = SETS[-1], "ipfe-ddh-ristretto255-every"
    files = [
        newest / f"{name}-{stem}{rest}.pyfe" for name, rest in (("public", ""), ("key", "-ovr"), ("batch", "-plain"))
    ]
    done = subprocess.run([program, *files], capture_output=True, text=True, check=True)
    scores = [int(line.split()[0]) for line in done.stdout.splitlines()]
    said = expected(newest)["authorities"][stem]["batches"]["plain"]["opened"]["ovr"]
    assert scores == [score for row in said for score in row]
    damaged = tmp_path / "damaged.pyfe"
    damaged.write_bytes(files[2].read_bytes()[:-1])
    done = subprocess.run([program, *files[:2], damaged], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.match(r"PYFE_DECODE: envelope: .+\n", done.stderr)


@pytest.mark.parametrize("file", sorted((ROOT / "examples" / "embed").rglob("*.*")), ids=lambda file: file.name)
def test_clients_declare_functions_that_are_there(file: Path) -> None:
    """Also those whose language this machine does not have."""
    found = set(re.findall(r"\bpyfe_[a-z_]+\b(?=\()", file.read_text()))
    known = set(re.findall(r"\bpyfe_\w+", HEADER))
    assert found <= known
