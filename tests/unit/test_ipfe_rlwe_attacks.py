"""Attacks on the lattice scheme that work, each on what it works on; and where they end."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from flint import fmpq_mat, fmpz_mat

import pyfe
from pyfe import CiphertextBatch, Evaluator, OutOfRangeError, ParameterError, PolicyDeniedError, RefusedError
from pyfe._core import ipfe_rlwe as core
from pyfe.adapters.ipfe_rlwe import IPFE_RLWE
from pyfe.arrays import AnyArray, IntArray
from pyfe.incidents import IN_MEMORY
from pyfe.schemes import ipfe_rlwe
from tests.unit.lattice_sets import TABLE
from tests.unit.made_rings import TILE, one_tile, secret_of
from tests.unit.ring_envelopes import person
from tests.unit.test_ipfe_rlwe_parameters import of

RNG = np.random.default_rng(26)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    IN_MEMORY._kept.clear()
    yield
    IN_MEMORY._kept.clear()


# -- the key from accepted and refused alone ----------------------------------------------------------------------


WEIGHTS = (101, -100, 57)
"""The first two give every sum of words: 101 t - 100 t = t."""

MORE_THAN_ENOUGH = 11
"""Standard deviations of a coefficient of sk_y that an attacker has to expect."""


@cache
def authority() -> pyfe.KeyAuthority:
    schema = pyfe.Schema({name: pyfe.number(-255, 255, step=1) for name in "abc"})
    free = pyfe.Policy.unrestricted(reason="a test")
    return pyfe.KeyAuthority.create(schema, scheme="ipfe-rlwe", weight_bits=8, policy=free)


@cache
def key() -> pyfe.FunctionKey:
    return authority().issue(pyfe.Function.from_integers(authority().schema, list(WEIGHTS)), purpose="a test")


def native() -> ipfe_rlwe.FunctionKey:
    return cast(ipfe_rlwe.FunctionKey, key().native)


def probe(c: int, sums: IntArray) -> ipfe_rlwe.CiphertextBatch:
    """``ct_0 = c`` and the words whose weighted sums are these: accepted where ``sums - round(2^b c sk / q)`` is within
    the margin in every slot."""
    words = [sums.tolist(), sums.tolist(), [0] * TILE]
    return IPFE_RLWE.read_batch(memoryview(one_tile(native().parameters, key().public_key_id, c, words)))


def signed(rows: ipfe_rlwe.CiphertextBatch) -> CiphertextBatch:
    """As evaluators get it, from somebody whom they answer."""
    like = authority().public_key.encrypt(np.zeros((1, 3)))
    hashes: Any = {"parameter_hash": like.parameter_hash, "schema_id": like.schema_id}
    return CiphertextBatch(like.adapter, rows, encrypted_rows=len(rows), **hashes).signed(person("ada"))


class Attacker:
    """Who finds the coefficients of sk_y that lie in a tile, knowing the parameters and y, and what an oracle says."""

    def __init__(self, accepts: Callable[[int, IntArray], bool]) -> None:
        self.p, self.accepts, self.answers = native().parameters, accepts, list[bool]()

    def asks(self, c: int, sums: IntArray) -> bool:
        self.answers.append(self.accepts(c, sums))
        return self.answers[-1]

    def largest(self, holds: Callable[[int], bool], low: int, high: int) -> int:
        """The largest number for which it holds; it holds for ``low``."""
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if holds(middle) else (low, middle - 1)
        return low

    def in_one_slot(self, slot: int, value: int) -> IntArray:
        sums = np.zeros(TILE, dtype=np.int64)
        sums[slot] = value
        return sums

    def margin(self) -> int:
        """The noise that is accepted: of ``ct_0 = 0``."""
        return self.largest(lambda w: self.asks(0, self.in_one_slot(0, w)), 0, 1 << 16)

    def coefficients(self) -> list[int]:
        """Finer and finer: of all that is known, the part that is not yet is made a quarter of the margin."""
        p, margin = self.p, self.margin()
        scale = p.sigma_256[0] / 256 * float(np.linalg.norm(WEIGHTS))
        unknown, guess = MORE_THAN_ENOUGH * scale, np.zeros(TILE)
        while unknown > 0.4:
            c = min(int(margin / 4 * p.q / 2**p.b / unknown), 4 * p.q // 2**p.b)
            base = np.array([round(2**p.b * c * int(v) / p.q) for v in guess], dtype=np.int64)
            reach = int(unknown * c * 2**p.b / p.q) + 3
            z = np.array([self.rounded(c, base, slot, margin, reach) for slot in range(TILE)])
            guess, unknown = np.rint(z * (p.q / c / 2**p.b)), 1.5 * p.q / c / 2**p.b
        return [int(v) for v in guess]

    def rounded(self, c: int, base: IntArray, slot: int, margin: int, reach: int) -> int:
        """``round(2^b c sk / q)`` in a slot: a sum that is larger by more than the margin is refused."""
        more = self.largest(lambda m: self.asks(c, base + self.in_one_slot(slot, m + margin)), -reach, reach)
        return int(base[slot]) + more


def test_accepted_and_refused_alone_give_the_key_away(capsys: pytest.CaptureFixture[str]) -> None:
    """What one refusal a signer is for: the bare scheme, which answers for ever, gives every coefficient."""

    def bare(c: int, sums: IntArray) -> bool:
        try:
            ipfe_rlwe.decrypt(native(), probe(c, sums))
        except RefusedError:
            return False
        return True

    attacker = Attacker(bare)
    assert attacker.coefficients() == secret_of(native())[0, :TILE].tolist()
    asked, refused = len(attacker.answers), attacker.answers.count(False)
    with capsys.disabled():
        print(f"\n  sk_y in {asked / TILE:.1f} answers a coefficient, {refused / TILE:.1f} of them refusals")
    assert 20 < asked / TILE < 40 and refused > 10 * TILE


def test_the_same_attacker_ends_with_the_first_refusal(tmp_path: Path) -> None:
    evaluator, told = Evaluator(key(), state=tmp_path / "state"), list[str]()

    class Over(Exception):
        pass

    def answers(c: int, sums: IntArray) -> bool:
        try:
            evaluator.decrypt(signed(probe(c, sums)), signed_by=person("ada").identity)
        except pyfe.RefusedError:
            told.append("refused")
            return False
        except pyfe.SilencedError as error:
            told.append(str(error))
            raise Over from error
        told.append("accepted")
        return True

    attacker = Attacker(answers)
    with pytest.raises(Over):
        attacker.coefficients()
    assert told.count("refused") == 1 and told.index("refused") == len(told) - 2
    assert len(attacker.answers) < 17, "he does not even know the margin"
    silence = told[-1]
    zeros = np.zeros(TILE, dtype=np.int64)
    for c, sums in ((0, zeros), (1, zeros), (2**70, zeros), (0, attacker.in_one_slot(5, 1 << 15))):
        with pytest.raises(Over):  # whatever he sends, what would have been accepted too: the answer tells nothing
            answers(c, sums)
        assert told[-1] == silence
    assert len(evaluator.incidents) == 1


# -- the time of a refusal ----------------------------------------------------------------------------------------


REFUSALS = 100_000
"""Of all places together."""


def t_value(one: AnyArray, other: AnyArray) -> float:
    """Welch's."""
    spread = float(np.var(one) / len(one) + np.var(other) / len(other))
    return float(abs(np.mean(one) - np.mean(other)) / math.sqrt(spread))


