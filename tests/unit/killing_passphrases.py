"""A program: each command that changes a passphrase, killed (SIGKILL) before each of its calls that change files.

``python -m tests.unit.killing_passphrases FOLDER``: after each death exactly one of the two passphrases opens what is
sealed, and it holds the same secrets. Prints, of every command, how many deaths left the old one, and how many the new.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pyfe import KeyAuthority, PyfeError, Schema
from pyfe.identity import IdentitySecret
from pyfe.owner import OwnerLedger
from pyfe.wire import sealing
from tests.unit.killing import child, dies_at, fail

OLD, NEW = "correct horse battery", "another long passphrase"
OPEN = ["--passphrase-file", "old", "--new-passphrase-file", "new"]


def of_authority(passphrase: str) -> str:
    with KeyAuthority.open("authority", passphrase=passphrase) as opened:
        return opened.public_key.fingerprint


def of_owner(passphrase: str) -> str:
    with OwnerLedger.open("owner", passphrase) as opened:
        return opened.secret.id.hex()


def of_identity(passphrase: str) -> str:
    return IdentitySecret.unsealed(Path("ben").read_bytes(), passphrase).identity.fingerprint


COMMANDS: dict[str, tuple[list[str], Callable[[str], str]]] = {
    "authority": (["authority", "passphrase", "authority", *OPEN], of_authority),
    "owner": (["owner", "passphrase", "owner", *OPEN], of_owner),
    "identity": (["identity", "passphrase", "ben", *OPEN], of_identity),
}


def opening(read: Callable[[str], str], same: str) -> str:
    """Which passphrase opens it, the one or the other."""
    found = []
    for name, passphrase in (("old", OLD), ("new", NEW)):
        try:
            if read(passphrase) != same:
                fail("other secrets")
            found.append(name)
        except PyfeError:
            continue
    return found[0] if len(found) == 1 else fail(f"opened by {found}") or ""


def run(command: str) -> dict[str, int]:
    arguments, read = COMMANDS[command]
    same, found = read(OLD), Counter[str]()
    for step in itertools.count():
        pid = child(arguments, dies_at(step))
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status == 0:
            break
        if status != -signal.SIGKILL:
            fail(f"a child ended with {status}")
        state = opening(read, same)
        found[state] += 1
        if state == "new":  # once more from the start
            swap()
    if opening(read, same) != "new":
        fail("it came to its end, and changed nothing")
    return dict(found)


def swap() -> None:
    """The next change is back."""
    global OLD, NEW
    OLD, NEW = NEW, OLD
    write()


def write() -> None:
    Path("old").write_text(OLD)
    Path("new").write_text(NEW)


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    sealing.LOG_COST = 10
    write()
    KeyAuthority.create(Schema.from_ranges({"a": (0, 3), "b": (0, 3)}), path="authority", passphrase=OLD).close()
    OwnerLedger.create("owner", OLD).close()
    Path("ben").write_bytes(IdentitySecret.generate("ben").sealed(OLD))
    counts = {}
    for name in COMMANDS:
        OLD, NEW = "correct horse battery", "another long passphrase"
        write()
        counts[name] = run(name)
    left = sorted(path.name for path in Path().rglob("*") if path.name.startswith(".") or path.suffix == ".new")
    print(json.dumps({"counts": counts, "left": left}))
