"""An evaluator where a refusal is an answer: whose ciphertexts it decrypts, and what an attacker learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import (
    CiphertextBatch,
    Evaluator,
    KeyMismatchError,
    OutOfRangeError,
    ParameterError,
    RefusedError,
    SignatureError,
    SilencedError,
)
from pyfe.cohorts import Chunk, evaluating, open_cohort, places, write_part
from pyfe.cohorts.manifest import Span
from pyfe.cohorts.rows import _require_cut, of_cohort
from pyfe.cohorts.scoring import Scores, score_in_turn
from pyfe.incidents import IN_MEMORY
from pyfe.schemes import ipfe_rlwe
from pyfe.wire.signature import SIGNATURE_SIZE
from tests.unit import cohort_rows
from tests.unit.ring_envelopes import (
    SCORES,
    TILE,
    arrived,
    authority,
    key,
    local,
    malformed,
    person,
    probe,
    secret_coefficients,
)

ADA, BEN = person("ada").identity, person("ben").identity


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What this process remembers is of one test."""
    IN_MEMORY._kept.clear()
    yield
    IN_MEMORY._kept.clear()


@pytest.fixture
def evaluator(tmp_path: Path) -> Evaluator:
    return Evaluator(key(), state=tmp_path / "state")


# -- whose ciphertexts are decrypted ---------------------------------------------------------------------------


def test_who_answers_for_rows() -> None:
    """Through cuts, joins and sums; here of the scheme that has them all."""
    rows = cohort_rows.encrypted(4, ids=None)
    signed, other = (CiphertextBatch.from_bytes(rows.signed(person(name)).to_bytes()) for name in ("ada", "ben"))
    foreign = CiphertextBatch.from_bytes(rows.to_bytes())
    ada, both = frozenset([ADA.ed25519]), frozenset([ADA.ed25519, BEN.ed25519])
    assert (
        rows.signers == rows[1:].signers == (rows + rows).signers == rows.signed(person("ada")).signers == frozenset()
    )
    assert signed.signers == signed[1:3].signers == (2 * signed).signers == (signed + rows).signers == ada
    assert signed.weighted_sum([1, 2, 3, 4]).signers == signed.with_ids(None).signers == ada
    assert (signed + other).signers == CiphertextBatch.concat([signed, other], allow_duplicates=True).signers == both
    assert foreign.signers is (foreign + signed).signers is foreign[1:].signers is None
    assert foreign.signed(person("ben")).signers == {BEN.ed25519}  # who signs answers for it


@pytest.mark.parametrize("durable", [True, False], ids=["file", "memory"])
def test_whose_ciphertexts_are_decrypted(durable: bool, tmp_path: Path) -> None:
    evaluator = Evaluator(key(), state=tmp_path / "state" if durable else None)
    batch, unsigned = arrived(local()), arrived(local(), None)
    assert evaluator.decrypt(local()).tolist() == SCORES
    assert evaluator.decrypt(batch, signed_by=ADA).tolist() == SCORES
    assert evaluator.decrypt(batch[1:3], signed_by=ADA).tolist() == SCORES[1:3]
    assert evaluator.decrypt(unsigned, unsigned=True).tolist() == SCORES
    asked: list[tuple[CiphertextBatch, dict[str, Any], str]] = [
        (unsigned, {}, "nobody answers"),
        (batch, {}, "nobody answers"),  # signed, and by nobody that the caller named
        (batch[1:], {"signed_by": BEN}, "nobody answers"),
        (batch, {"signed_by": BEN}, "ben"),
        (unsigned, {"signed_by": ADA}, "not signed"),
        (local(), {"signed_by": ADA}, "not signed"),
        (CiphertextBatch.concat([batch, unsigned]), {"signed_by": ADA}, "not signed"),
    ]
    for given, options, match in asked:
        with pytest.raises(SignatureError, match=match):
            evaluator.decrypt(given, **options)
    with pytest.raises(ParameterError, match="unsigned says that nobody does"):
        evaluator.decrypt(batch, signed_by=ADA, unsigned=True)
    assert evaluator.incidents == ()


