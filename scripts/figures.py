"""Write the figures of README and docs from docs/bench.json, between their marks; --check only says which are stale.

`make figures` measures and then does this. To take the figures of another run: figures.py RUN.json, which is then kept
as docs/bench.json, with its pictures in docs/assets/bench.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

import native

sys.path.insert(0, str(native.ROOT))

from bench.tables import MARK, filled

KEPT = native.ROOT / "docs" / "bench.json"
PICTURES = native.ROOT / "docs" / "assets" / "bench"


def pages() -> list[Path]:
    """README and the pages of docs that have marks."""
    found = [native.ROOT / "README.md", *sorted((native.ROOT / "docs").rglob("*.md"))]
    return [path for path in found if MARK.search(path.read_text(encoding="utf-8"))]


def main() -> int:
    """0 when every page has the figures of the run that is kept, written now or found so."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("run", nargs="?", type=Path, help="JSON of python -m bench to keep; default: what is kept")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when a page has other figures")
    options = parser.parse_args()
    if options.run is not None and not options.check:
        from bench.plots import draw

        shutil.copyfile(options.run, KEPT)
        draw(json.loads(KEPT.read_text()), PICTURES)
    whole = json.loads((options.run if options.check and options.run else KEPT).read_text())
    stale = []
    for path in pages():
        text = path.read_text(encoding="utf-8")
        if (wanted := filled(text, whole)) != text:
            stale.append(path.relative_to(native.ROOT))
            if not options.check:
                path.write_text(wanted, encoding="utf-8")
    print(f"figures: {'other than' if options.check else 'written from'} the run in {len(stale)} pages")
    print("\n".join(map(str, stale)))
    return int(bool(options.check and stale))


if __name__ == "__main__":
    sys.exit(main())
