"""The Merkle tree of the log: published vectors, and an independent twin over every small tree and random others."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyfe import AuditError, ParameterError
from pyfe.audit import Frontier, Tree, leaf_hash, merkle, require_consistent, require_included
from tests.reference import merkle as twin

RFC6962 = json.loads((Path(__file__).parents[1] / "vectors" / "rfc6962.json").read_text())
LEAVES = [bytes.fromhex(text) for text in RFC6962["leaves"]]
ROOTS = [bytes.fromhex(text) for text in RFC6962["roots"]]


def entries(count: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(count)]


def included(*claim: Any) -> bool:
    try:
        require_included(*claim)
    except AuditError as error:
        assert error.kind == "proof" and error.entries is None
        return False
    return True


def consistent(*claim: Any) -> bool:
    try:
        require_consistent(*claim)
    except AuditError as error:
        assert error.kind == "proof"
        return False
    return True


# -- published vectors --


def test_roots_are_the_published_ones() -> None:
    tree, frontier = Tree(), Frontier()
    for size, root in enumerate(ROOTS):
        assert tree.root() == frontier.root == twin.MTH(LEAVES[:size]) == root
        assert Tree(LEAVES).root(size) == root
        if size < len(LEAVES):
            tree.append(LEAVES[size])
            frontier = frontier.append(LEAVES[size])


def test_a_leaf_and_a_node_are_hashed_apart() -> None:
    leaf, node = (
        "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56",
        "aa217fe888e47007fa15edab33c2b492a7",
    )
    assert leaf_hash(b"L123456").hex() == leaf
    assert merkle.node_hash(b"N123N456").hex().startswith(node)
    assert leaf_hash(b"N123N456") != merkle.node_hash(b"N123N456")


@pytest.mark.parametrize("case", RFC6962["inclusion"], ids=lambda case: f"{case['index']} of {case['size']}")
def test_inclusion_proofs_are_the_published_ones(case: dict[str, Any]) -> None:
    index, size, proof = case["index"], case["size"], [bytes.fromhex(text) for text in case["proof"]]
    assert list(Tree(LEAVES).inclusion(index, size)) == twin.PATH(index, LEAVES[:size]) == proof
    require_included(leaf_hash(LEAVES[index]), index, size, ROOTS[size], proof)


@pytest.mark.parametrize("case", RFC6962["consistency"], ids=lambda case: f"{case['first']} to {case['second']}")
def test_consistency_proofs_are_the_published_ones(case: dict[str, Any]) -> None:
    first, second, proof = case["first"], case["second"], [bytes.fromhex(text) for text in case["proof"]]
    assert list(Tree(LEAVES).consistency(first, second)) == twin.PROOF(first, LEAVES[:second]) == proof
    require_consistent(first, ROOTS[first], second, ROOTS[second], proof)


def subtrees(most: int) -> Iterator[tuple[int, int]]:
    """Every subtree, the empty ones too: what begins at a multiple of the power of two that it fits in."""
    for end in range(most + 1):
        for start in range(end + 1):
            if start % (1 << max(end - start - 1, 0).bit_length()) == 0:
                yield start, end


def test_all_subtrees_of_130_entries_have_the_published_digest() -> None:
    tree, digest = Tree(bytes([at]) for at in range(130)), hashlib.sha256()
    for start, end in subtrees(130):
        digest.update(f"[{start}, {end}) {tree._hash(start, end).hex()}\n".encode())
    assert digest.hexdigest() == RFC6962["subtrees"]["hashes"]


def test_all_paths_in_subtrees_of_130_entries_have_the_published_digest() -> None:
    data, digest = [bytes([at]) for at in range(130)], hashlib.sha256()
    for start, end in subtrees(130):
        tree = Tree(data[start:end])
        for index in range(start, end):
            path = "".join(f" {step.hex()}" for step in tree.inclusion(index - start))
            digest.update(f"{index} [{start}, {end}){path}\n".encode())
    assert digest.hexdigest() == RFC6962["subtrees"]["inclusion"]


# -- the twin --


@pytest.mark.parametrize("size", range(65))
def test_every_proof_of_a_small_tree_is_the_twins(size: int) -> None:
    data = entries(size)
    tree, root = Tree(data), twin.MTH(data)
    assert tree.size == size and tree.root() == root == Frontier().followed_by(data).root
    for at in range(size):
        path = twin.PATH(at, data)
        assert list(tree.inclusion(at)) == path
        require_included(leaf_hash(data[at]), at, size, root, path)
        proof = twin.PROOF(at + 1, data)
        assert list(tree.consistency(at + 1)) == proof
        require_consistent(at + 1, twin.MTH(data[: at + 1]), size, root, proof)


def test_random_trees_up_to_2000(seed: int) -> None:
    rng, data = random.Random(seed), entries(2000)
    tree = Tree(data)
    for _ in range(40):
        second = rng.randint(1, 2000)
        index, first, root = rng.randrange(second), rng.randint(1, second), twin.MTH(data[:second])
        assert tree.root(second) == root == Frontier().followed_by(data[:second]).root
        path, proof = tree.inclusion(index, second), tree.consistency(first, second)
        assert list(path) == twin.PATH(index, data[:second]) and list(proof) == twin.PROOF(first, data[:second])
        require_included(leaf_hash(data[index]), index, second, root, path)
        require_consistent(first, tree.root(first), second, root, proof)


# -- what proofs do not show --


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_a_path_is_taken_for_what_the_twin_takes_it_for(size: int) -> None:
    """Also under other positions and sizes: a path fits some, since the size is the signed head's to say."""
    data = entries(size)
    tree, root, accepted = Tree(data), twin.MTH(data), 0
    for at in range(size):
        path, leaf = tree.inclusion(at), leaf_hash(data[at])
        for claimed_size in range(size + 4):
            for claimed in range(-1, claimed_size + 2):
                says = included(leaf, claimed, claimed_size, root, path)
                assert says is twin.includes(claimed, claimed_size, leaf, root, list(path))
                accepted += says
                assert not says or claimed_size != size or claimed == at
    assert accepted >= size


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_a_proof_of_consistency_is_taken_for_what_the_twin_takes_it_for(size: int) -> None:
    data = entries(size)
    tree, root = Tree(data), twin.MTH(data)
    for first in range(1, size + 1):
        proof, old = tree.consistency(first), tree.root(first)
        for m in range(-1, size + 3):
            for n in range(-1, size + 4):
                says = consistent(m, old, n, root, proof)
                assert says is twin.consistent(m, old, n, root, list(proof))
                assert not says or n != size or m == first


