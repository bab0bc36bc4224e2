"""Processes and people who ask at once: never a key beyond a count, never two that are not fine together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyfe import FunctionKey, KeyAuthority, PolicyDeniedError
from pyfe.audit import authority_id
from pyfe.authority.policy_file import PolicyFile
from pyfe.identity import Approval, IdentitySecret, Request
from pyfe.wire import sealing
from tests.unit import postgres_cluster
from tests.unit.engines import NOW, Clock, dense, schema
from tests.unit.racing import Race

WIDE = schema()
APPROVERS = [f"approver {number}" for number in range(8)]


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LOG_COST", 10)


@pytest.fixture(scope="module", autouse=True)
def no_server_left() -> Iterator[None]:
    yield
    postgres_cluster.remove_all()


@pytest.fixture(params=["sqlite", "postgresql"])
def log(request: pytest.FixtureRequest) -> str | None:
    return postgres_cluster.cluster().empty() if request.param == "postgresql" else None


def raced(path: Path, log: str | None, rounds: int, *, planted: bool = False) -> tuple[int, int]:
    race = Race(path, log, planted=planted)
    try:
        return race.over_and_lost(rounds)
    finally:
        race.end()


def test_no_key_beyond_the_count_of_a_policy_file(tmp_path: Path, log: str | None) -> None:
    assert raced(tmp_path / "authority", log, 3) == (0, 0)


@pytest.mark.slow
def test_no_key_beyond_the_count_in_a_hundred_rounds(tmp_path: Path, log: str | None) -> None:
    assert raced(tmp_path / "authority", log, 100) == (0, 0)


def test_deciding_before_the_transaction_is_noticed(tmp_path: Path, log: str | None) -> None:
    over, _ = raced(tmp_path / "authority", log, 6, planted=True)
    assert over > 0


# -- two keys that break a rule together --


class Both:
    """Eight approvers who agree to two requests, each of which is fine alone."""

    def __init__(self) -> None:
        self.people = {name: IdentitySecret.generate(name) for name in ("ada", *APPROVERS)}
        roles = dict.fromkeys(APPROVERS, "approver") | {"ada": "requester"}
        people = "\n".join(
            f"  {name}: {{roles: [{roles[name]}], ed25519: {who.identity.ed25519.hex()}}}"
            for name, who in self.people.items()
        )
        self.policy = PolicyFile.from_yaml(
            f"version: 1\npeople:\n{people}\nrequests: {{purposes: [p]}}\n"
            f"columns: {{allowed: [{', '.join(WIDE.columns)}]}}\napprovals: {{count: 8}}\n"
        )

    def keys(self) -> list[FunctionKey]:
        """What is issued of both, asked for at once under all approvals."""
        authority = KeyAuthority.create(WIDE, policy_file=self.policy, clock=Clock())
        identity = authority_id(authority.public_key.verification_key)
        requests = [
            Request(
                authority=identity,
                public_key=authority.public_key.id,
                epoch=1,
                function=dense(WIDE, change).to_bytes(),
                purpose="p",
                not_after=NOW + 60,
            ).signed_by(self.people["ada"])
            for change in (0, 1)
        ]
        looked = [authority.look(request) for request in requests]
        approved = [
            [
                Approval.of(request, decision=seen.decision, policy=seen.policy, not_after=NOW + 60).signed_by(
                    self.people[name]
                )
                for name in APPROVERS
            ]
            for request, seen in zip(requests, looked, strict=True)
        ]
        issued: list[FunctionKey] = []

        def ask(at: int) -> None:
            try:
                issued.append(authority.issue_signed(requests[at], approved[at]))
            except PolicyDeniedError:
                return

        threads = [threading.Thread(target=ask, args=(at,)) for at in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(authority.issued) == len(issued)
        return issued


def never_both(rounds: int) -> None:
    both = Both()
    assert [len(both.keys()) for _ in range(rounds)] == [1] * rounds


def test_two_approvals_that_are_fine_alone_never_give_both_keys() -> None:
    never_both(5)


@pytest.mark.slow
def test_two_approvals_never_give_both_keys_in_two_hundred_rounds() -> None:
    never_both(200)
