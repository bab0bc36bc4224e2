"""The table that an authority signs: what it states, and that nothing else is read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pyfe import DecodeError, KeyMismatchError, ParameterError, PyfeError, Schema, SignatureError
from pyfe.epochs import EpochTable
from pyfe.forms import MatrixForms
from pyfe.leakage import Blind, LinearAccount, Reference, check_linear, published, question_of
from pyfe.objects import decode
from pyfe.wire.envelope import signed_part, unpack
from pyfe.wire.signature import SigningKey
from tests.unit.epoch_tables import FORM, QUADRATIC, SMALL, epoch, epochs, table


def test_what_is_stated_comes_back_byte_for_byte() -> None:
    made = table(epochs())
    read = EpochTable.from_bytes(made.to_bytes(), verification_key=made.verification_key)
    assert read == made and read.to_bytes() == made.to_bytes() and hash(read) == hash(made)
    assert isinstance(decode(made.to_bytes()), EpochTable) and "4 epochs" in repr(read)
    assert read.epoch_of(bytes([2]) * 32).number == 2
    assert [one["keys"] for one in read.info()["epochs"].values()] == [3, 3, 0, 1]
    assert [(one.silent, one.undecided) for one in read.epochs] == [(False, False)] * 2 + [
        (True, False),
        (False, False),
    ]


def test_figures_are_those_of_the_rules() -> None:
    rows = [[3, 1, 4, 1, 5, 9], [2, 7, 1, 8, 2, 8]]
    asked = question_of(LinearAccount(SMALL), rows, Blind(SMALL))
    found = epoch(1, SMALL, rows)
    assert found.rows == tuple(map(tuple, asked.Z)) and found.rank == 2 and found.blind
    assert found.said == math.ceil(1000 * asked.information.bits)
    assert found.entropy == math.floor(1000 * Blind(SMALL).entropy_bits)
    noisy = epochs()[1]
    assert noisy.slots == (3, 5) and noisy.rank == 2 and len(noisy.rows) == 2
    same = epoch(1, SMALL, [rows[1], rows[0], np.add(*rows)])
    assert same.rows == found.rows and same.said == found.said


def test_a_schema_that_publishes_is_its_own_reference() -> None:
    rng = np.random.default_rng(3)
    X = {"a": rng.integers(0, 16, 400), "b": rng.integers(0, 16, 400), "c": rng.choice(["no", "yes"], 400)}
    schema = published(X, Schema.from_ranges({"a": (0, 15), "b": (0, 15), "c": ["no", "yes"]}, bits=4))
    found = epoch(1, schema, [[1, 2, 3]])
    reference = Reference.of_schema(schema)
    assert reference is not None and not found.blind and found.entropy == math.floor(1000 * reference.entropy_bits)


LATER: dict[str, tuple[dict[str, Any], bool]] = {
    "the same": ({}, True),
    "retired": ({"state": "retired"}, True),
    "in doubt": ({"state": "doubtful"}, True),
    "one key more that says nothing new": ({"keys": 4}, True),
    "one key fewer": ({"keys": 2}, False),
    "fewer bits": ({"said": 0}, False),
    "another row": ({"rows": ((1, 2, 3, 0, 2),)}, False),
    "another public key": ({"public_key_id": b"x" * 32}, False),
    "another scheme": ({"scheme": QUADRATIC}, False),
}


@pytest.mark.parametrize("name", LATER)
def test_what_an_epoch_says_later(name: str) -> None:
    fields, fits = LATER[name]
    before = epochs()[0]
    assert replace(before, **fields).follows(before) == fits
    noisy = epochs()[1]
    assert noisy.follows(noisy) and not replace(noisy, slots=(5, 3)).follows(noisy)
    assert not before.follows(replace(before, state="retired")) and not before.follows(
        replace(before, state="doubtful")
    )


CHANGES: dict[str, dict[str, Any]] = {
    "number 0": {"number": 0},
    "a state that is none": {"state": "shut"},
    "a scheme that is none": {"scheme": "rsa"},
    "an id cut": {"public_key_id": bytes(31)},
    "a truth value for keys": {"keys": True},
    "no key that says something": {"keys": 0},
    "rank of other rows": {"rank": 2},
    "a row too short": {"rows": ((1, 2),), "rank": 1},
    "a float": {"rows": ((1, 2, 3.0, 0, 1),), "rank": 1},
    "an integer of 65 bits": {"rows": ((2**63, 2, 3, 0, 1),), "rank": 1},
    "slots without noise": {"slots": (3,)},
    "negative bits": {"said": -1},
    "a second after 2106": {"expires": 2**32 + 1},
    "not blind nor seeing": {"blind": 1},
    "forms beside rows": {"forms": (FORM,)},
    "forms of another schema": {"forms": (MatrixForms.dense(np.ones((1, 3, 3), dtype=np.int64)),), "rows": ()},
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_no_epoch_says(name: str) -> None:
    with pytest.raises(ParameterError):
        replace(epochs()[0], **CHANGES[name])


@pytest.mark.parametrize("slots", [(), (3,), (3, 4), (3, "5"), (3, True)])
def test_slots_are_those_of_the_schema_one_a_row(slots: tuple[Any, ...]) -> None:
    with pytest.raises(ParameterError):
        replace(epochs()[1], slots=slots)


@pytest.mark.parametrize(
    "make",
    [
        lambda: table([]),
        lambda: table(epochs()[1:]),
        lambda: table([epochs()[0], replace(epochs()[0], number=2)]),
        lambda: table(epochs(), size=-1),
        lambda: table([epochs()[0], epochs()[0]]),
    ],
)
def test_what_is_no_table(make: Callable[[], object]) -> None:
    with pytest.raises(ParameterError):
        make()


def test_another_authority_and_an_unknown_key() -> None:
    made = table(epochs())
    with pytest.raises(KeyMismatchError, match="another authority"):
        EpochTable.from_bytes(made.to_bytes(), verification_key=SigningKey.generate().public)
    with pytest.raises(KeyMismatchError, match="newest table"):
        made.epoch_of(bytes(32))


def test_no_bit_can_be_changed_cut_or_added() -> None:
    data = table(epochs()[:1]).to_bytes()
    for at in range(len(data)):
        with pytest.raises(PyfeError):
            EpochTable.from_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
    for cut in range(0, len(data), 7):
        with pytest.raises(DecodeError):
            EpochTable.from_bytes(data[:cut])
    for other in (data + b"\0", b"", b"PYFE"):
        with pytest.raises(DecodeError):
            EpochTable.from_bytes(other)


def test_what_a_signature_does_not_make_right() -> None:
    """Signed by the right key, and still no table."""
    from pyfe.wire.envelope import Envelope, pack

    key = SigningKey.generate()
    good = unpack(table(epochs(), key=key).to_bytes())
    changes: list[Callable[[dict[str, Any]], object]] = [
        lambda m: m["epochs"][0].update(rank=7),
        lambda m: m["epochs"][0].update(more=1),
        lambda m: m["epochs"][0].pop("blind"),
        lambda m: m["epochs"][0].update(schema=b"PYFE"),
        lambda m: m["epochs"][0].update(rows=[7]),
        lambda m: m["epochs"][3].update(forms=[{"form": "round"}]),
        lambda m: m["epochs"].reverse(),
        lambda m: m["epochs"].clear(),
        lambda m: m.update(epochs=[1]),
        lambda m: m.update(at="now"),
        lambda m: m.update(more=1),
    ]
    for change in changes:
        metadata = unpack(pack(good)).metadata
        change(metadata)
        unsigned = replace(good, metadata=metadata)
        signed = replace(unsigned, signature=key.sign(signed_part(pack(unsigned))))
        with pytest.raises(DecodeError):
            EpochTable.from_bytes(pack(signed))
    with pytest.raises(DecodeError, match="signed"):
        EpochTable.from_bytes(pack(Envelope(good.kind, 0, bytes(32), bytes(32), b"", good.metadata)))
    with pytest.raises(SignatureError):
        EpochTable.from_bytes(pack(replace(good, signature=bytes(64))))


def test_a_single_epoch_grants_what_its_authority_grants() -> None:
    """The figures are those by which a first key is granted."""
    schema = Schema.from_ranges({f"x{i}": (0, 255) for i in range(24)})
    weights = np.arange(3, 27) * np.where(np.arange(24) % 2, -1, 1)
    assert check_linear([], weights, schema) == []
    found = epoch(1, schema, weights)
    assert 3 * found.said <= found.entropy and found.rank == 1
