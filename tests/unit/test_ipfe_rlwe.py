"""Inner products from Ring-LWE against their slow twin, and what has to be refused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from pyfe import (
    DecodeError,
    KeyMismatchError,
    OutOfRangeError,
    ParameterError,
    RandomnessError,
    RefusedError,
    _core,
)
from pyfe.schemes import ipfe_rlwe
from tests.reference import ipfe_rlwe as twin
from tests.reference.codec import Reader

RNG = np.random.default_rng(26)
SEED = 32


def draws(seed: bytes, sigma: int, count: int) -> Sequence[int]:
    """The core's draws, which have a twin of their own."""
    z: list[int] = _core.discrete_gaussian(sigma, np.frombuffer(seed, dtype=np.uint8)[None], count)[0].tolist()
    return z


def twin_of(p: Any) -> twin.Parameters:
    """The numbers that the rule gives, as the twin takes them."""
    return twin.Parameters(
        tuple(p.x_lo.tolist()),
        tuple(p.x_hi.tolist()),
        p.y_bound,
        p.sum_w,
        p.to_bytes(),
        p.id,
        tuple(p.primes),
        p.K,
        p.b,
        p.sigma_256,
    )


class Authority:
    """Keys of one set of parameters, and some rows."""

    def __init__(self, p: Any) -> None:
        self.p = p
        self.mpk, self.msk = ipfe_rlwe.setup(p)

    def rows(self, count: int, y: Any = None) -> Any:
        """Random ones; with y, those at both ends of its interval first."""
        x = RNG.integers(self.p.x_lo, self.p.x_hi + 1, (count, self.p.n))
        if y is not None and count > 1:
            x[0], x[1] = np.where(y > 0, self.p.x_hi, self.p.x_lo), np.where(y > 0, self.p.x_lo, self.p.x_hi)
        return x

    def functions(self, count: int) -> Any:
        y = RNG.integers(-self.p.y_bound, self.p.y_bound + 1, (count, self.p.n))
        y[:, 0] = self.p.y_bound
        return y


SETS: dict[str, dict[str, Any]] = {
    "one bit": {"n": 1, "x_lo": [0], "x_hi": [1], "y_bound": 1},
    "bytes": {"n": 3, "x_bound": 255, "y_bound": 127},
    "far from 0": {"n": 2, "x_lo": [1000, -7], "x_hi": [1255, -3], "y_bound": 127, "sum_w": 5},
    "two limbs": {"n": 2, "x_bound": 2**23, "y_bound": 2**19},
}


@pytest.fixture(scope="module", params=list(SETS), ids=lambda name: name.replace(" ", "-"))
def authority(request: pytest.FixtureRequest) -> Authority:
    return Authority(ipfe_rlwe.Parameters(**SETS[request.param]))


@pytest.fixture(scope="module")
def small() -> Authority:
    return Authority(ipfe_rlwe.Parameters(n=3, x_lo=[1, 2, 3], x_hi=[9, 9, 9], y_bound=7, sum_w=5))


# -- against the twin ------------------------------------------------------------------------------------------


def test_keys_are_the_twins(authority: Authority) -> None:
    p = twin_of(authority.p)
    master = authority.msk.to_bytes()[-SEED:]
    public = authority.mpk.to_bytes()[len(p.block) :][:SEED]
    mpk, msk = twin.setup(p, [public, master], draws)
    assert mpk.to_bytes() == authority.mpk.to_bytes() and mpk.id == authority.mpk.id
    assert msk.to_bytes() == authority.msk.to_bytes()
    y = authority.functions(2)
    key = ipfe_rlwe.keygen(authority.msk, y)
    assert twin.keygen(msk, y.tolist(), draws).to_bytes() == key.to_bytes()
    assert ipfe_rlwe.verify_key(authority.mpk, key)


