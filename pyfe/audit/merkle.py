"""The Merkle tree over the entries of a log (RFC 6962, section 2.1; RFC 9162, section 2.1): roots, proofs, verifiers.

The root of a log's first entries says all of them: two logs with the same root at the same size are the same log, or
somebody found two inputs of one SHA-256 value. Leaves and inner nodes are hashed under different first bytes, so no
entry can stand for a subtree.

Who appends keeps a :class:`Frontier`; who answers for a whole log builds a :class:`Tree`; who holds two roots and a
proof needs neither.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pyfe.arguments import listed, require_a
from pyfe.errors import AuditError, ParameterError

__all__ = ["EMPTY_ROOT", "HASH_SIZE", "Frontier", "Tree", "leaf_hash", "require_consistent", "require_included"]

HASH_SIZE = 32

EMPTY_ROOT = hashlib.sha256().digest()
"""The root of a log without entries."""

_LEAF, _NODE = b"\0", b"\1"


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry, as it stands in the tree. ParameterError for what is no bytes."""
    require_a(entry, (bytes, bytearray, memoryview), "an entry of a log")
    return hashlib.sha256(_LEAF + entry).digest()


def node_hash(children: bytes) -> bytes:
    """The hash of two neighbours, given one after the other."""
    return hashlib.sha256(_NODE + children).digest()


@dataclass(frozen=True)
class Frontier:
    """What of a log is needed to append to it and to say its root: the roots of its full subtrees, largest first.

    There is one for every bit that is set in ``size``, as when counting in binary; so the cost of an append and of a
    root is at most logarithmic, and a frontier never changes: appending gives another.
    """

    size: int = 0
    nodes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        require_a(self.nodes, tuple, "the full subtrees of a log")
        for node in self.nodes:
            require_a(node, bytes, "a subtree's root")
        if (
            type(self.size) is not int
            or self.size < 0
            or len(self.nodes) != self.size.bit_count()
            or {*map(len, self.nodes)} - {HASH_SIZE}
        ):
            raise ParameterError(f"these are not the full subtrees of a log of {self.size} entries")

    def append(self, entry: bytes) -> Frontier:
        """The frontier after one more entry. Cost: two hashes on average, logarithmic at most."""
        return self.followed_by((entry,))

    def followed_by(self, entries: Iterable[bytes]) -> Frontier:
        """The frontier after these entries. Cost: two hashes an entry."""
        nodes, size = list(self.nodes), self.size
        for entry in listed(entries, "the entries of a log"):
            node, carry = leaf_hash(entry), size
            while carry & 1:
                node, carry = node_hash(nodes.pop() + node), carry >> 1
            nodes.append(node)
            size += 1
        return Frontier(size, tuple(nodes))

    @property
    def root(self) -> bytes:
        """The root of all entries so far. Cost: logarithmic."""
        return _joined(self.nodes)