def test_a_key_by_itself_asks_the_same(evaluator: Evaluator) -> None:
    assert key().decrypt(local()).tolist() == key().decrypt(arrived(local()), signed_by=ADA).tolist() == SCORES
    for given in (arrived(local()), arrived(local(), None)):
        with pytest.raises(SignatureError, match="nobody answers"):
            key().decrypt(given)
        with pytest.raises(SignatureError, match="nobody answers"):
            key().decision_function(given)


def test_other_schemes_ask_for_nothing(tmp_path: Path) -> None:
    evaluator = Evaluator(cohort_rows.function_key(), state=tmp_path / "state")
    batch = CiphertextBatch.from_bytes(cohort_rows.batch().to_bytes())
    assert np.array_equal(evaluator.decrypt(batch), cohort_rows.function_key().decrypt(batch))


# -- one refusal -----------------------------------------------------------------------------------------------


def test_a_signer_is_refused_once(evaluator: Evaluator, tmp_path: Path) -> None:
    bad, good = arrived(malformed()), arrived(local())
    with pytest.raises(RefusedError) as refused:
        evaluator.decrypt(bad, signed_by=ADA)
    assert not any(word in str(refused.value) for word in ("slot", "row", "margin", "interval", "function"))
    [incident] = evaluator.incidents
    assert (incident.envelope, incident.signer, incident.public_key) == (bad.id, ADA.ed25519, key().public_key_id)
    for batch in (good, bad, good[:2]):
        with pytest.raises(SilencedError, match="answered no more"):
            evaluator.decrypt(batch, signed_by=ADA)
    assert evaluator.decrypt(arrived(local(), "ben"), signed_by=BEN).tolist() == SCORES
    assert evaluator.decrypt(good, unsigned=True).tolist() == SCORES  # which stays with whoever asks
    again = Evaluator([key(), key(2)], state=tmp_path / "state")
    assert again.incidents == (incident,) and "1 silenced" in repr(again)
    with pytest.raises(SilencedError):
        again.decrypt(good, signed_by=ADA)
    assert again.release(ADA) == incident and again.incidents[0].released is not None
    assert evaluator.decrypt(good, signed_by=ADA).tolist() == SCORES
    with pytest.raises(ParameterError, match="nothing silences"):
        evaluator.release(ADA.ed25519)


def test_nothing_is_computed_for_whoever_is_silenced(evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RefusedError):
        evaluator.decrypt(arrived(malformed()), signed_by=ADA)
    monkeypatch.setattr(pyfe.FunctionKey, "_products", None)
    with pytest.raises(SilencedError):
        evaluator.decrypt(arrived(local()), signed_by=ADA)


def test_a_key_by_itself_counts_in_memory() -> None:
    with pytest.raises(RefusedError):
        key().decrypt(arrived(malformed()), signed_by=ADA)
    for ask in (key().decrypt, key(2).decrypt, key().decision_function, Evaluator(key()).decrypt):
        with pytest.raises(SilencedError, match="the memory of this process alone"):
            ask(arrived(local()), signed_by=ADA)
    assert "the memory of this process alone" in repr(Evaluator(key()))
    Evaluator(key()).release(ADA)
    assert key().decrypt(arrived(local()), signed_by=ADA).tolist() == SCORES


def test_what_nobody_answers_for_counts_for_nobody(evaluator: Evaluator) -> None:
    for batch, options in ((malformed(), {"unsigned": True}), (arrived(malformed()), {"unsigned": True})):
        for _ in range(2):
            with pytest.raises(RefusedError):
                evaluator.decrypt(batch, **options)
    assert evaluator.incidents == ()


