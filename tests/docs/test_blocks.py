"""Every code block of the README and the docs runs.

Python blocks run in the order of the page, one namespace a page. A ``console`` block is run by bash, a line after
``$ `` at a time, and the words below it must be in the output (``...`` stands for anything). A block of commands that
cannot run here is marked ``<!-- not run: why -->`` on the line before; text and data are ``text``, ``toml``, ``json``.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sybil import Document, Example, Sybil
from sybil.example import SybilFailure
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT)
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "csrc").rglob("README.md")]
)
NOT_RUN = {"text", "toml", "json", "svg", "mermaid", "cpp", "c"}


class Console(CodeBlockParser):
    """Blocks of ``$ command`` lines with their output."""

    language = "console"

    def evaluate(self, example: Example) -> str | None:
        for command, expected in commands(example.parsed):
            done = subprocess.run(
                ["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, timeout=300,
            )  # fmt: skip
            if done.returncode != 0:
                return f"$ {command}\nexit {done.returncode}\n{done.stdout}"
            if expected and not matches(expected, done.stdout):
                return f"$ {command}\nexpected:\n{expected}\ngot:\n{done.stdout}"
        return None


def commands(block: str) -> list[tuple[str, str]]:
    """(command, expected output) pairs; a command goes on while its lines end in a backslash."""
    out: list[tuple[str, str]] = []
    continued = False
    for line in str(block).splitlines():
        if continued:
            out[-1] = (out[-1][0] + "\n" + line.removeprefix("> "), "")
        elif line.startswith("$ "):
            out.append((line[2:], ""))
        elif line.strip():
            out[-1] = (out[-1][0], out[-1][1] + line + "\n")
        continued = line.endswith("\\")
    return out


def matches(expected: str, actual: str) -> bool:
    """Are the expected lines in the output, in order, ``...`` standing for anything?"""
    pattern = r"[\s\S]*".join(re.escape(part.strip()) for part in expected.split("..."))
    squeeze = re.compile(r"[ \t]+")
    return re.search(squeeze.sub(" ", pattern.replace(r"\ ", " ")), squeeze.sub(" ", actual)) is not None


SYBIL = Sybil(parsers=[PythonCodeBlockParser(), Console(), SkipParser()])


def blocks(text: str) -> list[tuple[int, str, str]]:
    """(line, language, line before) of every fence that opens a block."""
    out, inside = [], ""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        fence = re.match(r" *(`{3,}) *([\w-]*)", line)
        if inside and fence and fence[1] == inside and not fence[2]:
            inside = ""
        elif not inside and fence:
            inside = fence[1]
            out.append((number + 1, fence[2], lines[number - 1].strip() if number else ""))
    return out


@pytest.fixture
def visitor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and this environment's programs first on PATH."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"])
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_page(page: Path, visitor: Path) -> None:
    document: Document = SYBIL.parse(ROOT / page)
    for example in document.examples():
        example.evaluate()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_no_block_is_left_out_in_silence(page: Path) -> None:
    silent = []
    for line, language, before in blocks((ROOT / page).read_text()):
        runs = language in {"python", "console"} and not before.startswith("<!-- skip")
        if not runs and language not in NOT_RUN and not re.match(r"<!-- not run: .+ -->", before):
            silent.append(f"{page}:{line}: {language or 'no language'}")
    assert silent == []


def test_planted_errors_are_noticed(visitor: Path) -> None:
    page = visitor / "page.md"
    for block in (
        "```python\nassert 1 + 1 == 3\n```\n",
        "```console\n$ echo one\ntwo\n```\n",
        "```console\n$ false\n```\n",
    ):
        page.write_text("# A page\n\n" + block)
        with pytest.raises((AssertionError, SybilFailure)):
            for example in SYBIL.parse(page).examples():
                example.evaluate()


def test_links_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        text = re.sub(r"```[\s\S]*?```", "", (ROOT / page).read_text())
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if "://" not in target and not target.startswith("mailto:") and not (ROOT / page.parent / target).exists():
                broken.append(f"{page}: {target}")
    assert broken == []