def test_each_opens_the_others_ciphertexts(authority: Authority) -> None:
    p = twin_of(authority.p)
    y = authority.functions(2)
    x = authority.rows(65, y[0])
    key = ipfe_rlwe.keygen(authority.msk, y)
    batch = ipfe_rlwe.encrypt(authority.mpk, x)
    assert np.array_equal(ipfe_rlwe.decrypt(key, batch), x @ y.T)
    slow_key = twin.FunctionKey(p, key.public_key_id, y.tolist(), key.intervals.tolist(), *secrets_of(key, 2))
    assert twin.decrypt(slow_key, read_batch(p, batch.to_bytes())) == (x @ y.T).tolist()
    mpk = twin.MasterPublicKey(p, authority.mpk.to_bytes()[len(p.block) :][:SEED], polynomials(authority))
    assert twin.verify_key(mpk, slow_key)
    seeds = [RNG.bytes(SEED) for _ in range(2 + p.n)]
    slow = twin.encrypt(mpk, x.tolist(), seeds, draws)
    again = ipfe_rlwe.CiphertextBatch.from_bytes(slow.to_bytes())
    assert np.array_equal(ipfe_rlwe.decrypt(key, again), x @ y.T)


def test_ciphertexts_are_the_twins(authority: Authority) -> None:
    testing = pytest.importorskip("pyfe._core_testing")
    parameters = testing.ipfe_rlwe.Parameters.from_bytes(authority.p.to_bytes())
    p = twin_of(authority.p)
    seeds = [RNG.bytes(SEED) for _ in range(2 + p.n)]
    master = [RNG.bytes(SEED) for _ in range(2)]
    fast, _ = testing.ipfe_rlwe_setup(parameters, b"".join(master))
    slow, _ = twin.setup(p, master, draws)
    x = authority.rows(3)
    batch = testing.ipfe_rlwe_encrypt(fast, x, b"".join(seeds))
    assert batch.to_bytes() == twin.encrypt(slow, x.tolist(), seeds, draws).to_bytes()
    with pytest.raises(RandomnessError):
        testing.ipfe_rlwe_encrypt(fast, x, b"".join(seeds)[:-1])


def test_sums_are_the_twins(small: Authority) -> None:
    p, y = twin_of(small.p), small.functions(1)
    one, other = small.rows(2, y[0]), small.rows(2)
    key = ipfe_rlwe.keygen(small.msk, y)
    first, second = (ipfe_rlwe.encrypt(small.mpk, x) for x in (one, other))
    total = ipfe_rlwe.weighted_sum([first, second], [3, -2])
    blocks = [read_batch(p, batch.to_bytes()).blocks[0] for batch in (first, second)]
    slow = twin.CiphertextBatch(
        small.mpk.id, p, [twin.weighted_sum(p, blocks, [3, -2], differ=True)], [(0, 0, 2)], True
    )
    assert total.to_bytes() == slow.to_bytes()
    expected = (3 * one - 2 * other) @ y[0]
    assert np.array_equal(ipfe_rlwe.decrypt(key, total), expected)
    assert total.weight_sums.tolist() == [[3, 2]] * 2
    again = ipfe_rlwe.CiphertextBatch.from_bytes(total.to_bytes())
    assert np.array_equal(ipfe_rlwe.decrypt(key, again.vouched()), expected)


def polynomials(authority: Authority) -> list[twin.Rns]:
    p = twin_of(authority.p)
    reader = Reader(authority.mpk.to_bytes()[len(p.block) + SEED :])
    return [twin.read_rns(reader, p.primes) for _ in range(p.n)]