def test_damage_on_the_way_counts_for_nobody(evaluator: Evaluator) -> None:
    """It is found by the signature, before anything is decrypted."""
    data = arrived(local()).to_bytes()
    for at in range(0, len(data), 4001):
        wrong = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises((pyfe.DecodeError, SignatureError)):
            evaluator.decrypt(CiphertextBatch.from_bytes(wrong), signed_by=ADA)
    assert evaluator.incidents == () and evaluator.decrypt(arrived(local()), signed_by=ADA).tolist() == SCORES


def test_other_errors_count_for_nobody(evaluator: Evaluator) -> None:
    other = CiphertextBatch.from_bytes(cohort_rows.encrypted(3, ids=None).signed(person("ada")).to_bytes())
    with pytest.raises(KeyMismatchError):
        evaluator.decrypt(other, signed_by=ADA)
    with pytest.raises(ParameterError, match="largest_weight_sum"):
        evaluator.decrypt(arrived(local()), signed_by=ADA, largest_weight_sum=0)
    assert evaluator.incidents == ()


def counting(monkeypatch: pytest.MonkeyPatch, ask: Callable[[], object]) -> list[pyfe.FunctionKey]:
    """The keys that decrypted, one after the other."""
    used: list[pyfe.FunctionKey] = []
    alone, together = pyfe.FunctionKey._products, pyfe.FunctionKey.uncounted_together

    def counted(one: pyfe.FunctionKey, batch: CiphertextBatch) -> Any:
        used.append(one)
        return alone(one, batch)

    def counted_together(keys: Sequence[pyfe.FunctionKey], batch: CiphertextBatch, **options: Any) -> Any:
        used.extend(keys)
        return together(keys, batch, **options)

    with monkeypatch.context() as patched:
        patched.setattr(pyfe.FunctionKey, "_products", counted)
        patched.setattr(pyfe.FunctionKey, "uncounted_together", staticmethod(counted_together))
        ask()
    return used


def test_many_keys_give_one_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [key(), key(2), key(1)]
    evaluator = Evaluator(keys, state=tmp_path / "state")
    scores = evaluator.decrypt(arrived(local()), signed_by=ADA)
    assert [one.tolist() for one in scores] == [one.decrypt(local()).tolist() for one in keys]

    def refused() -> None:
        with pytest.raises(RefusedError):
            evaluator.decrypt(arrived(malformed()), signed_by=ADA)

    assert counting(monkeypatch, refused) == keys  # no key is left out when the first one has refused
    assert len(evaluator.incidents) == 1


def test_keys_of_one_public_key(tmp_path: Path) -> None:
    for wrong in ([], [key(), cohort_rows.function_key()], [7], 7):
        with pytest.raises((ParameterError, KeyMismatchError)):
            Evaluator(wrong)  # type: ignore[arg-type]


# -- the attack ------------------------------------------------------------------------------------------------


class Silent(Exception):
    """The oracle says nothing any more."""


@cache
def bound() -> int:
    """The noise that is accepted, in units of w: a public number of the key's function."""
    w = 0
    while accepted(0, w + 1):
        w += 1
    return w


def accepted(c: int, w: int = 0) -> bool:
    """What the bare scheme says."""
    try:
        ipfe_rlwe.decrypt(key().native, probe(c, w).native)
    except RefusedError:
        return False
    return True


def largest_coefficient(accepts: Callable[[int], bool]) -> float:
    """From accept or refuse alone: the largest coefficient of sk_y in a tile. It is below 2^11 in this set, and where
    ``2^b c sk / q`` passes the bound, the answer changes."""
    p = key().native.parameters
    edge = (bound() + 0.5) * p.q / 2**p.b
    low, high = int(edge / 2**11), int(edge / 2**6)
    while high - low > low / 50:
        middle = (low + high) // 2
        low, high = (middle, high) if accepts(middle) else (low, middle)
    return edge / low


