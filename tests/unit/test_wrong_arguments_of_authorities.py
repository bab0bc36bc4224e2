"""Authorities, owners, audits, epochs and identities: whatever is given that is none ends in a named error."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import KeyAuthority, OwnerError, ParameterError, Policy, audit
from pyfe.audit import AuditLog, Checkpoint, Frontier, Tree, leaf_hash, require_consistent, require_included
from pyfe.authority import backup, drill, folder, restore
from pyfe.authority.auditing import audited
from pyfe.authority.decision_file import Decision
from pyfe.authority.exporting import exported, state_of
from pyfe.authority.policy_file import PolicyFile
from pyfe.epochs import Epoch, EpochTable, count, stated_epoch
from pyfe.identity import Approval, Identity, IdentitySecret, Request, Revocation, SealedKey, sealed_identity
from pyfe.keys import RevocationList
from pyfe.owner import OwnerLedger, OwnerSecret, sealed_owner
from pyfe.wire import sealing
from pyfe.wire.signature import SigningKey
from tests.unit.engines import FREE, dense, schema

PASSPHRASE = "correct horse battery"
WIDE = schema(8)
FUNCTION = dense(WIDE)
ODD: list[Any] = [
    None, -1, 0, 3, 10**400, True, 1.5, float("nan"), 1j, "", "x", "\ud800", "a\0b", b"x", b"", [], [[]], [None],
    ["x"], [1, [2]], {}, {"a": 1}, set(), object(), np.array([]), np.zeros((2, 2, 2)), np.array(5), type,
    bytearray(b"x" * 32), bytes(32), memoryview(b"abc"),
]  # fmt: skip
PATHS: list[Any] = [
    *ODD, "folder", "pipe", "file", "/dev/null", "/dev/zero", "missing/x", "x" * 5000, "file/x", "/", ".",
    Path("file"), b"folder", "broken",
]  # fmt: skip

AUTHORITY = KeyAuthority.create(WIDE, policy=FREE)
KEY = AUTHORITY.issue(FUNCTION, purpose="p", recipient="r")
PUBLIC = AUTHORITY.public_key
GUARDED = KeyAuthority.create(WIDE)
LOG, HEAD, TABLE, LIST = AUTHORITY.log(), AUTHORITY.head, AUTHORITY.epoch_table(), AUTHORITY.revocation_list()
BEN, OWNER, SIGNING, TREE = IdentitySecret.generate("ben"), OwnerSecret.generate(), SigningKey.generate(), Tree([b"a"])
REQUEST = Request(
    authority=bytes(16), public_key=bytes(32), epoch=1, function=FUNCTION.to_bytes(), purpose="p", not_after=2**31
).signed_by(BEN)
SEALED = SealedKey.of(b"k", BEN.identity, authority=bytes(16), number=1)
HASH, ID = bytes(32), bytes(16)


def stated(**changed: Any) -> Epoch:
    own: dict[str, Any] = {"schema": WIDE, "scheme": "ipfe-ddh-ristretto255", "public_key_id": HASH}
    return stated_epoch(changed.pop("number", 1), **{**own, **changed})


def table(**changed: Any) -> EpochTable:
    own: dict[str, Any] = {"size": 1, "at": 1, "epochs": TABLE.epochs}
    return EpochTable.signed(changed.pop("key", SIGNING), **{**own, **changed})


def revoked(**changed: Any) -> RevocationList:
    own: dict[str, Any] = {"public_keys": [HASH], "keys": [1], "at": 1, "size": 1, "signing_key": SIGNING}
    return RevocationList.signed(**{**own, **changed})


def statement(kind: Any, own: dict[str, Any], name: str) -> Callable[[Any], object]:
    return lambda value: kind(**{**own, name: value}).to_bytes()


OF_REQUEST = {
    "authority": ID, "public_key": HASH, "epoch": 1, "function": b"f", "purpose": "p", "recipient": None,
    "conditions": (), "expires": None, "not_after": 1, "nonce": ID,
}  # fmt: skip
OF_APPROVAL = {"authority": ID, "epoch": 1, "request": HASH, "decision": HASH, "policy": HASH, "not_after": 1}
OF_REVOCATION = {"authority": ID, "keys": (1,), "reason": "r", "at": 1}

CALLS: dict[str, Callable[[Any], object]] = {
    **{f"{name} of a request": statement(Request, OF_REQUEST, name) for name in OF_REQUEST},
    **{f"{name} of an approval": statement(Approval, OF_APPROVAL, name) for name in OF_APPROVAL},
    **{f"{name} of a revocation": statement(Revocation, OF_REVOCATION, name) for name in OF_REVOCATION},
    # an authority
    "schema": KeyAuthority.create,
    "weight bits": lambda v: KeyAuthority.create(WIDE, weight_bits=v),
    "policy": lambda v: KeyAuthority.create(WIDE, policy=v),
    "policy file": lambda v: KeyAuthority.create(WIDE, policy_file=v),
    "what a clock says": lambda v: KeyAuthority.create(WIDE, clock=lambda: v),
    "public key of an epoch": AUTHORITY.public_key_of,
    "checked function": AUTHORITY.check,
    "purpose of a check": lambda v: AUTHORITY.check(FUNCTION, purpose=v),
    "recipient of a check": lambda v: AUTHORITY.check(FUNCTION, recipient=v),
    "epoch of a check": lambda v: AUTHORITY.check(FUNCTION, epoch=v),
    "issued function": lambda v: AUTHORITY.issue(v, purpose="p"),
    "purpose": lambda v: AUTHORITY.issue(FUNCTION, purpose=v),
    "recipient": lambda v: AUTHORITY.issue(FUNCTION, purpose="p", recipient=v),
    "end of a key": lambda v: AUTHORITY.issue(FUNCTION, purpose="p", not_after=v),
    "epoch of a key": lambda v: AUTHORITY.issue(FUNCTION, purpose="p", epoch=v),
    "revoked keys": lambda v: AUTHORITY.revoke(v, reason="r"),
    "a revoked key": lambda v: AUTHORITY.revoke([v], reason="r"),
    "reason to revoke": lambda v: AUTHORITY.revoke([1], reason=v),
    "who revokes": lambda v: AUTHORITY.revoke([1], reason="r", by=v),
    "policy set": lambda v: GUARDED.set_policy(v),
    "request to look at": GUARDED.look,
    "request to decide": GUARDED.decision,
    "policy to change": GUARDED.change,
    "signed request": GUARDED.issue_signed,
    "approvals": lambda v: GUARDED.issue_signed(REQUEST, v),
    "an approval": lambda v: GUARDED.issue_signed(REQUEST, [v]),
    "signed revocation": GUARDED.revoke_signed,
    "key to seal": lambda v: AUTHORITY.seal(v, BEN.identity),
    "recipient of a sealed key": lambda v: AUTHORITY.seal(KEY, v),
    "recipient that is required": lambda v: AUTHORITY.require_recipient("r", v),
    "name of a recipient": lambda v: AUTHORITY.require_recipient(v, BEN.identity),
    "request with a recipient": GUARDED.recipient_of,
    "scheme of another epoch": lambda v: v is None or AUTHORITY.rotate(scheme=v),
    "policy of another epoch": lambda v: v is None or AUTHORITY.rotate(policy=v),
    "reason to retire": lambda v: AUTHORITY.retire(1, reason=v),
    # files of policies and decisions
    "YAML": PolicyFile.from_yaml,
    "policy file in plain types": PolicyFile.from_dict,
    "reason of a policy": lambda v: Policy.unrestricted(reason=v),
    "name of a policy": Policy,
    "policy in plain types": Policy.from_dict,
    "text of a decision": lambda v: Decision.from_text(v, SIGNING.public),
    "key of a decision": lambda v: Decision.from_text("{}", v),
    # the audit
    "audited": audited,
    "state of a log": state_of,
    "exported": exported,
    "verified": audit.verify,
    "authority of a log": lambda v: audit.verify(LOG, authority=v),
    "saved heads": lambda v: audit.verify(LOG, saved=v),
    "a saved head": lambda v: audit.verify(LOG, saved=[v]),
    "bytes of a log": AuditLog.from_bytes,
    "entries of a log": lambda v: AuditLog(v, HEAD, PUBLIC.verification_key),
    "head of a log": lambda v: AuditLog((), v, PUBLIC.verification_key),
    "key of a log": lambda v: AuditLog((), HEAD, v),
    "key of a head": lambda v: Checkpoint.of(v, 1, HASH),
    "size of a head": lambda v: Checkpoint.of(SIGNING.public, v, HASH),
    "root of a head": lambda v: Checkpoint.of(SIGNING.public, 1, v),
    "name of a head": lambda v: Checkpoint(v, 1, HASH),
    "signer of a head": lambda v: Checkpoint.of(SIGNING.public, 1, HASH).signed(v),
    "text of a head": lambda v: Checkpoint.opened(v, SIGNING.public),
    "key that opens a head": lambda v: Checkpoint.opened(HEAD, v),
    "stated head": Checkpoint.stated,
    "size of a frontier": Frontier,
    "nodes of a frontier": lambda v: Frontier(1, v),
    "entry after a frontier": lambda v: Frontier().append(v),
    "entries after a frontier": lambda v: Frontier().followed_by(v),
    "tree": Tree,
    "entry of a tree": lambda v: Tree().append(v),
    "size of a root": TREE.root,
    "index that is included": TREE.inclusion,
    "size that includes": lambda v: TREE.inclusion(0, v),
    "first size": TREE.consistency,
    "second size": lambda v: TREE.consistency(1, v),
    "leaf": leaf_hash,
    "included leaf": lambda v: require_included(v, 0, 1, HASH, []),
    "included index": lambda v: require_included(HASH, v, 1, HASH, []),
    "included size": lambda v: require_included(HASH, 0, v, HASH, []),
    "including root": lambda v: require_included(HASH, 0, 1, v, []),
    "proof of inclusion": lambda v: require_included(HASH, 0, 2, HASH, v),
    "first of two": lambda v: require_consistent(v, HASH, 2, HASH, []),
    "first root": lambda v: require_consistent(1, v, 2, HASH, []),
    "second of two": lambda v: require_consistent(1, HASH, v, HASH, []),
    "second root": lambda v: require_consistent(1, HASH, 2, v, []),
    "proof of consistency": lambda v: require_consistent(1, HASH, 2, HASH, v),
    "id of an authority": audit.authority_id,
    # an owner
    "ids of records": OWNER.records,
    "ids of pseudonyms": lambda v: OWNER.pseudonyms(v, study="s"),
    "study": lambda v: OWNER.pseudonyms(["1"], study=v),
    "passphrase of an owner": OWNER.sealed,
    "sealed owner": sealed_owner,
    "ledger of an encryption": lambda v: PUBLIC.encrypt(np.zeros((1, 8)), ids=["1"], ledger=v),
    # epochs
    "bytes of a table": EpochTable.from_bytes,
    "key of a table": lambda v: EpochTable.from_bytes(TABLE.to_bytes(), verification_key=v),
    "public key in a table": TABLE.epoch_of,
    "signer of a table": lambda v: table(key=v),
    "size of a table": lambda v: table(size=v),
    "second of a table": lambda v: table(at=v),
    "epochs of a table": lambda v: table(epochs=v),
    "an epoch of a table": lambda v: table(epochs=[v]),
    "map of an epoch": Epoch.from_map,
    "epoch before": TABLE.epochs[0].follows,
    "counted epochs": count,
    "a counted epoch": lambda v: count([v]),
    "limits of a count": lambda v: count(TABLE.epochs, limits=v),
    **{
        f"{name} of an epoch": lambda v, name=name: stated(**{name: v})  # type: ignore[misc]
        for name in ("number", "schema", "scheme", "public_key_id", "weights", "forms", "keys", "prior", "state")
    },
    # revoked keys
    "bytes of a list": RevocationList.from_bytes,
    "public key of a list": lambda v: RevocationList.from_bytes(LIST.to_bytes(), public_key=v),
    "listed number": lambda v: LIST.require_not_listed(v, PUBLIC.id),
    "listed id": lambda v: LIST.require_not_listed(1, v),
    "list of a key": lambda v: KEY.require_usable(revoked=v),
    "clock of a key": KEY.require_usable,
    **{
        f"{name} of a list": lambda v, name=name: revoked(**{name: v})  # type: ignore[misc]
        for name in ("public_keys", "keys", "at", "size", "signing_key")
    },
    # identities
    "name of an identity": IdentitySecret.generate,
    "whether it receives": lambda v: IdentitySecret.generate("x", receives=v),
    "further keys": lambda v: IdentitySecret.generate("x", others=v),
    "a further key": lambda v: IdentitySecret.generate("x", others=[v]),
    "kind of a further key": lambda v: IdentitySecret.generate("x", others=[(v, b"x")]),
    "bytes of a further key": lambda v: IdentitySecret.generate("x", others=[("a", v)]),
    "signed message": BEN.sign,
    "opened key": BEN.open,
    "sealed identity": sealed_identity,
    "bytes of an identity": Identity.from_bytes,
    "fingerprint of an identity": lambda v: Identity.from_bytes(BEN.identity.to_bytes(), fingerprint=v),
    "signing key of an identity": lambda v: Identity.signed("x", [], v),
    "bytes of a request": Request.from_bytes,
    "who signs": REQUEST.signed_by,
    "request of an approval": lambda v: Approval.of(v, decision=HASH, policy=HASH, not_after=1),
    "sealed bytes": lambda v: SealedKey.of(v, BEN.identity, authority=ID, number=1),
    "recipient of sealed bytes": lambda v: SealedKey.of(b"k", v, authority=ID, number=1),
    "authority of sealed bytes": lambda v: SealedKey.of(b"k", BEN.identity, authority=v, number=1),
    "number of sealed bytes": lambda v: SealedKey.of(b"k", BEN.identity, authority=ID, number=v),
    "bytes of a sealed key": SealedKey.from_bytes,
    "who opens": SEALED.opened_by,
}

_new = (f"new{number}" for number in itertools.count())
OF_PATHS: dict[str, Callable[[Any], object]] = {
    "authority to open": lambda v: KeyAuthority.open(v, passphrase=PASSPHRASE).close(),
    "sealed file to migrate": lambda v: KeyAuthority.migrate(v, next(_new), passphrase=PASSPHRASE),
    "folder to back up": lambda v: backup(v, next(_new)),
    "backup to make": lambda v: backup("authority", v),
    "backup to try": lambda v: drill(v, passphrase=PASSPHRASE),
    "folder to restore": lambda v: restore("authority", v, passphrase=PASSPHRASE, reason="r"),
    "owner to open": lambda v: OwnerLedger.open(v, PASSPHRASE).close(),
    "owner to make": lambda v: OwnerLedger.create(v, PASSPHRASE).close(),
    "files of an authority": folder.authority_files,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with an authority, an owner, and names of all sorts."""
    made = tmp_path_factory.mktemp("odd")
    before = os.getcwd()
    os.chdir(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "LOG_COST", 10)
        KeyAuthority.create(WIDE, path="authority", passphrase=PASSPHRASE).close()
        OwnerLedger.create("owner", PASSPHRASE).close()
        Path("folder").mkdir()
        Path("file").write_text("x")
        os.mkfifo("pipe")
        os.symlink("nowhere/at/all", "broken")
        yield made
    os.chdir(before)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_odd_arguments_end_in_an_error_of_pyfe(call: Any, place: Path) -> None:
    for value in [*ODD, iter([1])]:
        with contextlib.suppress(pyfe.PyfeError):
            call(value)


