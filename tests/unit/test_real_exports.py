"""Real tables in the dialects of twelve programs: each from its file to scores by commands alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.by_commands import HEADER, expected_scores, scores_written, told
from tests.exports import EXPORTS, Export, installed

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "tables.md"

QUICK = ("R, write.csv2", "German Excel", "a hospital's laboratory, in gzip")


@pytest.mark.parametrize(
    "export",
    [pytest.param(one, id=one.name, marks=() if one.name in QUICK else pytest.mark.slow) for one in EXPORTS],
)
def test_from_a_file_to_scores_by_commands_alone(
    export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scores are those of the model's integer function on the values that were written; every refusal on the way
    names what is said next, and the guide says how many there are."""
    if not installed(export):
        pytest.skip(f"{export.package} is not installed")
    monkeypatch.chdir(tmp_path)
    story, rows = told(export), export.rows()
    ids, scores = scores_written()
    assert scores == expected_scores(rows).tolist() and len(set(scores)) > 3
    wanted = range(len(rows)) if export.ids is None else rows[export.ids]
    assert ids == list(map(str, wanted))
    print(story.line())
    assert story.line() in GUIDE.read_text(encoding="utf-8").splitlines()


def test_there_are_twelve_and_the_guide_lists_them() -> None:
    assert len(EXPORTS) == len({one.name for one in EXPORTS}) == len({one.table for one in EXPORTS}) == 12
    lines = GUIDE.read_text(encoding="utf-8").splitlines()
    first = lines.index(HEADER.splitlines()[0])
    listed = [line.split(" | ")[0].removeprefix("| ") for line in lines[first + 2 : first + 14]]
    assert listed == [one.name for one in EXPORTS] and not lines[first + 14]
