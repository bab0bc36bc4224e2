"""Do the benchmarks run, and is what they print what is promised? A smoke run; its figures mean nothing.

The JSON is {"machine": {...}, "results": [{"id", "value", "unit", "peer", "peer_value", "ratio"}]}; every id is
described in bench/ids.toml; stdout holds the JSON and nothing else.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib

import native

QUESTIONS = ("group", "pairing", "ipfe", "one_patient", "qfe", "memory")
UNITS = {"us", "ms", "per_s", "bytes", "times", "share", "count"}
FIELDS = {"id", "value", "unit", "peer", "peer_value", "ratio"}


def main() -> int:
    """Run the smoke benchmark; 0 when its output is as promised."""
    command = [sys.executable, "-m", "bench", *QUESTIONS, "--smoke", "--json", "-"]
    done = subprocess.run(command, cwd=native.ROOT, stdout=subprocess.PIPE, text=True, timeout=280)
    if done.returncode != 0:
        return done.returncode
    printed = json.loads(done.stdout)
    known = tomllib.loads((native.ROOT / "bench" / "ids.toml").read_text())
    problems = [fault for result in printed["results"] for fault in faults(result, known)]
    if not printed["results"] or not printed["machine"]:
        problems.append("no results, or no machine")
    print(native.table([(r["id"], f"{r['value']:.3g} {r['unit']}", str(r["peer"] or "")) for r in printed["results"]]))
    print("\n".join(problems))
    print(f"bench: {len(printed['results'])} passed, {len(problems)} failed")
    return int(bool(problems))


def faults(result: dict[str, object], known: dict[str, object]) -> list[str]:
    """What is wrong with one result."""
    out = []
    if set(result) < FIELDS:
        out.append(f"{result}: lacks {sorted(FIELDS - set(result))}")
    if result.get("id") not in known:
        out.append(f"{result.get('id')}: not in bench/ids.toml")
    if result.get("unit") not in UNITS:
        out.append(f"{result.get('id')}: unit {result.get('unit')}")
    value = result.get("value")
    if not isinstance(value, int | float) or value <= 0:
        out.append(f"{result.get('id')}: value {value}")
    return out


if __name__ == "__main__":
    sys.exit(main())