def refused_at_places(count: int) -> dict[str, IntArray]:
    """Nanoseconds of refusals of ciphertexts of 8,129 rows that are wrong in one word, in random order. Every one is
    read anew, so that all lie where the last one lay; the slowest tenth, in which the machine did something else, is
    left out."""
    mpk, msk = ipfe_rlwe.setup(ipfe_rlwe.Parameters(2, x_lo=[1, 1], x_hi=[9, 9], y_bound=7))
    p, sk = mpk.parameters, ipfe_rlwe.keygen(msk, [7, -5])
    data = ipfe_rlwe.encrypt(mpk, RNG.integers(1, 10, (127 * TILE + 1, 2))).to_bytes()
    body = len(data) - 128 * 2 * 8 * p.b
    places = {"first": 0, "middle": 4000, "last": 127 * TILE, "unoccupied": 128 * TILE - 1}
    wrong = {}
    for name, slot in places.items():
        bit = 8 * (body + slot // TILE * 2 * 8 * p.b) + (slot % TILE + 1) * p.b - 1
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        wrong[name] = bytes(changed)
    order = RNG.integers(len(places), size=count)
    names, took = list(places), np.zeros(count, dtype=np.int64)
    for at, which in enumerate(order.tolist()):
        batch = ipfe_rlwe.CiphertextBatch.from_bytes(wrong[names[which]])
        start = time.thread_time_ns()
        try:
            ipfe_rlwe.decrypt(sk, batch)
        except RefusedError:
            took[at] = time.thread_time_ns() - start
        del batch
    assert took.all(), "a changed highest bit under an odd weight is always refused"
    quick = took < np.quantile(took, 0.9)
    return {name: took[quick & (order == which)] for which, name in enumerate(names)}


@pytest.mark.slow
def test_the_time_of_a_refusal_does_not_tell_the_slot(capsys: pytest.CaptureFixture[str]) -> None:
    took = refused_at_places(REFUSALS)
    found = {name: t_value(took["first"], took[name]) for name in took if name != "first"}
    with capsys.disabled():
        print("\n  t of refusals against those of the first slot:", {name: round(t, 2) for name, t in found.items()})
    assert max(found.values()) < 4.5


def test_the_measure_of_times_sees_a_difference() -> None:
    """What it sees at 10^5: a hundredth of the spread would be t = 1.6, a twentieth 8."""
    one, other = RNG.normal(200_000, 4_000, 50_000), RNG.normal(200_000, 4_000, 50_000)
    assert t_value(one, other) < 4.5 < t_value(one, other + 200)


# -- one slot looked at -------------------------------------------------------------------------------------------


def test_one_patient_is_not_a_way_to_a_coefficient() -> None:
    """``ct_0 = Delta`` and words of 0: slot k holds ``-sk_k``. Looked at in the one slot that has a patient it would
    be a coefficient a score; it is refused, since the others of the tile are not 0."""
    p = of(TABLE["n30"])
    mpk, msk = ipfe_rlwe.setup(p)
    y = RNG.integers(-127, 128, (40, 30))
    sk = ipfe_rlwe.keygen(msk, y)
    secrets = secret_of(sk)
    would_pass = 0
    for f, (low, high) in enumerate(sk.intervals.tolist()):
        would_pass += low + (-int(secrets[f, 0]) - low) % p.K <= high
        one = ipfe_rlwe.keygen(msk, y[f])
        for count in (1, 2, TILE):
            made = one_tile(p, mpk.id, p.q // p.K, [[0] * TILE] * 30, count)
            with pytest.raises(RefusedError):
                ipfe_rlwe.decrypt(one, ipfe_rlwe.CiphertextBatch.from_bytes(made))
    assert would_pass > 5, "looked at alone, slot 0 is inside the interval for a fair part of the keys"


# -- sums that wrap -----------------------------------------------------------------------------------------------


def test_a_sum_beyond_the_parameters_is_refused_and_so_is_one_that_hides_it() -> None:
    """Two ciphertexts where parameters reserve one: decoded modulo K, the sum could come out as another number."""
    p = ipfe_rlwe.Parameters(6, x_bound=20, y_bound=9)
    mpk, msk = ipfe_rlwe.setup(p)
    x, y = np.full((TILE, 6), 20), [9] * 6
    sk = ipfe_rlwe.keygen(msk, y)
    one, other = (ipfe_rlwe.encrypt(mpk, rows) for rows in (x, x))
    assert ipfe_rlwe.decrypt(sk, one).tolist() == [6 * 180] * TILE
    for weights in ([1, 1], [2, 0], [1, -1]):
        with pytest.raises(OutOfRangeError, match="sum_w = 1 of the parameters is the most"):
            ipfe_rlwe.weighted_sum([one, other], weights)
    wide = ipfe_rlwe.Parameters(6, x_bound=20, y_bound=9, sum_w=2)
    mpk, msk = ipfe_rlwe.setup(wide)
    sk, pair = ipfe_rlwe.keygen(msk, y), [ipfe_rlwe.encrypt(mpk, x) for _ in range(2)]
    total = ipfe_rlwe.weighted_sum(pair, [1, 1])
    assert ipfe_rlwe.decrypt(sk, total).tolist() == [12 * 180] * TILE
    assert ipfe_rlwe.decrypt(sk, ipfe_rlwe.weighted_sum(pair, [-1, -1])).tolist() == [-12 * 180] * TILE
    data = total.to_bytes()
    stated = (2).to_bytes(8, "little") + bytes(8) + (2).to_bytes(16, "little")
    assert data.count(stated) == 1
    with pytest.raises(pyfe.SignatureError, match="a sum that came as bytes"):
        ipfe_rlwe.decrypt(sk, ipfe_rlwe.CiphertextBatch.from_bytes(data))
    for plus, minus, square in ((1, 0, 1), (0, 1, 1)):  # less than it is
        forged = b"".join(v.to_bytes(size, "little") for v, size in ((plus, 8), (minus, 8), (square, 16)))
        made = ipfe_rlwe.CiphertextBatch.from_bytes(data.replace(stated, forged))
        with pytest.raises((RefusedError, pyfe.SignatureError)):  # as it comes, and where somebody answers for it
            ipfe_rlwe.decrypt(sk, made)
        with pytest.raises(RefusedError):
            ipfe_rlwe.decrypt(sk, made.vouched())
    forged = (3).to_bytes(8, "little") + bytes(8) + (3).to_bytes(16, "little")
    with pytest.raises(pyfe.PyfeError, match="sum_w"):
        ipfe_rlwe.decrypt(sk, ipfe_rlwe.CiphertextBatch.from_bytes(data.replace(stated, forged)).vouched())


# -- another score, which no residual shows ---------------------------------------------------------------------------


def test_whoever_means_it_changes_a_score_and_only_a_signature_shows_it() -> None:
    """``round(2^b / K)`` more in a word is one more of that patient's column."""
    p, public = native().parameters, authority().public_key
    batch = signed(ipfe_rlwe.encrypt(cast(ipfe_rlwe.MasterPublicKey, public.native), np.zeros((3, 3), dtype=np.int64)))
    data, ada = batch.to_bytes(), person("ada").identity
    payload = batch.native.to_bytes()
    first = len(payload) - 3 * 8 * p.b  # of column a, slot 0
    words = int.from_bytes(payload[first : first + 8 * p.b], "little")
    word = words % (1 << p.b)
    changed = words - word + (word + round(2**p.b / p.K)) % (1 << p.b)
    made = payload[:first] + changed.to_bytes(8 * p.b, "little") + payload[first + 8 * p.b :]
    scores = ipfe_rlwe.decrypt(native(), ipfe_rlwe.CiphertextBatch.from_bytes(made)).tolist()
    assert scores == [WEIGHTS[0], 0, 0]
    at = data.index(payload)
    with pytest.raises(pyfe.SignatureError):
        CiphertextBatch.from_bytes(data[:at] + made + data[at + len(payload) :])
    assert Evaluator(key()).decrypt(CiphertextBatch.from_bytes(data), signed_by=ada).tolist() == [0, 0, 0]


# -- one vector in two ciphertexts, and one randomness in two of them ---------------------------------------------


def test_no_call_encrypts_a_part_of_the_columns() -> None:
    """Two halves of a vector under two ``ct_0`` would give two partial scores to the key of the whole."""
    public = authority().public_key
    table = {"a": [1.0], "b": [2.0], "c": [3.0]}
    assert len(public.encrypt(table)) == 1
    for part in ("a", "b", "c"):
        with pytest.raises(ParameterError, match=part):
            public.encrypt({name: column for name, column in table.items() if name != part})
    for columns in (1, 2, 4):
        with pytest.raises(ParameterError):
            public.encrypt(np.zeros((1, columns)))
        with pytest.raises(ParameterError):
            ipfe_rlwe.encrypt(cast(ipfe_rlwe.MasterPublicKey, public.native), np.zeros((1, columns), dtype=np.int64))
    with pytest.raises(OutOfRangeError, match="missing in row 0"):
        public.encrypt({**table, "a": [float("nan")]})  # no column is left out by a missing value


def test_no_call_takes_or_resumes_randomness() -> None:
    """The same r in two ciphertexts gives the difference of their rows without any key."""
    assert set(inspect.signature(ipfe_rlwe.encrypt).parameters) == {"mpk", "x", "client", "label"}
    said = inspect.getdoc(core.encrypt) or ""
    assert said.startswith("encrypt(mpk: ") and "random" not in said and "seed" not in said
    public = cast(ipfe_rlwe.MasterPublicKey, authority().public_key.native)
    taken = set(inspect.signature(pyfe.PublicKey.encrypt).parameters)
    assert not {name for name in taken if any(word in name for word in ("random", "seed", "resume", "rng", "state"))}
    for name in ("client", "label"):
        with pytest.raises(ParameterError, match="takes no"):
            ipfe_rlwe.encrypt(public, np.zeros((1, 3), dtype=np.int64), **cast(Any, {name: "1"}))
    batch = ipfe_rlwe.encrypt(public, np.zeros((1, 3), dtype=np.int64))
    growing = {name for name in dir(batch) if not name.startswith("_")}
    assert growing == {
        *("accepted", "add", "blocks", "combine", "combined", "concat", "formed", "from_bytes", "n", "nbytes"),
        *("opened_in_steps", "pieces", "places", "public_key_id", "row_size", "scale", "slice", "to_bytes"),
        *("vouched", "weight_sums"),
    }, "nothing appends a column or a row to a ciphertext"


# -- the master key from fewer keys than columns --------------------------------------------------------------------


def master_of(y: IntArray, secrets: IntArray) -> IntArray:
    """int64 ``[n, coefficients]``: s, from ``y s = secrets``, ``[k, n]`` and ``[k, coefficients]``: of all integer
    solutions the one near 0, by a reduced basis of those of ``y s = 0``."""
    k, n = y.shape
    heavy = 1 << 60
    rows = [[heavy * int(v) for v in y[:, i]] + [int(i == j) for j in range(n)] for i in range(n)]
    reduced = [[int(v) for v in row] for row in fmpz_mat(rows).lll().tolist()]
    kernel = fmpz_mat([row[k:] for row in reduced if not any(row[:k])])
    rest = [row for row in reduced if any(row[:k])]
    images, moves = fmpz_mat([[v // heavy for v in row[:k]] for row in rest]), fmpz_mat([row[k:] for row in rest])
    found = fmpq_mat(fmpz_mat(secrets.T.tolist())) * fmpq_mat(images).inv() * fmpq_mat(moves)
    to_basis = fmpq_mat(kernel.transpose()) * fmpq_mat(kernel * kernel.transpose()).inv()
    nearest = fmpz_mat([[math.floor(v + _HALF) for v in row] for row in (found * to_basis).tolist()])
    small = found - fmpq_mat(nearest * kernel)
    return np.array([[int(v.p) for v in row] for row in small.tolist()]).T


_HALF = fmpq_mat(1, 1, [1])[0, 0] / 2


def test_the_master_key_from_24_keys_of_30(capsys: pytest.CaptureFixture[str]) -> None:
    """Without an authority. ``s`` is short, and 24 equations of eight bits leave one short solution."""
    _, msk = ipfe_rlwe.setup(of(TABLE["n30"]))
    some = 256
    y = RNG.integers(-127, 128, (24, 30))
    stolen = master_of(y, secret_of(ipfe_rlwe.keygen(msk, y))[:, :some])
    true = secret_of(ipfe_rlwe.keygen(msk, np.eye(30, dtype=np.int64)))[:, :some]
    assert np.array_equal(stolen, true)
    other = RNG.integers(-127, 128, (1, 30))  # a key that nobody issued
    assert np.array_equal(other @ stolen, secret_of(ipfe_rlwe.keygen(msk, other))[:, :some])
    with capsys.disabled():
        print("\n  24 keys of 30 gave the master key")


def test_the_ledger_refuses_long_before(capsys: pytest.CaptureFixture[str]) -> None:
    """Keys like those, asked of an authority under the default policy."""
    schema = pyfe.Schema({f"c{i}": pyfe.number(0, 255, step=1) for i in range(30)})
    authority = pyfe.KeyAuthority.create(schema, scheme="ipfe-rlwe")
    refused = None
    for number in range(1, 25):
        weights = RNG.integers(-127, 128, 30)
        try:
            authority.issue(pyfe.Function.from_integers(schema, weights.tolist()), purpose=f"key {number}")
        except PolicyDeniedError as error:
            refused = number, str(error)
            break
    assert refused is not None
    with capsys.disabled():
        print(f"\n  the ledger refused key {refused[0]}: {refused[1][:120]}")
    assert refused[0] <= 3, "long before 24"