def test_accept_or_refuse_gives_the_key_away() -> None:
    """What the rule is for: with the bare scheme the attack works."""
    answers: list[bool] = []

    def oracle(c: int) -> bool:
        answers.append(accepted(c))
        return answers[-1]

    found = largest_coefficient(oracle)
    largest = max(map(abs, secret_coefficients(TILE)))
    assert abs(found - largest) < 0.05 * largest
    assert 8 <= len(answers) <= 12 and answers.count(False) > 1


def test_an_attacker_learns_nothing_beyond_the_first_refusal(evaluator: Evaluator) -> None:
    told: list[str] = []

    def oracle(c: int) -> bool:
        try:
            evaluator.decrypt(arrived(probe(c)), signed_by=ADA)
        except (RefusedError, SilencedError) as error:
            told.append(f"{type(error).__name__}: {error}")
            if isinstance(error, SilencedError):
                raise Silent from error
            return False
        told.append("scores")
        return True

    with pytest.raises(Silent):
        largest_coefficient(oracle)
    first = next(at for at, said in enumerate(told) if said.startswith("RefusedError"))
    assert set(told[:first]) <= {"scores"}
    for c in (0, 1, 2**40, 2**60):  # the first of them are accepted from anybody else
        with pytest.raises(Silent):
            oracle(c)
    assert len(set(told[first + 1 :])) == 1 and told[-1].startswith("SilencedError")
    assert evaluator.decrypt(arrived(probe(0), "ben"), signed_by=BEN).tolist() == [5] * len(SCORES)


def test_new_names_do_not_help_him(evaluator: Evaluator) -> None:
    """Anybody makes himself any number of identities: only those that are named are answered."""
    for number in range(3):
        with pytest.raises(SignatureError):
            evaluator.decrypt(arrived(probe(0), f"mallory {number}"), signed_by=ADA)
    assert evaluator.incidents == ()


# -- cohorts ---------------------------------------------------------------------------------------------------


def cohort(place: Path, batches: list[CiphertextBatch], by: str | None = "ada") -> Path:
    """A file of one chunk each."""
    rows = sum(map(len, batches))
    chunks = [
        Chunk(at, batch) if by is None else Chunk(at, batch).signed(person(by))
        for (at, _), batch in zip(places(rows, len(batches[0])), batches, strict=True)
    ]
    write_part(place, chunks)
    return place


