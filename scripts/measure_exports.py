"""The table of docs/guides/tables.md: what real tables in the dialects of twelve programs take, from file to scores.

    python scripts/measure_exports.py

It prints the table; tests/unit/test_real_exports.py holds it against the guide. Tables of packages that are not
installed are left out, and named on stderr. Some 30 s of processor time.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.by_commands import HEADER, RefusedError, told
from tests.exports import EXPORTS, installed


def main() -> int:
    """Print the table; 1 where an export did not go through."""
    print(HEADER)
    failed = 0
    for export in EXPORTS:
        if not installed(export):
            print(f"{export.name}: {export.package} is not installed", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            try:
                print(told(export).line(), flush=True)
            except RefusedError as error:
                print(f"{export.name}: {error}", file=sys.stderr, flush=True)
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
