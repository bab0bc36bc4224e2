"""`import pyfe` is quick and pulls in numpy and the core only."""

import subprocess
import sys
import time

HEAVY = [
    "sklearn", "pandas", "pyarrow", "sympy", "scipy", "matplotlib", "cbor2", "cryptography", "typer", "rich",
    "sqlalchemy", "alembic", "sqlite3", "yaml", "dask", "distributed", "pyspark", "duckdb",
]  # fmt: skip


def test_import_loads_nothing_heavy() -> None:
    code = f"import sys, pyfe; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", f"import pyfe also loads {done.stdout}"


def test_a_policy_file_loads_yaml_when_it_is_read() -> None:
    """Not where an authority is opened, and not where a policy comes from a log."""
    code = (
        "import sys; from pyfe import KeyAuthority; from pyfe.authority.policy_file import PolicyFile\n"
        "from pyfe import DecodeError\nbefore = 'yaml' in sys.modules\n"
        "for read in (PolicyFile.from_dict, PolicyFile.from_yaml):\n"
        "    try: read('a')\n    except DecodeError: print(before, 'yaml' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False", "True"]


def test_an_owners_ledger_loads_its_database_when_it_is_asked_for() -> None:
    """Not with the commands, and not with the owner's secret."""
    code = (
        "import sys, pyfe.cli.commands, pyfe.owner; before = 'sqlalchemy' in sys.modules; pyfe.owner.OwnerLedger\n"
        "print(before, 'sqlalchemy' in sys.modules, 'alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]


def test_every_public_name_exists() -> None:
    code = "import pyfe; [getattr(pyfe, name) for name in pyfe.__all__]; print(len(pyfe.__all__))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 10


def test_import_time(record_property, capsys) -> None:
    """The promise is 0.3 s beyond the interpreter's own start; only a gross breach fails on a shared machine."""

    def best_of_five(code: str) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            times.append(time.perf_counter() - start)
        return min(times)

    seconds = best_of_five("import pyfe") - best_of_five("pass")
    record_property("import_seconds", seconds)
    with capsys.disabled():
        print(f"\n  import pyfe: {seconds:.3f} s (promise: 0.3 s)")
    assert seconds < 1.0