def test_a_cohort_has_one_answer(evaluator: Evaluator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = cohort(tmp_path / "good.parquet", [local(), local(), local()])
    bad = cohort(tmp_path / "bad.parquet", [local(), malformed(), local(), malformed()])
    both = Evaluator([key(), key(2)], state=tmp_path / "state")
    assert evaluator.evaluate(good, signed_by=ADA).tolist() == SCORES * 3
    assert [one.tolist() for one in both.evaluate(good, signed_by=ADA)] == [
        SCORES * 3,
        both.keys[1].decrypt(local()).tolist() * 3,
    ]
    with pytest.raises(SignatureError, match="nobody answers"):
        evaluator.evaluate(good)
    assert evaluator.evaluate(cohort(tmp_path / "plain.parquet", [local()], None), unsigned=True).tolist() == SCORES

    def refused() -> None:
        with pytest.raises(RefusedError):
            evaluator.evaluate(bad, signed_by=ADA)

    assert len(counting(monkeypatch, refused)) == 4  # chunks after the first refusal are decrypted too
    [incident] = evaluator.incidents
    assert incident.envelope == open_cohort(bad).heads
    with pytest.raises(SilencedError):
        both.evaluate(good, signed_by=ADA)


def test_chunks_that_were_read_are_their_signers(evaluator: Evaluator, tmp_path: Path) -> None:
    read = list(open_cohort(cohort(tmp_path / "c.parquet", [local(), local()])).chunks(signed_by=ADA))
    joined = CiphertextBatch.concat(chunk.batch for chunk in read)
    assert evaluator.decrypt(joined, signed_by=ADA).tolist() == SCORES * 2
    unsigned = next(open_cohort(cohort(tmp_path / "d.parquet", [local()], None)).chunks())
    with pytest.raises(SignatureError):
        evaluator.decrypt(unsigned.batch, signed_by=ADA)


def test_there_is_a_place_for_whoever_counts() -> None:
    """No table of scores is made without saying who counts."""
    with pytest.raises(TypeError, match="answers"):
        evaluating.make_scores(*[None] * 5)  # type: ignore[arg-type, call-arg]


def test_a_sum_beyond_what_is_allowed_counts_for_nobody(tmp_path: Path) -> None:
    evaluator = Evaluator(cohort_rows.function_key(), state=tmp_path / "state")
    total = CiphertextBatch.from_bytes((3 * cohort_rows.encrypted(2, ids=None)).to_bytes())
    with pytest.raises(OutOfRangeError, match="largest_weight_sum=3"):
        evaluator.decrypt(total)
    assert evaluator.decrypt(total, largest_weight_sum=3).shape == (2,)


def test_a_state_is_shared_by_the_keys_of_a_public_key(evaluator: Evaluator, tmp_path: Path) -> None:
    with pytest.raises(RefusedError):
        evaluator.decrypt(arrived(malformed()), signed_by=ADA)
    other = Evaluator(cohort_rows.function_key(), state=tmp_path / "state")
    assert other.incidents == () and len(Evaluator(key(2), state=tmp_path / "state").incidents) == 1
    assert evaluator.state == tmp_path / "state" and Evaluator(key()).state is None
    assert authority().public_key.id == evaluator.incidents[0].public_key


def test_another_error_does_not_hide_a_refusal(tmp_path: Path) -> None:
    """Else whoever signs damages the last chunk, and no refusal counts."""
    chunks = [
        Chunk(at, batch).signed(person("ada"))
        for (at, _), batch in zip(places(10, 5), [malformed(), local()], strict=True)
    ]
    wrong = replace(chunks[1], signature=replace(chunks[1].signature, value=bytes(SIGNATURE_SIZE)))
    write_part(file := tmp_path / "c.parquet", [chunks[0], wrong])
    evaluator = Evaluator(key(), state=tmp_path / "state")
    with pytest.raises(RefusedError):
        evaluator.evaluate(file, signed_by=ADA)
    assert len(evaluator.incidents) == 1
    rows = of_cohort(open_cohort(file), signed_by=ADA)
    with pytest.raises(RefusedError):
        score_in_turn(Scores.of_rows(key(), rows), rows, [Span(0, 0, 2)], lambda span, write: write(BytesIO()), print)


def test_an_order_of_rows_that_opens_everything_again_and_again(tmp_path: Path) -> None:
    """A file's chunks open every ciphertext that they have a row of, whole: its sender chooses the order."""
    batch = arrived(local()).native
    rows = [batch.slice(at, at + 1) for at in range(5)]
    straight, mixed = batch.concat([batch, batch]), batch.concat([*rows, batch, *rows])
    assert straight.opened_in_steps(5) == 2 and straight.opened_in_steps(3) == 5 and straight.opened_in_steps(100) == 2
    assert mixed.opened_in_steps(1) == len(mixed)
    with pytest.raises(ParameterError, match="one row at least"):
        batch.opened_in_steps(0)
    (file := tmp_path / "batch").write_bytes(local().to_bytes())
    whole = CiphertextBatch.from_bytes(file.read_bytes())
    _require_cut(whole, 1, file)
    few = SimpleNamespace(adapter=SimpleNamespace(opened_in_steps=lambda native, step: (4 * 9 + 513, 9)), native=None)
    with pytest.raises(ParameterError, match="would open 549 ciphertexts, and it has 9"):
        _require_cut(few, 1, file)  # type: ignore[arg-type]
