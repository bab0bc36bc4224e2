"""A process that uses an authority and then looks for secrets in its own memory.

``python -m tests.unit.memory_scan PATH SCHEME MODE``. It works, prints what it drew (masked), reads the needles
(masked) from its input, and prints how often each occurs in its memory: a needle is never in it in the clear because
of the search. MODE "dropped" looks after the authority is gone, "open" while it is there, "planted" keeps a copy.
"""

from __future__ import annotations

import gc
import re
import sys
from pathlib import Path

import numpy as np

import pyfe
from pyfe import _core_testing as testing
from pyfe.identity import IdentitySecret, SealedKey
from pyfe.wire import sealing
from tests.unit.objects import PASSPHRASE, secrets_of

DRAW_MASK, NEEDLE_SHIFT = 0x5A, 0x31
N = 20


def work(path: str, scheme: str, mode: str) -> tuple[bytes, object]:
    """Create, issue, open, issue and encrypt. The masked randomness of the encryption, and what is kept."""
    if scheme == "identity":
        return work_of_a_person(path, mode)
    schema = pyfe.Schema.from_ranges({f"c{i}": (0, 100) for i in range(N)})
    free = pyfe.Policy.unrestricted(reason="a test")
    authority = pyfe.KeyAuthority.create(schema, path=path, passphrase=PASSPHRASE, scheme=scheme, policy=free)
    for turn in range(3):
        authority.issue(pyfe.Function.from_integers(schema, np.arange(1, N + 1) + turn), purpose="test")
    authority = pyfe.KeyAuthority.open(path, passphrase=PASSPHRASE)
    authority.issue(pyfe.Function.from_integers(schema, np.arange(1, N + 1)), purpose="test")
    public = authority.public_key.native.to_bytes()
    rows = np.full((9, N), 7, np.int64)
    if scheme == "ipfe-ddh":
        drawn = testing.encrypt_recorded(testing.ipfe_ddh.MasterPublicKey.from_bytes(public), rows)[1]
    else:
        ones = np.concatenate([np.ones((9, 1), np.int64), rows], axis=1)
        drawn = testing.qfe_encrypt_recorded(testing.qfe.MasterPublicKey.from_bytes(public), ones)[1]
    if mode == "planted":
        return drawn, secrets_of(authority).master.to_bytes()
    return drawn, authority if mode == "open" else None


def work_of_a_person(path: str, mode: str) -> tuple[bytes, object]:
    """Make an identity, seal it, open it, sign and open a sealed key. Nothing drawn is looked for."""
    made = IdentitySecret.generate("ada")
    Path(path).write_bytes(made.sealed(PASSPHRASE))
    person = IdentitySecret.unsealed(Path(path).read_bytes(), PASSPHRASE)
    person.sign(b"a message")
    person.open(SealedKey.of(b"a key", made.identity, authority=bytes(16), number=1))
    if mode == "planted":
        return b"-", person._signing_key.seed()
    return b"-", person if mode == "open" else None


def occurrences(shifted: list[bytes]) -> list[int]:
    """How often each needle of 32 bytes lies in this process's memory, at any alignment.

    Needles come with NEEDLE_SHIFT added to every byte; in the clear only their first four bytes are ever made.
    """
    places = {needle: at for at, needle in enumerate(shifted)}
    counts = [0] * len(shifted)
    first, second = (np.zeros(1 << 16, np.bool_) for _ in range(2))
    heads = (np.frombuffer(b"".join(shifted), np.uint8).reshape(-1, 32)[:, :4] - np.uint8(NEEDLE_SHIFT)).copy()
    for table, column in ((first, 0), (second, 1)):
        table[heads.view(np.uint16)[:, column]] = True
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps.read().splitlines():
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)", line)
            if match is None or "r" not in match[3] or match[4].startswith("[v"):
                continue
            try:
                memory.seek(int(match[1], 16))
                region = np.frombuffer(memory.read(int(match[2], 16) - int(match[1], 16)), np.uint8)
            except (OSError, ValueError, OverflowError):
                continue
            for offset in (0, 1):
                pairs = region[offset : offset + (len(region) - offset) // 2 * 2].view(np.uint16)
                found = np.flatnonzero(first[pairs[:-1]])
                for at in 2 * found[second[pairs[found + 1]]] + offset:
                    place = places.get((region[at : at + 32] + np.uint8(NEEDLE_SHIFT)).tobytes())
                    if place is not None:
                        counts[place] += 1
    return counts


if __name__ == "__main__":
    sealing.LOG_COST = 10
    masked, kept = work(*sys.argv[1:])
    gc.collect()
    print(masked.hex(), flush=True)
    print(*occurrences([bytes.fromhex(word) for word in sys.stdin.readline().split()]), flush=True)
