"""What the button "copy" of a page takes is what the tests run: no prompt, no output, whole commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pygments.lexers import get_lexer_by_name
from pygments.token import Generic

from tests.docs.test_blocks import PAGES, ROOT, commands

STYLES = (ROOT / "docs" / "assets" / "site.css").read_text()


def texts(page: Path, language: str) -> list[str]:
    """The blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)


def copied(block: str, language: str) -> str:
    """A block without what the style sheet takes out: prompts, and lines that hold output."""
    lines = [""]
    hidden = [False]
    for kind, value in get_lexer_by_name(language).get_tokens(block):
        for part in re.split(r"(?<=\n)", value):
            lines[-1] += "" if kind in Generic.Prompt else part
            hidden[-1] |= kind in Generic.Output and bool(part.strip())
            if part.endswith("\n"):
                lines.append("")
                hidden.append(False)
    return "".join(line for line, out in zip(lines, hidden, strict=True) if not out)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_copied_block_is_its_commands(page: Path) -> None:
    for block in texts(page, "console"):
        assert copied(block, "console").split("\n") == [
            line for command, _ in commands(block) for line in command.split("\n")
        ] + [""], block


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_commands_run_one_after_another(page: Path) -> None:
    """The tests give each command a shell of its own; a reader pastes them all into one."""
    ran = [command for block in texts(page, "console") for command, _ in commands(block)]
    assert [command for command in ran if re.match(r"(cd|export|source|\.) ", command)] == []
    assert [block for block in texts(page, "shell") if re.search(r"^\s*[$>%] ", block, re.MULTILINE)] == []


def test_the_style_sheet_takes_out_what_is_taken_out_here() -> None:
    hiding = re.search(r"([^}]*)\{\s*display: none !important;\s*\}", STYLES)
    assert hiding
    selectors = re.sub(r"/\*.*?\*/", "", hiding[1], flags=re.DOTALL).split(",")
    assert {each.strip() for each in selectors} == {"[data-md-copying] .gp", "[data-md-copying] > span:has(> .go)"}


def test_a_copied_block_is_short_of_prompts_and_output() -> None:
    block = "$ echo one \\\n>   two\none two\n$ true\n"
    assert copied(block, "console") == "echo one \\\n  two\ntrue\n"
    assert copied(">>> 1 + 1\n2\n>>> if True:\n...     print(3)\n3\n", "pycon") == "1 + 1\nif True:\n    print(3)\n"