@pytest.mark.parametrize("call", OF_PATHS.values(), ids=OF_PATHS)
def test_odd_paths_end_in_an_error_of_pyfe(call: Any, place: Path) -> None:
    for value in PATHS:
        with contextlib.suppress(pyfe.PyfeError):
            call(value)


OPENED: dict[str, Callable[[Any], object]] = {
    "passphrase of an authority": lambda v: KeyAuthority.open("authority", passphrase=v).close(),
    "saved heads of an authority": lambda v: KeyAuthority.open("authority", passphrase=PASSPHRASE, saved=v).close(),
    "clock of an authority": lambda v: KeyAuthority.open("authority", passphrase=PASSPHRASE, clock=v).close(),
    "log on a server": lambda v: v is None or KeyAuthority.create(WIDE, path=next(_new), passphrase=PASSPHRASE, log=v),
    "saved heads of a backup": lambda v: drill("authority", passphrase=PASSPHRASE, saved=v),
    "clock of a drill": lambda v: drill("authority", passphrase=PASSPHRASE, clock=v),
    "passphrase of an owner": lambda v: OwnerLedger.open("owner", v).close(),
    "word that nothing followed": lambda v: restore(
        "authority", next(_new), passphrase=PASSPHRASE, reason="r", nothing_followed=v
    ),
}


