"""The noise of decryption against the bound that is allowed, and how often one changed word is noticed.

    python -m tests.ring_noise [--sets n30 R1 ...] [--ciphertexts 8] [--changes 2000] [--seed 1] [--picture FILE.svg]

Noise is the residual of ``K w`` in every slot, by the slow twin (tests/reference/ipfe_rlwe.py) from the bytes of keys
and ciphertexts; the core lets none of it out. The picture has for each set the share of slots whose residual is above a
part of the bound, and the tail of a Gaussian of which the bound is 10.5 standard deviations. Changes are of one word of
one slot that has a patient, in a batch that nobody signed: one bit of it, or another word. Of each: refused, not
refused and the score is another one, not refused and the score is what it was.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from math import erfc, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from pyfe import RefusedError
from pyfe._core import ipfe_rlwe as core
from pyfe.arrays import FloatArray, IntArray
from pyfe.schemes import ipfe_rlwe
from tests.reference import ipfe_rlwe as twin
from tests.reference.codec import Reader
from tests.ring_slots import SETS
from tests.unit.made_rings import RING, TILE, packed, secrets_of

DEVIATIONS = 10.5
SHOWN = ("n30", "bits", "R1", "R2", "R3", "R4")
LOW = 32
"""Bits of a word's lower part: sums of parts fit into 64 bits."""


