"""KeyAuthority: policy, ledger, the sealed file, and the order of things."""

from __future__ import annotations

import pickle
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import (
    AuthorityError,
    Function,
    KeyAuthority,
    KeyMismatchError,
    OutOfRangeError,
    ParameterError,
    Policy,
    PolicyDeniedError,
    Schema,
)
from pyfe.errors import DecodeError
from pyfe.schemes import ipfe_ddh
from pyfe.wire import sealing
from tests.unit import objects
from tests.unit.objects import PASSPHRASE


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of the passphrase is not what these tests are about."""
    monkeypatch.setattr(sealing, "LOG_COST", 10)


def wide_schema() -> Schema:
    return Schema.from_ranges({f"x{i}": (0, 255) for i in range(24)})


def row(schema: Schema, *weights: int) -> Function:
    padded = list(weights) + [0] * (schema.n - len(weights))
    return Function.from_integers(schema, padded)


def dense(schema: Schema, change: int = 0) -> Function:
    weights = np.arange(3, 3 + schema.n) * np.where(np.arange(schema.n) % 2, -1, 1)
    weights[0] += change
    return Function.from_integers(schema, weights)


def population(schema: Schema) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 16, 200) for name in schema.columns}


# -- policy --


def test_the_default_policy_counts_all_keys_together() -> None:
    schema = wide_schema()
    authority = KeyAuthority.create(schema)
    authority.issue(dense(schema), purpose="model")
    assert authority.check(dense(schema, 1))
    with pytest.raises(PolicyDeniedError, match=r"x0.*counted with the 1 key"):
        authority.issue(dense(schema, 1), purpose="difference opens x0")
    assert len(authority.issued) == 1
    authority.issue(dense(schema), purpose="the same again opens nothing new")


def test_one_coordinate_is_refused_at_once() -> None:
    schema = wide_schema()
    with pytest.raises(PolicyDeniedError, match="x1"):
        KeyAuthority.create(schema).issue(row(schema, 0, 5), purpose="x1")


def test_unrestricted_is_recorded_everywhere() -> None:
    schema = wide_schema()
    authority = KeyAuthority.create(schema, policy=Policy.unrestricted(reason="a study of one column"))
    key = authority.issue(row(schema, 0, 5), purpose="x1")
    assert key.policy == "UNRESTRICTED: a study of one column"
    assert authority.issued[0].policy == key.policy and "UNRESTRICTED" in repr(authority)
    assert any("x1" in finding for finding in authority.issued[0].findings)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_unrestricted_needs_a_reason(reason: str) -> None:
    with pytest.raises(ParameterError, match="reason"):
        Policy.unrestricted(reason=reason)


@pytest.mark.parametrize(
    "data", [{}, {"name": "default"}, {"name": "x", "reason": None}, {"name": "default", "reason": "x"}]
)
def test_other_policies_are_not_read(data: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        Policy.from_dict(data)


def test_weight_bits_are_fixed_at_creation() -> None:
    schema = wide_schema()
    authority = KeyAuthority.create(schema, weight_bits=4)
    assert authority.public_key.native.parameters.y_bound == 7
    with pytest.raises(OutOfRangeError, match="weight of 26.*4 bits"):
        authority.issue(dense(schema), purpose="too wide")
    with pytest.raises(ParameterError, match="2 to 16"):
        KeyAuthority.create(schema, weight_bits=17)
    wide = KeyAuthority.create(schema, weight_bits=17, policy=Policy.unrestricted(reason="wide"))
    assert wide.weight_bits == 17
    for bits in (1, 33, 8.0, True):
        with pytest.raises(ParameterError):
            KeyAuthority.create(schema, weight_bits=bits, policy=Policy.unrestricted(reason="wide"))  # type: ignore[arg-type]


def test_requests_that_do_not_fit() -> None:
    schema = wide_schema()
    authority = KeyAuthority.create(schema)
    with pytest.raises(KeyMismatchError, match="another schema"):
        authority.issue(objects.function(), purpose="test")
    with pytest.raises(ParameterError, match="a Function"):
        authority.issue([1, 2], purpose="test")  # type: ignore[arg-type]
    for purpose in ("", "   ", "x" * 501, None):
        with pytest.raises(ParameterError, match="purpose"):
            authority.issue(dense(schema), purpose=purpose)  # type: ignore[arg-type]
    assert authority.issued == ()


def test_a_function_cannot_state_another_interval() -> None:
    schema = wide_schema()
    f = dense(schema)
    lying = Function(f.map, replace(f.readout, interval=f.interval + 1), f.schema_id)
    with pytest.raises(ParameterError, match="interval"):
        KeyAuthority.create(schema).issue(lying, purpose="test")


def test_the_same_function_gives_the_same_scheme_key() -> None:
    authority = objects.authority()
    first, second = (authority.issue(objects.function(), purpose=text) for text in ("one", "two"))
    assert first.native.to_bytes() == second.native.to_bytes()
    assert (first.sequence, second.sequence) == (1, 2)
    assert first.issued_at == 1_700_000_000


def test_schemes_by_both_names() -> None:
    assert objects.authority(scheme="ipfe-ddh-ristretto255").public_key.scheme == "ipfe-ddh-ristretto255"
    with pytest.raises(ParameterError, match="unknown scheme"):
        objects.authority(scheme="ipfe-none")
    with pytest.raises(ParameterError, match="for a Schema"):
        KeyAuthority.create({"age": (0, 1)})  # type: ignore[arg-type]


def test_a_clock_is_a_function(tmp_path: Path) -> None:
    for clock in (5, 1_700_000_000.0, None, "now"):
        with pytest.raises(ParameterError, match="clock must be a function"):
            KeyAuthority.create(wide_schema(), clock=clock)  # type: ignore[arg-type]
        with pytest.raises(ParameterError, match="clock must be a function"):
            KeyAuthority.open(tmp_path / "none", passphrase=PASSPHRASE, clock=clock)  # type: ignore[arg-type]


@pytest.mark.parametrize("durable", [False, True])
def test_a_closed_authority_issues_nothing_and_holds_no_secrets(tmp_path: Path, durable: bool) -> None:
    kept = {"path": tmp_path / "authority", "passphrase": PASSPHRASE} if durable else {}
    schema = wide_schema()
    with KeyAuthority.create(schema, **kept) as authority:  # type: ignore[arg-type]
        authority.issue(dense(schema), purpose="model")
    authority.close()
    for ask in (
        lambda: authority.issue(dense(schema), purpose="again"),
        lambda: authority.check(dense(schema)),
        lambda: authority.residual(),
        lambda: authority.issued,
    ):
        with pytest.raises(AuthorityError, match="closed"):
            ask()
    assert authority._engine._vault._epochs == {} and authority.public_key.schema == schema
    with pytest.raises(AuthorityError, match="closed"):  # what a thread in the middle of issuing meets
        _ = authority._engine._vault.signing_key
    assert "in " in repr(authority)
    if durable:
        assert len(KeyAuthority.open(**kept).issued) == 1  # type: ignore[arg-type]


# -- the folder --


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "authority"


def test_a_sealed_authority_remembers(path: Path) -> None:
    schema = wide_schema()
    first = KeyAuthority.create(schema, path=path, passphrase=PASSPHRASE)
    key = first.issue(dense(schema), purpose="model", recipient="cloud")
    again = KeyAuthority.open(path, passphrase=PASSPHRASE)
    assert again.public_key == first.public_key
    assert [(r.purpose, r.recipient, r.sequence) for r in again.issued] == [("model", "cloud", 1)]
    with pytest.raises(PolicyDeniedError):
        again.issue(dense(schema, 1), purpose="difference")
    assert again.issue(dense(schema), purpose="again").verify(first.public_key).sequence == key.sequence + 1
    assert len(first.issued) == 2


@pytest.mark.parametrize("passphrase", ["wrong horse battery", "", b"bytes"])
def test_a_wrong_passphrase(path: Path, passphrase: str | bytes) -> None:
    KeyAuthority.create(wide_schema(), path=path, passphrase=PASSPHRASE)
    with pytest.raises(AuthorityError, match="passphrase is wrong"):
        KeyAuthority.open(path, passphrase=passphrase)


def test_passphrases_are_normalised(path: Path) -> None:
    KeyAuthority.create(wide_schema(), path=path, passphrase="Zauberstab\u00e4\u00e4")
    assert KeyAuthority.open(path, passphrase="Zauberstaba\u0308a\u0308").schema == wide_schema()


def test_passphrase_and_path_go_together(path: Path) -> None:
    for given in ({"path": path}, {"passphrase": PASSPHRASE}):
        with pytest.raises(ParameterError, match="both path and passphrase"):
            KeyAuthority.create(wide_schema(), **given)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="at least 8"):
        KeyAuthority.create(wide_schema(), path=path, passphrase="short")
    with pytest.raises(ParameterError, match="text or bytes"):
        KeyAuthority.create(wide_schema(), path=path, passphrase=[1] * 9)  # type: ignore[arg-type]
    assert not path.exists()


def test_a_hostile_file_cannot_ask_for_memory(path: Path) -> None:
    KeyAuthority.create(wide_schema(), path=path, passphrase=PASSPHRASE)
    file = path / "master.sealed"
    data = file.read_bytes()
    cost = data.index(b"log_cost") + 8
    assert data[cost] == 10
    file.write_bytes(data[:cost] + bytes([23]) + data[cost + 1 :])
    with pytest.raises(AuthorityError, match="must be 10 to 17"):
        KeyAuthority.open(path, passphrase=PASSPHRASE)


# -- the order of things --


def test_the_row_is_durable_before_the_key_exists(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = wide_schema()
    authority = KeyAuthority.create(schema, path=path, passphrase=PASSPHRASE)
    rows_on_disk = []
    keygen = ipfe_ddh.keygen

    def watched(*arguments: Any) -> Any:
        rows_on_disk.append(len(KeyAuthority.open(path, passphrase=PASSPHRASE).issued))
        return keygen(*arguments)

    monkeypatch.setattr(ipfe_ddh, "keygen", watched)
    authority.issue(dense(schema), purpose="model")
    assert rows_on_disk == [1]


def test_a_key_that_does_not_verify_is_not_released(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = objects.authority()
    keygen = ipfe_ddh.keygen

    def faulty(master: Any, y: Any) -> Any:
        data = bytearray(keygen(master, y).to_bytes())
        data[-1] ^= 1
        return ipfe_ddh.FunctionKey.from_bytes(bytes(data))

    monkeypatch.setattr(ipfe_ddh, "keygen", faulty)
    with pytest.raises(AuthorityError, match="not released"):
        authority.issue(objects.function(), purpose="test")


@pytest.mark.parametrize("durable", [False, True])
def test_two_requests_at_once_are_decided_one_after_the_other(path: Path, durable: bool) -> None:
    schema = wide_schema()
    kept = {"path": path, "passphrase": PASSPHRASE} if durable else {}
    authority = KeyAuthority.create(schema, **kept)  # type: ignore[arg-type]
    outcomes: list[object] = []
    barrier = threading.Barrier(2)

    def request(change: int) -> None:
        mine = KeyAuthority.open(path, passphrase=PASSPHRASE) if durable else authority
        barrier.wait()
        try:
            outcomes.append(mine.issue(dense(schema, change), purpose=str(change)).sequence)
        except PolicyDeniedError as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=request, args=(change,)) for change in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["1", str(PolicyDeniedError)]
    assert len(authority.issued) == 1


def test_secrets_are_not_shown_or_pickled(path: Path) -> None:
    authority = KeyAuthority.create(wide_schema(), path=path, passphrase=PASSPHRASE)
    engine, own = authority._engine, objects.secrets_of(authority)
    vault, storage = engine._vault, engine._storage
    for item in (authority, engine, vault, storage, vault._key, vault._epochs[1], own, own.signing_key, own.master):
        assert own.signing_key.seed().hex() not in repr(item)
        with pytest.raises(TypeError):
            pickle.dumps(item)


def test_what_depends_on_the_keys_of_others_has_no_figure() -> None:
    """A refusal of the union names its rule, to whoever asks by any way; the log has the rest."""
    schema = wide_schema()
    authority = KeyAuthority.create(schema)
    authority.issue(dense(schema), purpose="a secret purpose", recipient="ada")
    (finding,) = authority.check(dense(schema, 1), recipient="ben")
    assert (finding.kind, finding.rule, finding.figure, finding.limit) == ("refused", "2", None, None)
    with pytest.raises(PolicyDeniedError, match="rule 2: together with keys that were issued to others") as caught:
        authority.issue(dense(schema, 1), purpose="mine", recipient="ben")
    assert [each.kind for each in caught.value.findings] == ["refused"]
    for text in (str(caught.value), str(caught.value.findings), str(finding)):
        assert "secret" not in text and "#1" not in text and "rotate" in text
    (own,) = authority.check(dense(schema, 2), recipient="ada")
    assert own.kind == "coordinate"
    assert [finding.refuses for finding in authority.check(dense(schema, 2), recipient="ada")] == [True]  # and again
    assert b"a secret purpose" in b"".join(authority.log().entries)


def test_a_check_under_another_reference_counts_own_keys_alone() -> None:
    schema = Schema.from_ranges({f"x{i}": (0, 15) for i in range(6)}, bits=4)
    authority = KeyAuthority.create(schema, policy=Policy.unrestricted(reason="a test"))
    authority.issue(dense(schema), purpose="p", recipient="ada")
    kinds = {
        who: [f.kind for f in authority.check(dense(schema, 1), recipient=who, reference=population(schema))]
        for who in ("ada", "ben")
    }
    assert "coordinate" in kinds["ada"] and "coordinate" not in kinds["ben"]


def test_rotation_counts_anew() -> None:
    schema = wide_schema()
    authority = KeyAuthority.create(schema, weight_bits=8)
    authority.issue(dense(schema), purpose="v1")
    with pytest.raises(PolicyDeniedError, match=r"rotate\(schema=\.\.\.\)"):
        authority.issue(dense(schema, 1), purpose="v2")
    first, rows = authority.public_key, {name: [7, 8] for name in schema.columns}
    batch = first.encrypt(rows)
    assert authority.rotate(reason="v2") == 2 and authority.public_key.id != first.id and authority.weight_bits == 8
    key = authority.issue(dense(schema, 1), purpose="v2")
    with pytest.raises(KeyMismatchError, match="different public keys"):
        key.decrypt(batch)
    old = authority.issue(dense(schema), purpose="v1", epoch=1)
    assert old.decrypt(batch).tolist() == old.function.evaluate(rows).tolist()


def test_a_reference_goes_on_with_its_schema() -> None:
    schema = Schema.from_ranges({f"x{i}": (0, 15) for i in range(6)}, bits=4)
    authority = KeyAuthority.create(schema, reference=population(schema))
    assert authority.rotate() == 2 and authority.reference is not None
    assert authority.rotate(wide_schema(), policy=Policy.unrestricted(reason="why")) == 3
    assert authority.reference is None and authority.policy_line == "UNRESTRICTED: why"
    with pytest.raises(ParameterError, match="for a Schema"):
        authority.rotate({"a": (0, 1)})  # type: ignore[arg-type]


def test_a_refusal_names_its_rule_and_has_its_findings() -> None:
    few = Schema.from_ranges({f"q{i}": ["no", "yes"] for i in range(10)})
    authority = KeyAuthority.create(few)
    function = Function.from_integers(few, [3, -5, 17, 8, 44, -91, 23, 60, -7, 31])
    with pytest.raises(PolicyDeniedError, match=r"^rule 4: would leave too little") as caught:
        authority.issue(function, purpose="a test")
    (finding,) = caught.value.findings
    assert (finding.rule, finding.kind) == ("4", "budget") and finding.figure > finding.limit > 0
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value) and again.findings == caught.value.findings
