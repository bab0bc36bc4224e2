"""The nightly run: what repeats a step and what does not, resumption, the plan; with commands that cost nothing."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def nightly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The script as a module, its state in a folder of the test."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    spec = importlib.util.spec_from_file_location("nightly_under_test", ROOT / "scripts" / "nightly.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "STATE", tmp_path)
    yield module
    sys.modules.pop("native", None)


def changed_by(nightly: Any, name: str, files: dict[str, bytes]) -> set[str]:
    """The steps that a change of one file repeats."""
    assert name in files, name
    other = {**files, name: b"something else"}
    steps = (*nightly.steps(), *nightly.released())
    return {step.name for step in steps if nightly.key(step, files) != nightly.key(step, other)}


def test_a_change_repeats_what_depends_on_it(nightly: Any) -> None:
    files = nightly.sources()
    every = {step.name for step in (*nightly.steps(), *nightly.released())}
    tests = {name for name in every if name.startswith("tests-")}
    assert changed_by(nightly, "docs/guides/compile.md", files) == {"lint", "docs", "tests-rules", "fresh"}
    native = {"sanitizers-address", "sanitizers-thread", "ctime", "ctime-zig", "qemu"}
    assert changed_by(nightly, "csrc/base/secret.cpp", files) == every
    for name in ("CMakeLists.txt", "scripts/native.py"):
        assert changed_by(nightly, name, files) >= native | tests
    assert changed_by(nightly, "pyfe/schema/schema.py", files) == every - native - fuzz(every)
    assert changed_by(nightly, "pyproject.toml", files) >= tests | {"wheels", "wheels-bare", "arm64", "embed", "bench"}
    assert changed_by(nightly, "Makefile", files) >= tests
    assert changed_by(nightly, "tests/conftest.py", files) >= tests
    assert changed_by(nightly, "tests/unit/objects.py", files) >= tests
    everything = {"lint", "docs", "tests-rules", "fresh"}
    assert changed_by(nightly, "tests/unit/test_schema.py", files) == everything | {"tests-unit"}
    ran = {"tests-differential", "tests-portable-differential"}
    assert changed_by(nightly, "tests/differential/test_qfe_random.py", files) == everything | ran
    assert changed_by(nightly, "scripts/ctime.py", files) >= {"ctime", "ctime-zig", "lint"}
    assert not changed_by(nightly, "scripts/ctime.py", files) & (native - {"ctime", "ctime-zig"})


def test_no_test_file_is_imported_by_one_of_another_step(nightly: Any) -> None:
    """A step depends on the test files that it runs, and on no others."""
    steps = [step for step in nightly.steps() if step.name.startswith("tests-") and "" not in step.depends]
    files = [path for path in (ROOT / "tests").rglob("test_*.py") if "house" not in path.parts]
    for path in files:
        name = str(path.relative_to(ROOT))
        imported = re.findall(r"from (tests[.a-z_0-9]*\.test_\w+) import", path.read_text())
        for other in (f"{module.replace('.', '/')}.py" for module in imported):
            assert {s.name for s in steps if s.reads(name)} <= {s.name for s in steps if s.reads(other)}, (name, other)


def fuzz(every: set[str]) -> set[str]:
    return {name for name in every if name.startswith("fuzz-native")}


def test_new_and_lost_files_count(nightly: Any) -> None:
    files = {"csrc/a.cpp": b"1", "tests/x.py": b"2"}
    step = nightly.Step("s", 1, ("csrc/",), ["true"])
    assert nightly.key(step, files) == nightly.key(step, {**files, "tests/y.py": b"3"})
    assert nightly.key(step, files) != nightly.key(step, {**files, "csrc/b.cpp": b"3"})
    assert nightly.key(step, files) != nightly.key(step, {"csrc/b.cpp": b"1"})
    assert nightly.key(step, files) != nightly.key(step._replace(command=["false"]), files)
    assert nightly.key(step, files) != nightly.key(step._replace(environment={"A": "1"}), files)
    with pytest.raises(SystemExit, match="depends on bench/, which is not there"):
        nightly.key(step._replace(depends=("bench/",)), files)


def test_every_test_file_is_run_once_by_the_tests_of_every_night(nightly: Any) -> None:
    """With the machine's own backend: no file is forgotten, none is run twice."""
    run: list[Path] = []
    for step in nightly.steps():
        if step.name.startswith("tests-") and not {"PYFE_BACKEND", "PYFE_NUM_THREADS"} & set(step.environment):
            for part in (ROOT / word for word in step.command if word.startswith("tests")):
                run += [part] if part.is_file() else list(part.rglob("test_*.py"))
    assert sorted(run) == sorted((ROOT / "tests").rglob("test_*.py"))


def test_no_slow_unit_test_is_repeated_on_a_backend(nightly: Any) -> None:
    repeated = [s for s in nightly.steps() if {"PYFE_BACKEND", "PYFE_NUM_THREADS"} & set(s.environment)]
    assert repeated
    assert not any("--slow" in step.command for step in repeated)


def test_a_night_is_short(nightly: Any) -> None:
    assert sum(step.minutes for step in nightly.steps()) <= 120


def marker(path: Path, code: int) -> list[str]:
    """A command that writes a letter, and ends with a code."""
    program = f"import sys; open({str(path)!r}, 'a').write('x'); sys.exit({code})"
    return [sys.executable, "-c", program]


def test_a_night_goes_on_where_it_stopped(
    nightly: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"a": b"1", "b": b"2"}
    made = [
        nightly.Step("one", 1, ("a",), marker(tmp_path / "one", 0)),
        nightly.Step("two", 2, ("b",), marker(tmp_path / "two", 1)),
        nightly.Step("long", 500, ("a",), marker(tmp_path / "long", 0)),
    ]
    monkeypatch.setattr(nightly, "steps", lambda: made)
    monkeypatch.setattr(nightly, "sources", lambda: files)

    def night(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["nightly.py", *arguments])
        return int(nightly.main())

    def runs() -> list[int]:
        return [len((tmp_path / s.name).read_text()) if (tmp_path / s.name).exists() else 0 for s in made]

    assert night("--minutes", "60") == 1
    assert runs() == [1, 1, 0]
    assert "out of time" in capsys.readouterr().out
    made[1] = made[1]._replace(command=marker(tmp_path / "two", 0))
    assert night("--minutes", "60") == 1
    assert runs() == [1, 2, 0]  # what passed is kept, what failed is tried again
    assert night() == 0
    assert runs() == [1, 2, 1]
    assert night() == 0
    assert runs() == [1, 2, 1]
    files["b"] = b"3"
    assert night() == 0
    assert runs() == [1, 3, 1]
    assert night("--restart", "--only", "one") == 0
    assert runs() == [2, 3, 1]
    saved = json.loads((tmp_path / "state.json").read_text())
    assert set(saved["seconds"]) == {"one", "two", "long"}
    capsys.readouterr()
    assert night("--list") == 0
    assert runs() == [2, 3, 1]
    assert "last time" in (said := capsys.readouterr().out) or "passed" in said
    assert "minutes: 0 in all" in said


def test_a_state_of_another_format_is_forgotten(nightly: Any, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(json.dumps({"lint": {"sources": "0", "when": "then"}}))
    state = nightly.State(tmp_path / "state.json")
    assert not state.passed
    assert not state.seconds


def test_one_night_at_a_time(nightly: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["nightly.py", "--only", "docs"])
    monkeypatch.setattr(nightly, "through", lambda *_: 0)
    with nightly.alone(), pytest.raises(SystemExit, match="another one is running"):
        nightly.main()
    assert nightly.main() == 0