class Tree:
    """A log's hashes, for its root at every size and for proofs; it grows with the log. Memory: 64 bytes an entry."""

    def __init__(self, entries: Iterable[bytes] = ()) -> None:
        self._levels = [bytearray()]  # a level holds the roots of all full subtrees of 2^level entries
        for entry in listed(entries, "the entries of a log"):
            self.append(entry)

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self._levels[0]) // HASH_SIZE

    def append(self, entry: bytes) -> None:
        """One more entry. Cost: two hashes on average."""
        node, level = leaf_hash(entry), 0
        while True:
            if level == len(self._levels):
                self._levels.append(bytearray())
            hashes = self._levels[level]
            hashes += node
            if len(hashes) // HASH_SIZE % 2:
                return
            node, level = node_hash(bytes(hashes[-2 * HASH_SIZE :])), level + 1

    def root(self, size: int | None = None) -> bytes:
        """The root of the first ``size`` entries, of all by default. Cost: logarithmic."""
        return self._hash(0, self._within(size))

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """The proof that entry ``index``, counted from 0, is one of the first ``size``: the siblings on its way up
        (PATH of RFC 9162, 2.1.3.1). Cost: logarithmic, squared."""
        low, high, path = 0, self._within(size), list[bytes]()
        if type(index) is not int or not 0 <= index < high:
            raise ParameterError(f"no entry {index} in a log of {high}: they are counted from 0")
        while high - low > 1:
            middle = low + _left(high - low)
            if index < middle:
                path.append(self._hash(middle, high))
                high = middle
            else:
                path.append(self._hash(low, middle))
                low = middle
        return tuple(reversed(path))

    def consistency(self, first: int, second: int | None = None) -> tuple[bytes, ...]:
        """The proof that the first ``first`` entries, one at least, begin the log of ``second`` (SUBPROOF of RFC 9162,
        2.1.4.1). Cost: logarithmic, squared."""
        low, high, path = 0, self._within(second), list[bytes]()
        if type(first) is not int or not 0 < first <= high:
            raise ParameterError(f"a log of {high} entries has no beginning of {first} to prove: 1 to {high} can be")
        while first < high:
            middle = low + _left(high - low)
            if first <= middle:
                path.append(self._hash(middle, high))
                high = middle
            else:
                path.append(self._hash(low, middle))
                low = middle
        if low > 0:  # else it is the first root itself, which the verifier has
            path.append(self._hash(low, high))
        return tuple(reversed(path))

    def _within(self, size: int | None) -> int:
        """``size``, or the size of all. ParameterError for more than there are."""
        wanted = self.size if size is None else size
        if type(wanted) is not int or not 0 <= wanted <= self.size:
            raise ParameterError(f"the log has {self.size} entries, and was asked for the first {wanted}")
        return wanted

    def _hash(self, low: int, high: int) -> bytes:
        """The root of the entries from ``low`` to before ``high``; ``low`` is a multiple of each of its full subtrees,
        as it is in every node of the tree."""
        nodes = []
        for level in reversed(range((high - low).bit_length())):
            if (high - low) >> level & 1:
                at = (low >> level) * HASH_SIZE
                nodes.append(bytes(self._levels[level][at : at + HASH_SIZE]))
                low += 1 << level
        return _joined(nodes)


def require_included(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """AuditError unless ``proof`` shows that the entry whose hash is ``leaf`` stands at ``index``, counted from 0, in
    the log of ``size`` entries whose root is ``root`` (RFC 9162, 2.1.3.2). Cost: one hash a step."""
    _require_hashes(leaf, root, proof)
    if not {type(index), type(size)} == {int} or not 0 <= index < size:
        raise _refused(f"no entry {index} in a log of {size}: they are counted from 0")
    node, at, last = leaf, index, size - 1
    for step in proof:
        if last == 0:
            raise _refused("the proof of inclusion is too long")
        if at & 1 or at == last:
            node = node_hash(step + node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node + step)
        at, last = at >> 1, last >> 1
    if last != 0 or node != root:
        raise _refused(f"the proof does not show entry {index} of {size} under this root")


def require_consistent(first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]) -> None:
    """AuditError unless ``proof`` shows that the log of ``first`` entries under its root, one at least, begins the log
    of ``second`` entries under its own (RFC 9162, 2.1.4.2). Cost: two hashes a step."""
    _require_hashes(first_root, second_root, proof)
    if not {type(first), type(second)} == {int} or not 0 < first <= second:
        raise _refused(f"a log of {second} entries has no beginning of {first} to prove")
    if first == second:
        if proof or first_root != second_root:
            raise _refused(f"two roots of one size, {first}, differ, or a proof is given where none is needed")
        return
    steps = list(proof) if first.bit_count() > 1 else [first_root, *proof]  # a full subtree begins the way itself
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not steps:
        raise _refused("the proof of consistency is empty")
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise _refused("the proof of consistency is too long")
        if at & 1 or at == last:
            old, new = node_hash(step + old), node_hash(step + new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new + step)
        at, last = at >> 1, last >> 1
    if last != 0 or (old, new) != (first_root, second_root):
        raise _refused(f"the proof does not show that the log of {first} entries begins the log of {second}")


def _left(size: int) -> int:
    """How many entries stand left of the root's middle: the largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def _joined(nodes: Sequence[bytes]) -> bytes:
    """The root over full subtrees, largest first."""
    if not nodes:
        return EMPTY_ROOT
    *others, root = nodes
    for node in reversed(others):
        root = node_hash(node + root)
    return root


def _require_hashes(one: bytes, other: bytes, proof: Sequence[bytes]) -> None:
    if not isinstance(proof, list | tuple):
        raise _refused(f"a proof is a list of hashes, not {type(proof).__name__}")
    if any(type(value) is not bytes or len(value) != HASH_SIZE for value in (one, other, *proof)):
        raise _refused(f"a hash of a proof is not {HASH_SIZE} bytes")


def _refused(message: str) -> AuditError:
    return AuditError(message, kind="proof")