def changed(proof: tuple[bytes, ...], other: bytes) -> Iterator[tuple[bytes, ...]]:
    """Proofs near a right one: every bit flipped, a step more, less, twice, of another length, two exchanged."""
    for at, step in enumerate(proof):
        for bit in range(256):
            flipped = bytearray(step)
            flipped[bit // 8] ^= 1 << bit % 8
            yield (*proof[:at], bytes(flipped), *proof[at + 1 :])
        yield proof[:at] + proof[at + 1 :]
        yield (*proof[: at + 1], *proof[at:])
        yield (*proof[:at], step[:-1], *proof[at + 1 :])
        yield (*proof[:at], step + b"\0", *proof[at + 1 :])
    for at in range(len(proof) - 1):
        yield (*proof[:at], proof[at + 1], proof[at], *proof[at + 2 :])
    for step in (other, b"", b"garbage", bytes(32)):
        yield (step, *proof)
        yield (*proof, step)


@pytest.mark.parametrize(
    ("index", "first", "size"), [(0, 1, 8), (5, 6, 8), (2, 2, 3), (1, 2, 5), (12, 11, 13), (6, 4, 7)]
)
def test_a_changed_proof_shows_nothing(index: int, first: int, size: int) -> None:
    data = entries(size)
    tree = Tree(data)
    root, old, leaf = tree.root(), tree.root(first), leaf_hash(data[index])
    path, proof = tree.inclusion(index), tree.consistency(first)
    assert included(leaf, index, size, root, path) and consistent(first, old, size, root, proof)
    for wrong in changed(path, root):
        assert not included(leaf, index, size, root, wrong)
    for wrong in changed(proof, root):
        assert not consistent(first, old, size, root, wrong)
    some = hashlib.sha256(b"other").digest()
    for other in (some, merkle.EMPTY_ROOT, b"", leaf[:-1], b"WrongLeaf"):
        assert not included(other, index, size, root, path) and not included(leaf, index, size, other, path)
        assert not consistent(first, other, size, root, proof) and not consistent(first, old, size, other, proof)
    assert not consistent(first, root, size, old, proof)
    assert not included(leaf, index, size, root, (path * 40)) and not consistent(first, old, size, root, proof * 40)


def test_two_heads_of_one_size_need_no_proof() -> None:
    root = ROOTS[3]
    assert consistent(3, root, 3, root, ())
    assert not consistent(3, root, 3, root, (root,))
    assert not consistent(3, root, 3, ROOTS[4], ())
    assert not consistent(4, ROOTS[4], 3, root, ())
    assert not consistent(4, ROOTS[4], 8, ROOTS[8], ())


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda tree: tree.root(6), "has 5 entries, and was asked for the first 6"),
        (lambda tree: tree.root(-1), "first -1"),
        (lambda tree: tree.inclusion(5), "no entry 5 in a log of 5"),
        (lambda tree: tree.inclusion(-1), "no entry -1"),
        (lambda tree: tree.inclusion(2, 2), "no entry 2 in a log of 2"),
        (lambda tree: tree.inclusion(0, 6), "first 6"),
        (lambda tree: tree.consistency(0), "no beginning of 0 to prove"),
        (lambda tree: tree.consistency(4, 3), "no beginning of 4 to prove: 1 to 3"),
        (lambda tree: Frontier(3, (bytes(32),)), "full subtrees of a log of 3"),
        (lambda tree: Frontier(1, (bytes(31),)), "full subtrees of a log of 1"),
        (lambda tree: Frontier(-1), "full subtrees of a log of -1"),
    ],
)
def test_what_is_not_there_is_not_proved(ask: Any, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        ask(Tree(entries(5)))


# -- cost --


def test_append_and_head_cost_a_logarithm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in hashes: what a frontier does for the next entry does not depend on how many there were, but for the
    carries of a binary counter."""
    calls = 0
    hashed = merkle.node_hash

    def counting(children: bytes) -> bytes:
        nonlocal calls
        calls += 1
        return hashed(children)

    monkeypatch.setattr(merkle, "node_hash", counting)
    for bits in range(48):
        size = 2**bits - 1  # the dearest append there is: every carry
        full = Frontier(size, (bytes(32),) * size.bit_count())
        calls = 0
        after = full.append(b"x")
        assert calls == bits and len(after.nodes) == 1
        calls = 0
        assert len(full.root) == 32
        assert calls == max(bits - 1, 0)
    calls, frontier = 0, Frontier()
    for entry in entries(1024):
        frontier = frontier.append(entry)
    assert calls == 1023 and frontier.root == Tree(entries(1024)).root()


def test_a_frontier_does_not_change() -> None:
    first = Frontier().append(b"a")
    second, third = first.append(b"b"), first.append(b"c")
    assert first.size == 1 and second.size == third.size == 2 and second.root != third.root
    assert first == Frontier(1, (leaf_hash(b"a"),))


def test_a_proof_is_a_list_of_hashes() -> None:
    one = leaf_hash(b"a")
    require_included(one, 0, 1, one, [])
    require_consistent(1, one, 1, one, ())
    for proof in ("", b"", {one: one}, None, iter(())):
        for ask in (lambda p: require_included(one, 0, 1, one, p), lambda p: require_consistent(1, one, 1, one, p)):
            with pytest.raises(AuditError, match="a proof is a list of hashes, not") as refused:
                ask(proof)
            assert refused.value.kind == "proof"
    for hashes in ([one[:31]], [one + b"x"], ["x" * 32], [bytearray(one)]):
        with pytest.raises(AuditError, match="a hash of a proof is not 32 bytes"):
            require_included(one, 0, 1, one, hashes)  # type: ignore[arg-type]
    for wrong in (one[:31], None):
        with pytest.raises(AuditError, match="a hash of a proof is not 32 bytes"):
            require_included(wrong, 0, 1, one, [])  # type: ignore[arg-type]
        with pytest.raises(AuditError, match="a hash of a proof is not 32 bytes"):
            require_consistent(1, one, 1, wrong, [])  # type: ignore[arg-type]