@pytest.mark.parametrize("call", OPENED.values(), ids=OPENED)
def test_odd_arguments_of_folders(call: Any, place: Path) -> None:
    for value in ODD:
        with contextlib.suppress(pyfe.PyfeError):
            call(value)


def test_odd_arguments_of_a_ledger(place: Path) -> None:
    with OwnerLedger.open("owner", PASSPHRASE) as ledger:
        ledger.follow(TABLE)
        calls: list[Callable[[Any], object]] = [
            ledger.follow,
            lambda v: ledger.follow(TABLE, verification_key=v),
            ledger.table,
            lambda v: ledger.check(v, ["1"]),
            lambda v: ledger.check(PUBLIC, v),
            lambda v: ledger.record(v, ["1"]),
            lambda v: ledger.record(PUBLIC, v),
            lambda v: ledger.met(v, ["1"]),
            lambda v: ledger.met(PUBLIC, v),
            lambda v: PUBLIC.encrypt(np.zeros((1, 8)), ids=v, ledger=ledger),
        ]
        for call, value in itertools.product(calls, ODD):
            with contextlib.suppress(pyfe.PyfeError):
                call(value)


SLIPS: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: audit.verify("x"), ParameterError, "a log must be AuditLog, not str"),  # type: ignore[arg-type]
    (lambda: audit.verify(LOG, saved=5), ParameterError, "saved heads must be a list"),  # type: ignore[arg-type]
    (
        lambda: KeyAuthority.open("authority", passphrase=PASSPHRASE, saved=0),  # type: ignore[arg-type]
        ParameterError,
        "saved heads must be a list",
    ),
    (lambda: OwnerLedger.open("a\0b", PASSPHRASE), ParameterError, "the path of an owner's folder must be .* NUL"),
    (lambda: OwnerLedger.open(5, PASSPHRASE), ParameterError, "the path of an owner's folder"),  # type: ignore[arg-type]
    (lambda: OwnerLedger.open("missing/x", PASSPHRASE), OwnerError, "cannot read the owner's secret"),
    (lambda: OwnerLedger.open("/dev/null", PASSPHRASE), OwnerError, "cannot read the owner's secret"),
    (lambda: count(TABLE.epochs, limits=0), ParameterError, "limits must be Limits, not int"),  # type: ignore[arg-type]
    (lambda: AUTHORITY.rotate(policy=0), ParameterError, "policy must be a Policy"),  # type: ignore[arg-type]
    (lambda: KEY.require_usable(revoked=[1]), ParameterError, "must be RevocationList"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "error", "words"), SLIPS)
def test_plausible_slips_say_what_is_wrong(call: Any, error: Any, words: str, place: Path) -> None:
    with pytest.raises(error, match=words):
        call()


def test_the_right_types(place: Path) -> None:
    assert audit.verify(LOG, saved=iter([HEAD])).confirmed == len(LOG)
    KeyAuthority.open(b"authority", passphrase=PASSPHRASE, saved=()).close()  # type: ignore[arg-type]
    OwnerLedger.open(Path("owner"), PASSPHRASE).close()
    assert AUTHORITY.public_key_of(np.int64(1)).id == PUBLIC.id  # type: ignore[arg-type]
