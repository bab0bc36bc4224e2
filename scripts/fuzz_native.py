"""The native decoders under LLVM's libFuzzer: fuzz_native.py [TARGET ...] [--executions N] [--seconds S] [--list]

Every target of tests/fuzz/native is built by clang with address and undefined-behaviour checking, starts from seeds
that are cut out of the golden files, and runs in tenths of N executions (1,000,000) of at most 64 KB (a polynomial of
the lattice scheme is as long: 256 KB there). Resumable: the
corpus and the count of a target lie in build/fuzz-native/, and what was executed is not executed again unless a file
that the target is made of changed. --seconds stops a target after this much of its time; the next call goes on.

The backend is that of the machine: with AVX-512 IFMA decoding takes a seventh of the time. PYFE_BACKEND=portable also
counts the edges of the portable arithmetic.

The table says, a target: executions; coverage (edges) after nine tenths and at the end, which should be equal; the
slowest unit in seconds; the peak of resident memory; executions a second. An input that breaks a target is kept in
build/fuzz-native/TARGET/found/; move it to tests/fuzz/native/found/TARGET/, where CI replays it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import native

FOLDER = native.ROOT / "build" / "fuzz-native"
SOURCES = native.ROOT / "tests" / "fuzz" / "native"
GOLDEN = native.ROOT / "tests" / "golden"
PIECES = 10
MAX_LENGTH = 1 << 16
LONGER = dict.fromkeys(["ipfe_rlwe_public_key", "ipfe_rlwe_function_key", "ipfe_rlwe_batch"], 1 << 18)
MAX_SECONDS, MAX_MEMORY_MB = 20, 1024
"""Of one unit, and of a process: the checks of the compiler take ten times the time and several times the memory."""

APT = "clang-14 libclang-rt-14-dev lld-14 llvm-14"
KINDS = {
    3: ("public", {1: "ipfe_ddh_public_key", 2: "qfe_public_key", 3: "qfe_public_key", 4: "ipfe_rlwe_public_key"}),
    4: ("key", {1: "ipfe_ddh_function_key", 2: "qfe_function_key", 3: "qfe_function_key", 4: "ipfe_rlwe_function_key"}),
    5: ("batch", {1: "ipfe_ddh_batch", 2: "qfe_batch", 3: "qfe_batch", 4: "ipfe_rlwe_batch"}),
    17: ("proof", {1: "ipfe_ddh_score_proof"}),
}
"""Targets of the payloads of an envelope, by its kind and its scheme."""


@dataclass
class Progress:
    """What a target has done: executions, and (executions, edges) after every piece."""

    key: str
    executions: int = 0
    seconds: float = 0.0
    edges: list[tuple[int, int]] = field(default_factory=list)
    slowest: int = 0
    peak_mb: int = 0
    found: int = 0


def targets() -> list[str]:
    """Names of all targets: one a file fuzz_NAME.cpp."""
    return sorted(path.stem.removeprefix("fuzz_") for path in SOURCES.glob("fuzz_*.cpp"))


def seeds() -> dict[str, list[bytes]]:
    """First inputs by target: golden files, their payloads, and the points in these."""
    made: dict[str, list[bytes]] = {name: [b"\0" * 64] for name in targets()}
    for name in made:
        if name.startswith("ipfe_rlwe"):  # what is repaired grows to the length of a polynomial
            made[name] += [bytes((number + 1) * (7 * at + number) % 256 for at in range(240)) for number in range(12)]
    for path in sorted(GOLDEN.glob("*/*.pyfe")):
        data = path.read_bytes()
        if len(data) > MAX_LENGTH:
            continue
        made["envelope"].append(data)
        made["cbor"].append(_metadata(data))
        kind, scheme = data[6], int.from_bytes(data[8:10], "little")
        payload = data[88 : 88 + int.from_bytes(data[76:84], "little")]
        if kind in KINDS:
            made[KINDS[kind][1][scheme]].append(payload)
        if kind == 5 and not KINDS[5][1][scheme].startswith("ipfe_rlwe"):
            made["points"] += _points(scheme, payload)
        if kind == 3:
            made[KINDS[3][1][scheme].replace("public", "secret")].append(payload)
    made["table"] += [bytes([repaired, place, 0, 0, 1, 2, 3]) for repaired in (0, 1, 7) for place in (0, 24, 32, 127)]
    return made


def _metadata(data: bytes) -> bytes:
    """The metadata of an envelope."""
    start = 88 + int.from_bytes(data[76:84], "little")
    return data[start : start + int.from_bytes(data[84:88], "little")]


def _points(scheme: int, payload: bytes) -> list[bytes]:
    """The first points of a batch, behind the byte that says their group; scalars besides."""
    scalars = [bytes([group]) + bytes(range(31)) + b"\0" for group in (4, 5)]
    if scheme == 1:
        return [b"\0" + payload[45:109], *scalars]
    return [b"\1" + payload[49:97], b"\2" + payload[97:193], b"\3\1" + bytes(575), *scalars]


def build() -> Path:
    """All targets, with clang; ends with the apt line where it is missing."""
    clang = shutil.which("clang++-14") or shutil.which("clang++")
    if clang is None:
        sys.exit(f"clang++ is not installed: apt-get install --no-install-recommends {APT}")
    os.environ["CXX"] = clang  # as a definition it would have CMake begin anew each time
    return native.build(
        "fuzz",
        [f"fuzz_{name}" for name in targets()],
        "-DPYFE_BUILD_TESTING=OFF",
        "-DPYFE_FUZZ=ON",
        "-DPYFE_SANITIZE=fuzzer-no-link,address,undefined",
    )


def identity(name: str) -> str:
    """Hash of what a target is made of: the core, the shared files, its own."""
    digest = hashlib.sha256()
    own = [SOURCES / f"fuzz_{name}.cpp", *SOURCES.glob("*.hpp"), SOURCES / "engine.cpp", native.ROOT / "CMakeLists.txt"]
    core = [path for path in (native.ROOT / "csrc").rglob("*") if path.is_file() and "bindings" not in path.parts]
    for path in sorted({*own, *core}):
        digest.update(str(path.relative_to(native.ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def load(name: str) -> Progress:
    """What is known of a target; from the beginning where it is made of other files now (its corpus stays)."""
    key, file = identity(name), FOLDER / name / "progress.json"
    saved = json.loads(file.read_text()) if file.exists() else {}
    return Progress(**saved) if saved.get("key") == key else Progress(key)


def save(name: str, progress: Progress) -> None:
    """One file a target, replaced at once."""
    file = FOLDER / name / "progress.json"
    temporary = file.with_suffix(".tmp")
    temporary.write_text(json.dumps(asdict(progress)))
    temporary.replace(file)


def fuzz(name: str, program: Path, executions: int, seconds: float) -> Progress:
    """Pieces of a target until it has done its executions, has broken, or its time is spent."""
    folder = FOLDER / name
    for part in ("corpus", "found", "seeds"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()[name]):
        (folder / "seeds" / f"{number:03}").write_bytes(seed)
    progress, start = load(name), time.monotonic()
    while progress.executions < executions:
        left = seconds - (time.monotonic() - start) if seconds else 3600.0
        if left < 1:
            break
        runs = min(-(-executions // PIECES), executions - progress.executions)
        good = piece(program, folder, progress, runs, left)
        save(name, progress)
        if not good:
            break
    return progress


def piece(program: Path, folder: Path, progress: Progress, runs: int, seconds: float) -> bool:
    """One process of the engine; False when the target broke."""
    longest = LONGER.get(folder.name, MAX_LENGTH)
    held = sum(1 for _ in (folder / "corpus").iterdir()) + sum(1 for _ in (folder / "seeds").iterdir())
    options = {
        "runs": runs + held, "max_total_time": max(1, int(seconds)), "max_len": longest, "timeout": MAX_SECONDS,
        "rss_limit_mb": MAX_MEMORY_MB, "print_final_stats": 1, "reload": 0,
        "len_control": 0 if folder.name in LONGER else 20,  # a limit that grows slowly would keep repairs out
        "artifact_prefix": f"{folder / 'found'}/", "seed": 1 + progress.executions % (2**31 - 1),
    }  # fmt: skip
    command: list[str | Path] = [
        program,
        *(f"-{key}={value}" for key, value in options.items()),
        folder / "corpus",
        folder / "seeds",
    ]
    environment = {"PYFE_NUM_THREADS": "1", "ASAN_OPTIONS": "detect_leaks=1"}
    done = native.run(command, timeout=seconds + 300, env=environment)
    (folder / "log").write_text(done.output)
    stats = {key: int(value) for key, value in re.findall(r"stat::(\w+):\s+(\d+)", done.output)}
    edges = [int(value) for value in re.findall(r"cov: (\d+)", done.output)]
    progress.executions += stats.get("number_of_executed_units", 0)
    progress.seconds += done.seconds
    progress.slowest = max(progress.slowest, stats.get("slowest_unit_time_sec", 0))
    progress.peak_mb = max(progress.peak_mb, stats.get("peak_rss_mb", 0))
    progress.found = sum(not path.name.startswith("slow-unit") for path in (folder / "found").iterdir())
    progress.edges.append((progress.executions, edges[-1] if edges else 0))
    return done.code == 0


def edges_at(progress: Progress, executions: float) -> int:
    """Coverage when so many executions were done."""
    return max((edges for count, edges in progress.edges if count <= executions), default=0)


def row(name: str, progress: Progress, executions: int) -> tuple[str, ...]:
    """A line of the table."""
    last = progress.edges[-1][1] if progress.edges else 0
    before = edges_at(progress, 0.9 * progress.executions + 1)
    verdict = (
        f"BROKE: {progress.found} found" if progress.found else "ok" if progress.executions >= executions else "goes on"
    )
    speed = progress.executions / progress.seconds if progress.seconds else 0
    numbers = (progress.executions, before, last, progress.slowest, progress.peak_mb, round(speed))
    return (name, *(f"{number:,}" for number in numbers), verdict)


def main() -> int:
    """Build, run what is left, say how far every target is; 0 when all are done and none broke."""
    options = parse()
    chosen = options.targets or targets()
    unknown = set(chosen) - set(targets())
    if unknown:
        sys.exit(f"{', '.join(sorted(unknown))}: not among {', '.join(targets())}")
    if options.list:
        print("\n".join(chosen))
        return 0
    programs = build()

    def one(name: str) -> Progress:
        return fuzz(name, native.find_program(programs, f"fuzz_{name}"), options.executions, options.seconds)

    with ThreadPoolExecutor(native.JOBS) as pool:
        results = dict(zip(chosen, pool.map(one, chosen), strict=True))
    head = ("target", "executions", "edges at 90 %", "edges", "slowest s", "peak MB", "a second", "")
    print(native.table([head, *(row(name, done, options.executions) for name, done in results.items())]))
    bad = [name for name, done in results.items() if done.found or done.executions < options.executions]
    print(f"\nfuzz: {len(results) - len(bad)} done, {len(bad)} broke or to be gone on with")
    return int(bool(bad))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="default: all")
    parser.add_argument("--executions", type=int, default=10**6, help="a target, in all (1000000)")
    parser.add_argument("--seconds", type=float, default=0.0, help="of each target in this call; 0: no limit")
    parser.add_argument("--list", action="store_true", help="name the targets")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
