"""Processes that ask one authority for keys at once, kept alive between rounds; and one that is planted to be wrong."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pyfe import Function, KeyAuthority, PolicyDeniedError, Schema
from pyfe.audit import authority_id
from pyfe.authority.approving import change_digest
from pyfe.authority.engine import Engine
from pyfe.authority.entries import Entry
from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.state import LogState
from pyfe.identity import Approval, IdentitySecret, Request
from tests.unit.engines import FREE, NOW, Clock
from tests.unit.objects import PASSPHRASE

PROCESSES, COUNTS = 8, (1, 8, 64)
NAMES = ("ada", "ben", "cleo")
SMALL = Schema.from_ranges({f"x{i}": (0, 15) for i in range(4)})


class CheckThenAct(Engine):
    """The planted bug: what was decided before the right to write was had is not decided again."""

    def _recorded(self, make: Callable[[LogState, int], Sequence[Entry]]) -> LogState:
        decided: list[Sequence[Entry]] = []

        def late(state: LogState, now: int) -> Sequence[Entry]:
            entries = decided[0] if decided else make(state, now)
            return [_renumbered(entry, state) for entry in entries]

        decided.append(make(self.state, NOW))
        return super()._recorded(late)


def _renumbered(entry: Entry, state: LogState) -> Entry:
    """The key under the number that is free by now: a bug that nobody sees at once."""
    from dataclasses import replace

    from pyfe.authority.entries import KeyIssued

    if not isinstance(entry, KeyIssued):
        return entry
    return replace(entry, row=replace(entry.row, sequence=len(state.issued) + 1))


class Race:
    """An authority with a policy file that allows so many keys a round, and processes that ask for more."""

    def __init__(self, path: Path, log: str | None = None, *, planted: bool = False) -> None:
        self.path, self.planted = path, planted
        self.people = {name: IdentitySecret.generate(name) for name in NAMES}
        KeyAuthority.create(SMALL, path=path, passphrase=PASSPHRASE, policy=FREE, log=log, clock=Clock()).close()
        self.workers = [Worker(self, number) for number in range(PROCESSES)]  # forked before anything is open
        self.authority = self.opened()
        self.id = authority_id(self.authority.public_key.verification_key)
        self.policy: PolicyFile | None = None

    def opened(self) -> KeyAuthority:
        return KeyAuthority.open(self.path, passphrase=PASSPHRASE, clock=Clock())

    def allow(self, count: int) -> int:
        """Let so many keys be issued from now on; how many there are so far."""
        there = len(self.authority.issued)
        new = PolicyFile.from_yaml(self._yaml(there + count))
        self.authority.set_policy(new, [] if self.policy is None else self._agreed(self.policy, new))
        self.policy = new
        return there

    def _agreed(self, old: PolicyFile, new: PolicyFile) -> list[Approval]:
        said = {"request": new.digest, "decision": change_digest(old, new), "policy": old.digest}
        approval = {"authority": self.id, "epoch": 1, "not_after": NOW + 60, **said}
        return [Approval(**approval).signed_by(self.people[name]) for name in ("ben", "cleo")]  # type: ignore[arg-type]

    def _yaml(self, keys: int) -> str:
        version = 1 if self.policy is None else self.policy.version + 1
        people = {name: who.identity.ed25519.hex() for name, who in self.people.items()}
        return f"""\
version: {version}
people:
  ada: {{roles: [requester], ed25519: {people["ada"]}}}
  ben: {{roles: [approver], ed25519: {people["ben"]}}}
  cleo: {{roles: [approver], ed25519: {people["cleo"]}}}
requests: {{purposes: [p]}}
columns: {{allowed: [{", ".join(SMALL.columns)}]}}
budgets: {{keys: {keys}, keys_per_recipient: 100000}}
approvals: {{count: 0}}
"""

    def over_and_lost(self, rounds: int) -> tuple[int, int]:
        """How many keys were issued beyond the counts, and how many that were acknowledged are not in the log."""
        over = lost = 0
        for number in range(rounds):
            count = COUNTS[number % len(COUNTS)]
            there = self.allow(count)
            for worker in self.workers:
                worker.start(number)
            granted = [name for worker in self.workers for name in worker.granted()]
            found = [entry.row.function_id.hex() for entry in self.authority.ledger[there:]]
            over += max(0, len(found) - count)
            lost += len(set(granted) - set(found)) + max(0, count - len(found))
        return over, lost

    def end(self) -> None:
        for worker in self.workers:
            worker.end()
        self.authority.close()


class Worker:
    """A process that asks, round after round, until it is refused, and says what it was given."""

    def __init__(self, race: Race, number: int) -> None:
        self.ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.ours.close()
                _work(race, number, theirs)
            finally:
                os._exit(0)
        theirs.close()

    def start(self, number: int) -> None:
        self.ours.sendall(b"%d\n" % number)

    def granted(self) -> list[str]:
        said = b""
        while not said.endswith(b"\n"):
            piece = self.ours.recv(1 << 16)
            assert piece, "a worker died"
            said += piece
        return said.decode().split()

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self.ours.shutdown(socket.SHUT_RDWR)
        self.ours.close()
        os.waitpid(self.pid, 0)


def _work(race: Race, number: int, orders: socket.socket) -> None:
    authority: Any = None
    asked = 0
    while orders.recv(100):
        if authority is None:
            authority = race.opened()
            if race.planted:
                authority._engine.__class__ = CheckThenAct
            identity, public = authority_id(authority.public_key.verification_key), authority.public_key.id
        granted: list[str] = []
        while True:
            asked += 1
            function = Function.from_integers(SMALL, np.array([1 + number, asked % 4096, asked // 4096, 1]))
            request = Request(
                authority=identity,
                public_key=public,
                epoch=1,
                function=function.to_bytes(),
                purpose="p",
                not_after=NOW + 60,
            ).signed_by(race.people["ada"])
            try:
                authority.issue_signed(request)
            except PolicyDeniedError:
                break
            granted.append(function.id.hex())
        orders.sendall(" ".join(granted).encode() + b"\n")