def secrets_of(key: Any, functions: int) -> tuple[list[int], list[twin.Poly]]:
    """||E||^2 and sk_y of every function, from the end of a key's bytes."""
    data, errors, polys = key.to_bytes(), [], []
    p = twin_of(key.parameters)
    reader = Reader(data[36 + len(p.block) + 8 * functions * (p.n + 2) :])
    for _ in range(functions):
        errors.append(reader.unsigned(16))
        width = reader.unsigned(1)
        shifted = twin.unpacked(reader.take(twin.N * width // 8), twin.N, width)
        polys.append([v - (1 << width - 1) for v in shifted])
    reader.finish()
    return errors, polys


def read_batch(p: twin.Parameters, data: bytes) -> twin.CiphertextBatch:
    reader = Reader(data)
    batch = twin.CiphertextBatch(reader.take(32), p, [])
    assert reader.unsigned(4) == p.n and tuple(reader.take(3)) == (twin.LOG_N, p.b, len(p.primes))
    assert [reader.unsigned(8) for _ in p.primes] == list(p.primes) and reader.unsigned(8) == p.sum_w
    assert reader.unsigned(1) == 0
    blocks, ranges = reader.unsigned(4), reader.unsigned(4)
    counts = [reader.unsigned(4) for _ in range(blocks)]
    batch.ranges = [(reader.unsigned(4), reader.unsigned(4), reader.unsigned(4)) for _ in range(ranges)]
    for count in counts:
        block = twin.Block(count, twin.read_rns(reader, p.primes), [[] for _ in range(p.n)])
        for _ in range(0, count, twin.TILE):
            for column in block.t:
                column += twin.unpacked(reader.take(8 * p.b), twin.TILE, p.b)
        batch.blocks.append(block)
    reader.finish()
    return batch


# -- counts, slices, joins -------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 63, 64, 65, 8191, 8193])
def test_counts(small: Authority, count: int) -> None:
    y = small.functions(2)
    x, key = small.rows(count, y[1]), ipfe_rlwe.keygen(small.msk, y)
    batch = ipfe_rlwe.encrypt(small.mpk, x)
    assert len(batch) == count and np.array_equal(ipfe_rlwe.decrypt(key, batch), x @ y.T)
    tiles = -(-count % 8192 // 64) if count < 8192 else None
    if tiles is not None:
        assert batch.nbytes == 1024 * sum(q.bit_length() for q in small.p.primes) + -(-count // 64) * 24 * small.p.b


def test_slices_and_joins(small: Authority) -> None:
    y = small.functions(1)
    x, key = small.rows(8300), ipfe_rlwe.keygen(small.msk, y)
    batch, expected = ipfe_rlwe.encrypt(small.mpk, x), x @ y[0]
    for start, stop in [(0, 1), (8190, 8195), (8299, 8300), (4, 4), (0, 8300)]:
        part = batch.slice(start, stop)
        assert len(part) == stop - start and np.array_equal(ipfe_rlwe.decrypt(key, part), expected[start:stop])
        again = ipfe_rlwe.CiphertextBatch.from_bytes(part.to_bytes())
        assert again.to_bytes() == part.to_bytes() and again.places.tolist() == part.places.tolist()
    cuts = [batch.slice(8190, 8300), batch.slice(3, 4), batch.slice(4, 6)]
    joined = ipfe_rlwe.CiphertextBatch.concat(cuts)
    assert np.array_equal(ipfe_rlwe.decrypt(key, joined), np.concatenate([expected[8190:], expected[3:6]]))
    assert joined.nbytes == batch.nbytes  # of two ciphertexts, each kept once
    with pytest.raises(ParameterError, match="slice"):
        batch.slice(0, 8301)


def test_no_two_ciphertexts_are_alike(small: Authority) -> None:
    x = small.rows(2)
    blocks = [bytes(ipfe_rlwe.encrypt(small.mpk, x).blocks[0].view()) for _ in range(4)]
    assert len(set(blocks)) == 4 and len({block[:64] for block in blocks}) == 4


def drawn(authority: Authority) -> bytes:
    """Of a new ciphertext the beginning of ct_0 = a r + f_0, and the secret seed of new keys."""
    ciphertext = bytes(ipfe_rlwe.encrypt(authority.mpk, authority.rows(1)).blocks[0].view()[:SEED])
    return ciphertext + bytes(ipfe_rlwe.setup(authority.p)[1].to_bytes()[-SEED:])


def in_a_child(authority: Authority) -> bytes:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, drawn(authority))
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        data = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return data


def all_differ(found: list[bytes]) -> None:
    """Neither two r nor two master seeds are alike, nor one like the other."""
    halves = [data[at : at + SEED] for data in found for at in (0, SEED)]
    assert {len(data) for data in found} == {2 * SEED} and len(set(halves)) == 2 * len(found)


@pytest.mark.parametrize("children", [100, pytest.param(10_000, marks=pytest.mark.slow)])
def test_children_share_no_randomness(children: int) -> None:
    """Forks of one parent, which has drawn before, and draws after."""
    authority = Authority(ipfe_rlwe.Parameters(n=1, x_lo=[0], x_hi=[1], y_bound=1))
    all_differ([drawn(authority), *(in_a_child(authority) for _ in range(children)), drawn(authority)])


def test_threads_share_no_randomness(small: Authority) -> None:
    with ThreadPoolExecutor(4) as pool:
        all_differ(list(pool.map(lambda _: drawn(small), range(40))))


def test_processes_share_no_randomness(small: Authority) -> None:
    """The same program, begun twice at once."""
    program = (
        "import sys; from pyfe.schemes import ipfe_rlwe\n"
        "mpk = ipfe_rlwe.MasterPublicKey.from_bytes(sys.stdin.buffer.read())\n"
        "out = bytes(ipfe_rlwe.encrypt(mpk, [[1, 2, 3]]).blocks[0].view()[:32])\n"
        "print((out + bytes(ipfe_rlwe.setup(mpk.parameters)[1].to_bytes()[-32:])).hex())"
    )
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    begun = [subprocess.Popen([sys.executable, "-c", program], **pipes) for _ in range(2)]
    ended = [one.communicate(small.mpk.to_bytes(), timeout=120)[0] for one in begun]
    all_differ([bytes.fromhex(said.decode()) for said in ended])


# -- refusals --------------------------------------------------------------------------------------------------


def changed(batch: Any, at: int, bit: int = 7) -> Any:
    data = bytearray(batch.to_bytes())
    data[at] ^= 1 << bit
    return ipfe_rlwe.CiphertextBatch.from_bytes(bytes(data))


def test_what_is_refused(small: Authority) -> None:
    y = np.array([[7, -5, 3]])
    x, key = small.rows(3), ipfe_rlwe.keygen(small.msk, y)
    batch = ipfe_rlwe.encrypt(small.mpk, x)
    other = Authority(small.p)
    said = set()
    for wrong in (
        changed(batch, -1),  # an unoccupied slot
        changed(batch, -24 * small.p.b),  # maybe an occupied one, maybe its lowest bits
        changed(batch, -24 * small.p.b - 100, 0),  # a residue of the shared component
    ):
        try:
            assert np.array_equal(ipfe_rlwe.decrypt(key, wrong), x @ y[0])
        except RefusedError as error:
            said.add(str(error))
    assert len(said) == 1  # without a slot, a function or a reason
    with pytest.raises(RefusedError):
        ipfe_rlwe.decrypt(key, changed(batch, -1))
    with pytest.raises(KeyMismatchError):
        ipfe_rlwe.decrypt(ipfe_rlwe.keygen(other.msk, y), batch)
    with pytest.raises(OutOfRangeError, match="y_bound"):
        ipfe_rlwe.keygen(small.msk, [8, 0, 0])
    with pytest.raises(ParameterError, match="zero"):
        ipfe_rlwe.keygen(small.msk, [0, 0, 0])
    with pytest.raises(OutOfRangeError, match="row 1, coordinate 2"):
        ipfe_rlwe.encrypt(small.mpk, [[1, 2, 3], [1, 2, 10]])
    for weights in ([3, 3], [-6, 0]):
        with pytest.raises(OutOfRangeError, match="sum_w"):
            ipfe_rlwe.weighted_sum([batch, batch], weights)
    with pytest.raises(ParameterError, match="takes no label"):
        ipfe_rlwe.encrypt(small.mpk, x, label="week 31")


def test_a_key_of_another_function_is_found(small: Authority) -> None:
    y = small.functions(1)
    key = ipfe_rlwe.keygen(small.msk, y)
    data = bytearray(key.to_bytes())
    at = data.index(y[0].astype("<i8").tobytes())
    data[at] ^= 1  # y_1, by one; the interval is no longer that of y
    with pytest.raises(DecodeError, match="interval"):
        ipfe_rlwe.FunctionKey.from_bytes(bytes(data))
    other = ipfe_rlwe.keygen(small.msk, -y)
    pieces = bytes(key.to_bytes()), bytes(other.to_bytes())
    tail = len(pieces[0]) - len(small.p.to_bytes()) - 36 - 8 * (small.p.n + 2)
    mixed = pieces[0][:-tail] + pieces[1][-tail:] if len(pieces[0]) == len(pieces[1]) else None
    if mixed is not None:
        assert not ipfe_rlwe.verify_key(small.mpk, ipfe_rlwe.FunctionKey.from_bytes(mixed))
    assert not ipfe_rlwe.verify_key(Authority(small.p).mpk, key)


def test_every_byte_of_a_head_counts(small: Authority) -> None:
    """A flip before the blocks is a named error, or the rows of another key, number or place."""
    batch = ipfe_rlwe.encrypt(small.mpk, small.rows(3))
    key = ipfe_rlwe.keygen(small.msk, small.functions(1))
    data = batch.to_bytes()
    for at in range(len(data) - batch.nbytes):
        for bit in (0, 7):
            try:
                again = changed(batch, at, bit)
                ipfe_rlwe.decrypt(key, again)
            except (DecodeError, KeyMismatchError, RefusedError):
                continue
            assert len(again) != len(batch) or again.places.tolist() != batch.places.tolist(), (at, bit)
    for wrong in (data[:-1], data + b"\0", data[:40]):
        with pytest.raises(DecodeError):
            ipfe_rlwe.CiphertextBatch.from_bytes(wrong)


def test_weights_are_held_to_their_bounds(small: Authority) -> None:
    total = ipfe_rlwe.weighted_sum([ipfe_rlwe.encrypt(small.mpk, small.rows(1))] * 2, [3, -2])
    data = total.to_bytes()
    at = data.index((3).to_bytes(8, "little") + (2).to_bytes(8, "little"))
    for offset, value, match in [(0, 4, "sum_w"), (16, 4, "W2"), (16, 26, "W2")]:
        wrong = data[: at + offset] + value.to_bytes(8, "little") + data[at + offset + 8 :]
        with pytest.raises(DecodeError, match=match):
            ipfe_rlwe.CiphertextBatch.from_bytes(wrong)


# -- words that are too short --------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "x_bound", "y_bound"), [(64, 2**10, 2**10), (256, 2**15, 2**15)], ids=["R1", "R3"])
def test_words_of_64_bits_would_be_wrong(n: int, x_bound: int, y_bound: int) -> None:
    """What the arithmetic of larger sets needs: cut to 64 bits, K w and the numerator of a fraction are noticed."""
    p = twin_of(ipfe_rlwe.Parameters(n, x_bound=x_bound, y_bound=y_bound))
    low = (1 << 64) - 1
    results = RNG.integers(-(p.K // 2), p.K // 2, 1000).tolist()
    right = cut = 0
    for v in results:
        w = (v << p.b) // p.K
        product = p.K * w
        short = product & low
        short -= (short >> 63) << 64
        right += product + (1 << p.b - 1) >> p.b == v
        cut += short + (1 << p.b - 1) >> p.b == v
    assert right == len(results) and cut < 10
    c = [int(q - 1 - k) for k, q in enumerate(p.primes)]
    exact = twin.compress(p, [[v] for v in c])[0]
    shares = [v * pow(p.q // q, -1, q) % q for v, q in zip(c, p.primes, strict=True)]
    sums = [
        sum((v << p.b + twin.GUARD & mask) // q for v, q in zip(shares, p.primes, strict=True))
        for mask in (low, (1 << 128) - 1)
    ]
    short, full = ((total + (1 << 15) >> 16) % (1 << p.b) for total in sums)
    assert full == exact != short
