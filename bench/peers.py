"""The peers: imported when first asked for, and reported as absent when that fails."""

from __future__ import annotations

import importlib
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from types import FrameType
from typing import Any

from bench.measure import PeerGaveUp

PACKAGES = {
    "rbcl": "rbcl", "mife": "pymife", "ckzg": "ckzg", "py_arkworks_bls12381": "py-arkworks-bls12381",
    "tenseal": "tenseal", "phe": "phe", "pymcl": "pymcl",
}  # fmt: skip
"""Module -> the package that brings it."""

ELSEWHERE: dict[str, str] = {}
"""Peers in environments of their own, which only their question can find: their version, or why they are absent."""


wanted = True
"""Whether peers are measured at all; ``--no-peers`` clears it."""


@dataclass(frozen=True)
class Peer:
    """An imported peer and the name it is reported under."""

    name: str
    module: Any


def find(module: str, label: str) -> Peer | None:
    """The peer, or None when it cannot be imported; :func:`status` says why. Import errors of any kind count."""
    if not wanted:
        return None
    try:
        imported = importlib.import_module(module)
    except Exception:
        return None
    return Peer(f"{label} {_version(module)}".strip(), imported)


def sodium() -> Peer | None:
    """libsodium's ristretto255, through rbcl's public functions."""
    return find("rbcl", "libsodium (rbcl)")


def pymife(module: str) -> Peer | None:
    """A module of PyMIFE."""
    return find(module, "pymife")


def arkworks() -> Peer | None:
    """arkworks' BLS12-381."""
    return find("py_arkworks_bls12381", "py-arkworks-bls12381")


def tenseal() -> Peer | None:
    """TenSEAL, which has CKKS."""
    return find("tenseal", "tenseal")


def status() -> dict[str, str]:
    """For each package its version, or why it is absent."""
    out = {}
    for module, package in PACKAGES.items():
        try:
            importlib.import_module(module)
            out[package] = _version(module) or "present"
        except Exception as problem:
            out[package] = f"absent: {problem}"
    return out


@lru_cache(maxsize=1)
def group_1024() -> Any:
    """PyMIFE's default group, once for all sizes: squares modulo a random 1,024-bit prime."""
    common = importlib.import_module("mife.common")
    zmod = importlib.import_module("mife.data.zmod")
    return zmod.Zmod(common.getStrongPrime(1024))


def limited(limit: float, run: Callable[[], object]) -> Callable[[], object]:
    """The same call, raising PeerGaveUp after ``limit`` seconds. For peers in pure Python, on the main thread."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise PeerGaveUp

    def guarded() -> object:
        before = signal.signal(signal.SIGALRM, give_up)
        signal.setitimer(signal.ITIMER_REAL, limit)
        try:
            return run()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    return guarded


def _version(module: str) -> str:
    try:
        return metadata.version(PACKAGES[module.partition(".")[0]])
    except (KeyError, metadata.PackageNotFoundError):
        return ""
