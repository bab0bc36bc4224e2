"""Scores with a proof: who can check them, with what, and what is noticed. No secret takes part in a verification."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

import pyfe
from pyfe import (
    CiphertextBatch,
    DecodeError,
    Function,
    FunctionKey,
    KeyMismatchError,
    OutOfRangeError,
    ParameterError,
    ProofError,
    PublicKey,
    PyfeError,
    ScoreProof,
    UnsupportedError,
)
from pyfe.objects import decode
from pyfe.row_ids import RowIds
from tests.unit import objects

TABLE = {"age": [30, 61, 47, 120, 0], "systolic": [110, 160, 85, 220, 80], "smoker": ["no", "yes", "no", "yes", "no"]}
TABLE |= {"group": ["a", "b", "c", "a", "b"], "weight": [50.0, 92.5, 70.0, 119.0, 30.0], "pulse": [60, 72, 88, 140, 40]}


class Shown(NamedTuple):
    """What a verifier has, all of it from bytes: no key."""

    public: PublicKey
    function: Function
    batch: CiphertextBatch
    scores: Any
    proof: ScoreProof
    context: bytes = b""

    def verify(self) -> None:
        self.public.verify(self.function, self.batch, self.scores, self.proof, context=self.context)


@pytest.fixture(scope="module")
def authority() -> pyfe.KeyAuthority:
    return objects.authority()


@pytest.fixture(scope="module")
def key(authority: pyfe.KeyAuthority) -> FunctionKey:
    return authority.issue(objects.function(), purpose="p")


@pytest.fixture(scope="module")
def shown(authority: pyfe.KeyAuthority, key: FunctionKey) -> Shown:
    return show(authority.public_key, key, authority.public_key.encrypt(TABLE, ids=range(5), carry_ids="clear"))


def show(public: PublicKey, key: FunctionKey, batch: CiphertextBatch, context: bytes = b"") -> Shown:
    scores, proof = key.decrypt(batch, prove=True, context=context, largest_weight_sum=100)
    assert (scores == key.decrypt(batch, largest_weight_sum=100)).all()
    return Shown(
        PublicKey.from_bytes(public.to_bytes()),
        Function.from_bytes(key.function.to_bytes()),
        CiphertextBatch.from_bytes(batch.to_bytes()),
        scores,
        ScoreProof.from_bytes(proof.to_bytes()),
        context,
    )


# -- what verifies ----------------------------------------------------------------------------------------------------


def test_without_any_secret(shown: Shown) -> None:
    shown.verify()
    assert (shown.scores == objects.function().evaluate(TABLE)).all()


def test_several_outputs_and_combined_rows(authority: pyfe.KeyAuthority) -> None:
    key = authority.issue(objects.several(), purpose="p")
    batch = authority.public_key.encrypt(TABLE)
    one = show(authority.public_key, key, batch, b"study 12")
    assert one.scores.shape == (5, 3)
    one.verify()
    for combined in (batch.weighted_sum([3, -1, 0, 2, -5]), batch + batch, -batch, batch[:0]):
        show(authority.public_key, key, combined).verify()


def test_slices_and_joins_are_batches_of_their_own(authority: pyfe.KeyAuthority, key: FunctionKey) -> None:
    batch = authority.public_key.encrypt(TABLE)
    joined = CiphertextBatch.concat([batch[3:], batch[:2]])
    shown = show(authority.public_key, key, joined)
    shown.verify()
    with pytest.raises(ProofError):
        shown._replace(batch=CiphertextBatch.concat([batch[:2], batch[3:]])).verify()


def test_noise_is_part_of_the_scores() -> None:
    schema = objects.schema().with_noise(pyfe.noise(slots=2, sd=32))
    authority = objects.authority(schema)
    weights = np.array([7, -3, 20, 1, 5, -9, 2, 4] + [0] * (schema.n - 8))
    function = Function.from_integers(schema, weights, -321).with_slots(0)
    key = authority.issue(function, purpose="p")
    batch = authority.public_key.encrypt(TABLE, owner_secret=bytes(range(32)))
    show(authority.public_key, key, batch).verify()


def test_text_and_bytes_are_one_context(authority: pyfe.KeyAuthority, key: FunctionKey, shown: Shown) -> None:
    scores, proof = key.decrypt(shown.batch, prove=True, context="größe")
    shown.public.verify(shown.function, shown.batch, scores, proof, context="größe".encode())
    for other in ("grosse", b"", "größe "):
        with pytest.raises(ProofError, match="the context is another"):
            shown.public.verify(shown.function, shown.batch, scores, proof, context=other)


def test_scores_are_proven_afterwards(key: FunctionKey, shown: Shown) -> None:
    again = key.prove(shown.batch, shown.scores)
    shown._replace(proof=again).verify()
    assert again != shown.proof  # other nonces
    shown._replace(scores=shown.scores.tolist()).verify()


# -- what does not ----------------------------------------------------------------------------------------------------


def test_other_scores(key: FunctionKey, shown: Shown) -> None:
    for row in range(5):
        wrong = shown.scores.copy()
        wrong[row] += 1
        with pytest.raises(ProofError, match="does not show"):
            shown._replace(scores=wrong).verify()
        with pytest.raises(ProofError):
            shown._replace(scores=wrong, proof=key.prove(shown.batch, wrong)).verify()
    with pytest.raises(OutOfRangeError, match="row 4, function 0: the score is outside"):
        shown._replace(scores=[*shown.scores[:4], 10**9]).verify()
    with pytest.raises(OutOfRangeError):
        shown._replace(scores=[*shown.scores[:4], 2**63 - 1]).verify()
    for other in (shown.scores[:4], [*shown.scores, 0], []):
        with pytest.raises(ParameterError, match="scores of"):
            shown._replace(scores=other).verify()
    for none in (shown.scores / 2, None, "scores", [[1, 2]] * 5):
        with pytest.raises(ParameterError):
            shown._replace(scores=none).verify()


def test_other_ids(shown: Shown) -> None:
    """The ids are bound: two that change places, one that is left out, other ways to carry them."""
    for ids in (RowIds.clear([1, 0, 2, 3, 4]), RowIds.clear([0, 1, 2, 3, 5]), None):
        with pytest.raises(ProofError):
            shown._replace(batch=shown.batch.with_ids(ids)).verify()


def test_other_claims_of_the_batch(shown: Shown) -> None:
    """What its sender says of clipped values is bound too."""
    for saturated, rows in (({"age": 1}, 5), ({}, 6)):
        batch = CiphertextBatch(
            shown.proof.adapter,
            shown.batch.native,
            parameter_hash=shown.batch.parameter_hash,
            schema_id=shown.batch.schema_id,
            saturated=saturated,
            encrypted_rows=rows,
            ids=shown.batch.ids,
        )
        with pytest.raises(ProofError):
            shown._replace(batch=batch).verify()


def test_a_row_left_out_or_twice(shown: Shown) -> None:
    batch, scores = shown.batch, shown.scores
    with pytest.raises(KeyMismatchError, match="it is of 5 rows and 1 functions, not of 4 and 1"):
        shown._replace(batch=batch[:4], scores=scores[:4]).verify()
    twice = CiphertextBatch.concat([batch[:4], batch[:1]], allow_duplicates=True)
    with pytest.raises(ProofError):
        shown._replace(batch=twice, scores=[*scores[:4], scores[0]]).verify()


def test_other_functions_and_keys(authority: pyfe.KeyAuthority, shown: Shown) -> None:
    with pytest.raises(KeyMismatchError, match="of another function"):
        shown._replace(function=objects.function(intercept=-320)).verify()
    with pytest.raises(KeyMismatchError, match="of another function"):
        shown._replace(function=objects.several()).verify()
    stranger = objects.authority()
    with pytest.raises(KeyMismatchError, match="another public key"):
        shown._replace(public=stranger.public_key).verify()
    with pytest.raises(KeyMismatchError, match="another public key"):
        shown._replace(batch=stranger.public_key.encrypt(TABLE, ids=range(5), carry_ids="clear")).verify()
    small = Function.from_integers(objects.small_schema(), [3, -1])
    with pytest.raises(KeyMismatchError, match="another schema"):
        shown._replace(function=small).verify()
    other = authority.issue(objects.several(), purpose="p")
    _, proof = other.decrypt(shown.batch, prove=True)
    with pytest.raises(KeyMismatchError, match="of another function"):
        shown._replace(proof=proof).verify()


def test_a_proof_that_lies_about_its_function(shown: Shown) -> None:
    """What a proof says of itself is bound as well."""
    other = objects.function(intercept=-320)
    lying = ScoreProof(shown.proof.adapter, shown.proof.native, shown.proof.parameter_hash, other.id)
    with pytest.raises(ProofError):
        shown._replace(proof=lying, function=other, scores=shown.scores + 1).verify()


def test_arguments_that_are_none(key: FunctionKey, shown: Shown) -> None:
    for change in ({"function": key}, {"batch": b""}, {"proof": b""}, {"context": 5}, {"context": b"x" * 1025}):
        with pytest.raises(ParameterError):
            shown._replace(**change).verify()  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="give prove=True"):
        key.decrypt(shown.batch, context="x")
    with pytest.raises(ParameterError, match="at most"):
        key.decrypt(shown.batch, prove=True, context="x" * 1025)
    with pytest.raises(ParameterError, match="context"):
        key.decrypt(shown.batch, prove=True, context="\udc80")
    with pytest.raises(ParameterError, match="scores of 4 rows"):
        key.prove(shown.batch, shown.scores[:4])


def test_a_scheme_without_proofs() -> None:
    authority = objects.authority(objects.small_schema(), scheme="qfe-ggm")
    key = authority.issue(Function.from_integers(objects.small_schema(), [3, -1], 5), purpose="p")
    batch = authority.public_key.encrypt({"a": [2], "b": [1]})
    linear = objects.authority(objects.small_schema())
    other = linear.issue(Function.from_integers(objects.small_schema(), [3, -1], 5), purpose="p")
    _, proof = other.decrypt(linear.public_key.encrypt({"a": [2], "b": [1]}), prove=True)
    for ask in (
        lambda: key.decrypt(batch, prove=True),
        lambda: key.prove(batch, [5]),
        lambda: authority.public_key.verify(key.function, batch, [5], proof),
    ):
        with pytest.raises(UnsupportedError, match="qfe-ggm has no proofs of scores; ipfe-ddh has"):
            ask()
    data = bytearray(proof.to_bytes())
    data[8] = 2
    with pytest.raises(DecodeError, match="qfe-ggm has no proofs"):
        ScoreProof.from_bytes(bytes(data))


# -- the proof as an object -------------------------------------------------------------------------------------------


def test_it_travels(shown: Shown) -> None:
    proof = shown.proof
    data = proof.to_bytes()
    assert len(data) < 320
    assert decode(data) == proof == pickle.loads(pickle.dumps(proof))
    assert copy.deepcopy(proof) is proof and hash(proof) == hash(ScoreProof.from_bytes(data))
    assert (proof.rows, proof.functions, proof.scheme) == (5, 1, "ipfe-ddh-ristretto255")
    info = proof.info()
    assert (info["object"], info["rows"], info["function_id"]) == ("score proof", 5, shown.function.id.hex())
    assert info["id"] == proof.id.hex() and "5 rows" in repr(proof)


def test_one_size_for_every_batch(authority: pyfe.KeyAuthority, shown: Shown) -> None:
    several = authority.issue(objects.several(), purpose="p")
    _, proof = several.decrypt(
        authority.public_key.encrypt({name: 9 * cells for name, cells in TABLE.items()}), prove=True
    )
    assert (proof.rows, proof.functions) == (45, 3)
    assert len(proof.to_bytes()) == len(shown.proof.to_bytes())


# -- ten thousand changes ---------------------------------------------------------------------------------------------


def changes(shown: Shown, other: Shown, rng: random.Random) -> Iterator[Callable[[], None]]:
    """Verifications of something that was changed in one place, all of which have to be refused: bits of the proof, of
    the ciphertexts, of the function and of the public key; scores, ids, rows and contexts; parts of another proof."""
    batch, scores = shown.batch, shown.scores

    def bit(item: Any, read: Callable[[bytes], Any], name: str) -> Callable[[], None]:
        data = bytearray(item.to_bytes())
        at = rng.randrange(8 * len(data))
        data[at // 8] ^= 1 << at % 8
        return lambda: shown._replace(**{name: read(bytes(data))}).verify()

    def score() -> Callable[[], None]:
        wrong = scores.copy()
        row = rng.randrange(len(wrong))
        wrong[row] += rng.choice([-1, 1]) * rng.choice([1, 2, 255, 2**20, 2**40])
        return lambda: shown._replace(scores=wrong).verify()

    def exchanged() -> Callable[[], None]:
        a, b = rng.sample(range(len(batch)), 2)
        order = list(range(len(batch)))
        order[a], order[b] = b, a
        rows = CiphertextBatch.concat([batch[i] for i in order])
        kept = rng.random() < 0.5
        return lambda: shown._replace(batch=rows, scores=scores if kept else scores[order]).verify()

    def spliced() -> Callable[[], None]:
        row = rng.randrange(len(batch))
        foreign = other.batch.with_ids(batch.ids)
        rows = CiphertextBatch.concat([batch[:row], foreign[row], batch[row + 1 :]])
        return lambda: shown._replace(batch=rows).verify()

    def scalars() -> Callable[[], None]:
        mine, theirs = shown.proof.native.to_bytes(), other.proof.native.to_bytes()
        first = rng.randrange(3)
        start, stop = 44 + 32 * first, 44 + 32 * rng.randrange(first + 1, 4)
        native = shown.proof.adapter.read_score_proof(mine[:start] + theirs[start:stop] + mine[stop:])
        proof = ScoreProof(shown.proof.adapter, native, shown.proof.parameter_hash, shown.proof.function_id)
        return lambda: shown._replace(proof=proof).verify()

    def context() -> Callable[[], None]:
        stated = rng.randbytes(rng.randrange(1, 5))
        return lambda: shown._replace(context=stated).verify()

    while True:
        yield bit(shown.proof, ScoreProof.from_bytes, "proof")
        yield bit(shown.proof, ScoreProof.from_bytes, "proof")
        yield bit(batch, CiphertextBatch.from_bytes, "batch")
        yield bit(shown.function, Function.from_bytes, "function")
        yield bit(shown.public, PublicKey.from_bytes, "public")
        yield from (score(), exchanged(), spliced(), scalars(), context())


def unnoticed(shown: Shown, other: Shown, trials: int, seed: int) -> list[int]:
    """Which of the trials verified all the same. Any error but a named one fails the test."""
    made = changes(shown, other, random.Random(seed))
    found = []
    for number in range(trials):
        try:
            next(made)()
        except PyfeError:
            continue
        found.append(number)
    return found


@pytest.fixture(scope="module")
def pair(authority: pyfe.KeyAuthority, key: FunctionKey, shown: Shown) -> tuple[Shown, Shown]:
    """Two proofs of the same function on other encryptions of the same rows."""
    return shown, show(authority.public_key, key, authority.public_key.encrypt(TABLE))


def test_three_hundred_changes(pair: tuple[Shown, Shown], seed: int) -> None:
    assert unnoticed(*pair, 300, seed) == []


@pytest.mark.slow
def test_ten_thousand_changes(pair: tuple[Shown, Shown], seed: int) -> None:
    assert unnoticed(*pair, 10_000, seed) == []
