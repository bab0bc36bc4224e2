"""Every place where a secret is declared public is listed in the docs; there are at most fifteen."""

import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import ctime  # noqa: E402

PAGE = ROOT / "docs" / "explanation" / "constant-time.md"


def listed() -> dict[str, int]:
    text = PAGE.read_text()
    table = text[text.index("<!-- declassified: begin -->") : text.index("<!-- declassified: end -->")]
    return {name: int(count) for name, count in re.findall(r"^\| `([^`]+)` \| (\d+) \|", table, re.MULTILINE)}


def test_the_list_is_complete() -> None:
    calls = Counter(str(path.relative_to(ROOT)) for path, _, _ in ctime.declassified())
    assert listed() == dict(calls)


def test_there_are_few() -> None:
    assert 1 <= len(ctime.declassified()) <= ctime.MOST_DECLASSIFIED
