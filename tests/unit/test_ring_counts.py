"""What counts slots and noise of the lattice scheme: it goes on where it stopped, and sees what is wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import RefusedError
from pyfe.schemes import ipfe_rlwe
from tests import ring_noise, ring_slots
from tests.ring_slots import Count, run
from tests.unit import made_rings

A_ROUND = 5 * 11 * ring_slots.ROWS
"""Slots of a round, and of what the last ciphertext holds."""


def test_a_round_is_right() -> None:
    count = run("above 0", 1, 1, Count())
    assert (count.rounds, count.wrong, count.refused) == (1, 0, 0)
    assert count.slots == 5 * count.rows and A_ROUND < count.slots < A_ROUND + 5 * ring_slots.ROWS


def test_every_slot_is_at_an_end() -> None:
    p, rng = ring_slots.SETS["above 0"].parameters(), np.random.default_rng(1)
    y = ring_slots.functions(p, rng)
    tables = ring_slots.tables(p, y, rng)
    sk = ipfe_rlwe.keygen(ipfe_rlwe.setup(p)[1], y)
    for f, (low, high) in enumerate(sk.intervals.tolist()):
        assert set((tables[2 * f] @ y[f]).tolist()) == {high} and set((tables[2 * f + 1] @ y[f]).tolist()) == {low}
        assert len(tables[2 * f]) == len(tables[2 * f + 1]) == 8192
    assert [len(table) for table in tables[10:-1]] == [8192] and len(tables[-1]) in ring_slots.LAST


def test_it_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state.json"
    rounds: list[int] = []

    def one_round(box: Any, rng: Any, count: Count) -> None:
        rounds.append(int(rng.integers(1 << 30)))
        if len(rounds) == 3:
            raise KeyboardInterrupt
        count.rounds, count.slots = count.rounds + 1, count.slots + 100

    monkeypatch.setattr(ring_slots, "one_round", one_round)
    monkeypatch.setattr(sys, "argv", ["ring_slots", "--slots", "400", "--sets", "n30", "--state", str(state)])
    with pytest.raises(KeyboardInterrupt):
        ring_slots.main()
    assert json.loads(state.read_text())["n30"]["rounds"] == 2
    assert ring_slots.main() == 0 and "400 slots: 0 wrong scores" in capsys.readouterr().out
    assert len(rounds) == 5 and rounds[2] == rounds[3] and len(set(rounds)) == 4
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--seed", "27"])
    with pytest.raises(SystemExit, match="counts seed 26"):
        ring_slots.main()


def test_what_is_wrong_is_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    decrypt, calls = ipfe_rlwe.decrypt, list[int]()

    def planted(key: Any, batch: Any) -> Any:
        calls.append(len(batch))
        if len(calls) == 2:
            raise RefusedError("refused")
        scores = decrypt(key, batch)
        scores[:3, 1] += len(calls) == 4
        return scores

    monkeypatch.setattr(ipfe_rlwe, "decrypt", planted)
    monkeypatch.setattr(sys, "argv", ["ring_slots", "--slots", "1", "--sets", "one"])
    assert ring_slots.main() == 1
    assert "3 wrong scores, 1 ciphertexts refused" in capsys.readouterr().out


def test_noise_is_within_the_bound_and_damage_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = ring_noise.Drawn("one signed", np.random.default_rng(1))
    share = drawn.residuals()
    assert len(share) == 8192 and 0.2 < share.max() < 1
    sums = drawn._sums
    monkeypatch.setattr(drawn, "_sums", lambda tiles: [w + (1 << drawn.p.b) // 3 // drawn.p.K for w in sums(tiles)])
    assert drawn.residuals().min() > 1


def test_words_of_two_limbs() -> None:
    """Sums of columns against the core's scores: with the noise, ``K w / 2^b`` is the result."""
    drawn = ring_noise.Drawn("R3", np.random.default_rng(2))
    p = drawn.p
    words = [[int(v) for v in np.random.default_rng(column).integers(0, 1 << 62, 64)] for column in range(p.n)]
    tile = b"".join(made_rings.packed([w << 6 for w in column], p.b) for column in words)
    expected = [sum(int(y) * (column[slot] << 6) for y, column in zip(drawn.y, words, strict=True)) for slot in (0, 63)]
    sums = drawn._sums(tile * 2)
    assert p.b > 64 and [sums[0], sums[63], sums[64]] == [*expected, expected[0]]


@pytest.mark.parametrize("whole", [True, False])
def test_changes_are_told_apart(whole: bool) -> None:
    drawn = ring_noise.Drawn("n30", np.random.default_rng(3))
    found = drawn.changes(60, whole=whole)
    assert (
        sum(found.values()) == 60 and found["refused"] > 30 and set(found) <= {"refused", "another score", "unchanged"}
    )


def test_the_tables_and_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "noise.svg"
    options = ["--sets", "above 0", "--ciphertexts", "1", "--changes", "5", "--picture", str(picture)]
    monkeypatch.setattr(sys, "argv", ["ring_noise", *options])
    assert ring_noise.main() == 0
    out = capsys.readouterr().out
    assert "| above 0 | 8,192 | 0." in out and "| above 0 | all +-Y | bit |" in out
    assert picture.read_text().startswith("<?xml")
