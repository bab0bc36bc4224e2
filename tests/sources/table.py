"""The table of docs/reference/sources.md: ``python -m tests.sources.table`` holds every source and writes the page.

It is run anew where rows are added; a test holds the names on the page against the registry.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from tests.sources.everything import LIBRARIES, MISSING, OPTIONAL
from tests.sources.holding import Row, held
from tests.sources.registry import REFUSED, SOURCES, Refusal

__all__ = ["PAGE", "page", "refusals"]

PAGE = Path(__file__).parents[2] / "docs/reference/sources.md"

_HEAD = """# Models that compile

This table is made by a test (`tests/sources`). Every row is a fitted model. It is compiled, and its function is held
against the model's **own output**, after its [link](../guides/outputs.md), on rows that neither has seen: each has to
be within its own bound (`output_error`). The same is done with the schema's columns reversed and the rows as a permuted
table, and labels are compared. "off by" is the largest difference, "bound" the largest bound on these rows, in the
units of the output; columns have the default 8 bits, weights the fewest bits that keep the answer within 1 %, and
"search" is what a key of it searches after decryption.

"""

_REFUSED = """
## Models that are refused

Each with the next step that the refusal names.

| model | library | the refusal names |
|---|---|---|
"""

_SAYS = {"probabilities": "probabilities", "output": "predictions", "decision": "decision values", "labels": "classes"}


def page(rows: Iterable[Row]) -> str:
    """The whole page."""
    lines: list[str] = []
    library = ""
    held_rows = list(rows)
    order = list(dict.fromkeys(row.library for row in held_rows))  # the rows of a library may stand in several files
    for row in sorted(held_rows, key=lambda row: order.index(row.library)):
        if row.library != library:
            library = row.library
            lines += [
                "",
                f"## {library}",
                "",
                "| model | kind | link | compared | off by | bound | weight bits | search |",
            ]
            lines.append("|---|---|---|---|---|---|---|---|")
        sizes = "exact" if row.says == "labels" else f"{row.difference:.2g}"
        bound = "" if row.says == "labels" else f"{row.bound:.2g}"
        lines.append(
            f"| {row.name} | {row.kind} | {row.link} | {_SAYS[row.says]} | {sizes} | {bound} | {row.weight_bits} "
            f"| 2^{row.width_bits:.0f} |"
        )
    return _HEAD + "\n".join(lines[1:]) + "\n" + _REFUSED + "\n".join(map(_refusal, refusals())) + "\n"


def refusals() -> list[Refusal]:
    """All refusals, in the order of the page."""
    return list(REFUSED.values())


def _refusal(one: Refusal) -> str:
    return f"| {one.name} | {one.library} | `{one.step}` |"


if __name__ == "__main__":
    assert all(find_spec(name) for name in OPTIONAL), f"the page has rows of {', '.join(OPTIONAL)}, too"
    assert not MISSING, f"of {', '.join(LIBRARIES)}, these are missing: {', '.join(MISSING)}"
    PAGE.write_text(page(held(source) for source in SOURCES.values()), encoding="utf-8")