class Drawn:
    """A key of one function of a set, and rows encrypted under its public key."""

    def __init__(self, name: str, rng: np.random.Generator, *, equal: bool = False) -> None:
        self.p, self.rng = SETS[name].parameters(), rng
        self.mpk, msk = ipfe_rlwe.setup(self.p)
        y = self.p.y_bound * rng.choice([-1, 1], self.p.n)
        self.y = y if equal else rng.integers(-self.p.y_bound, self.p.y_bound, self.p.n, endpoint=True)
        self.key = ipfe_rlwe.keygen(msk, self.y)

    def encrypted(self, rows: int) -> Any:
        x = self.rng.integers(self.p.x_lo, self.p.x_hi, (rows, self.p.n), endpoint=True)
        return ipfe_rlwe.encrypt(self.mpk, x)

    # -- noise --

    def residuals(self) -> FloatArray:
        """Of the slots of one full ciphertext: the residual as a share of what is allowed."""
        p, [(error, secret)] = self.p, secrets_of(self.key)
        block = bytes(self.encrypted(RING).blocks[0].view())
        ct0 = twin.read_rns(Reader(block[: len(block) - RING * p.n * p.b // 8]), list(p.primes))
        product = twin.multiply(ct0, twin.transform(secret.tolist(), p.primes), p.primes)
        z = twin.compress(self._as_the_twin_has_it(), twin.residues(product, p.primes))
        sums = self._sums(block[len(block) - RING * p.n * p.b // 8 :])
        most = core.noise_margin(p, self.y, error, sum(v * v for v in secret.tolist()), (1, 0, 1))[2]
        return np.array([abs(self._residual(w - z_k)) / most for w, z_k in zip(sums, z, strict=True)])

    def _as_the_twin_has_it(self) -> twin.Parameters:
        p = self.p
        bounds = (tuple(p.x_lo.tolist()), tuple(p.x_hi.tolist()), p.y_bound, p.sum_w)
        return twin.Parameters(*bounds, p.to_bytes(), p.id, tuple(p.primes), p.K, p.b, p.sigma_256)

    def _sums(self, tiles: bytes) -> list[int]:
        """``sum_i y_i t_i`` of every slot."""
        size = self.p.n * 8 * self.p.b
        return [w for at in range(0, len(tiles), size) for w in self._sums_of_tile(tiles[at : at + size])]

    def _sums_of_tile(self, tile: bytes) -> list[int]:
        bits = np.unpackbits(np.frombuffer(tile, dtype=np.uint8), bitorder="little")
        table, parts = bits.reshape(self.p.n, TILE, self.p.b), []
        for some in (table[..., :LOW], table[..., LOW:]):
            words = some @ (np.int64(1) << np.arange(some.shape[-1]))
            parts.append((self.y @ words).tolist())
        return [low + (high << LOW) for low, high in zip(*parts, strict=True)]

    def _residual(self, w: int) -> int:
        p = self.p
        w %= 1 << p.b
        product = p.K * (w - (w >> p.b - 1 << p.b))
        return int(product - (product + (1 << p.b - 1) >> p.b << p.b))

    # -- changes --

    def changes(self, count: int, *, whole: bool) -> Counter[str]:
        """Of so many batches of a tile with one changed word, or bit, each in a slot and a column that count."""
        p, batch, found = self.p, self.encrypted(TILE), Counter[str]()
        data, score = batch.to_bytes(), ipfe_rlwe.decrypt(self.key, batch)
        tile = len(data) - p.n * 8 * p.b
        for _ in range(count):
            column, slot = int(self.rng.choice(np.flatnonzero(self.y))), int(self.rng.integers(TILE))
            at = tile + column * 8 * p.b
            words = int.from_bytes(data[at : at + 8 * p.b], "little")
            change = int.from_bytes(self.rng.bytes(16), "little") % ((1 << p.b) - 1) + 1
            words ^= (change if whole else 1 << int(self.rng.integers(p.b))) << slot * p.b
            found[self._outcome(data[:at] + packed([words], TILE * p.b) + data[at + 8 * p.b :], score)] += 1
        return found

    def _outcome(self, data: bytes, score: IntArray) -> str:
        try:
            got = ipfe_rlwe.decrypt(self.key, ipfe_rlwe.CiphertextBatch.from_bytes(data))
        except RefusedError:
            return "refused"
        return "unchanged" if np.array_equal(got, score) else "another score"


def draw(shares: dict[str, FloatArray], picture: Path) -> None:
    """Tails of the residuals, and what the bound counts with."""
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    rcParams["svg.hashsalt"] = "pyfe"
    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    axes = figure.subplots()
    at = np.linspace(0, 1, 201)
    for name, share in shares.items():
        above = np.array([(share > v).mean() for v in at])
        axes.step(at[above > 0], above[above > 0], where="post", label=f"{name}, {len(share):,} slots")
    tail = [erfc(DEVIATIONS * v / sqrt(2)) for v in at]
    axes.plot(at, tail, "k--", linewidth=1, label=f"Gaussian of {DEVIATIONS} deviations")
    axes.axvline(1.0, color="red", linewidth=1, label="refused from here on")
    axes.set(yscale="log", ylim=(1e-26, 2), xlim=(0, 1.02), xlabel="residual / what is allowed", ylabel="share above")
    axes.legend(fontsize=8)
    figure.savefig(picture, metadata={"Date": None} if picture.suffix == ".svg" else None)


def main() -> int:
    """Print both tables, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SHOWN))
    parser.add_argument("--ciphertexts", type=int, default=8)
    parser.add_argument("--changes", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--picture", type=Path)
    args = parser.parse_args()
    rng, shares = np.random.default_rng(args.seed), dict[str, FloatArray]()
    print("| set | slots | largest / allowed | rms / allowed |\n|---|---|---|---|")
    for name in args.sets:
        share = np.concatenate([Drawn(name, rng).residuals() for _ in range(args.ciphertexts)])
        shares[name] = share
        print(f"| {name} | {len(share):,} | {share.max():.3f} | {np.sqrt((share**2).mean()):.4f} |", flush=True)
    if args.picture:
        draw(shares, args.picture)
    print("\n| set | weights | changed | refused % | another score % | the same score % |\n|---|---|---|---|---|---|")
    for name in args.sets if args.changes else ():
        for equal, whole in ((False, False), (False, True), (True, False), (True, True)):
            found = Drawn(name, rng, equal=equal).changes(args.changes, whole=whole)
            words = ("all +-Y" if equal else "random", "word" if whole else "bit")
            rates = (f"{100 * found[what] / args.changes:.1f}" for what in ("refused", "another score", "unchanged"))
            print(f"| {name} | {' | '.join([*words, *rates])} |", flush=True)
    return int(any(share.max() > 1 for share in shares.values()))


if __name__ == "__main__":
    sys.exit(main())
