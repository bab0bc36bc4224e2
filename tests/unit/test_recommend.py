"""Which scheme is recommended: its figures are those of real ciphertexts, and every question has its answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import ParameterError, Schema, UnsupportedError, recommend
from pyfe.adapters import SCHEMES, AnyAdapter, Packing
from pyfe.cli import main
from tests.unit import commands
from tests.unit.lattice_sets import TABLE

BYTES = Schema.from_ranges({f"c{i}": pyfe.number(0, 255, step=1) for i in range(30)})
SMALL = Schema.from_ranges({"a": pyfe.number(0, 3, step=1), "b": pyfe.number(0, 7, step=1)})


@pytest.fixture(params=SCHEMES.values(), ids=lambda entry: entry.short)
def scheme(request: pytest.FixtureRequest) -> AnyAdapter:
    found: AnyAdapter = request.param
    return found


def test_sizes_are_those_of_ciphertexts(scheme: AnyAdapter) -> None:
    bits = scheme.default_weight_bits
    public, _ = scheme.setup(SMALL, bits)
    packing = scheme.packing(SMALL, bits)
    assert packing.block_rows == scheme.block_rows and packing.bytes_of(0) == 0
    for rows in (1, 2, 64, 65) if scheme.block_rows == 1 else (1, 64, 65, 8191, 8192, 8193):
        batch = scheme.encrypt(public, np.zeros((rows, SMALL.n), dtype=np.int64))
        around = len(batch.to_bytes()) - packing.bytes_of(rows)
        assert 0 <= around < 200, "some hundred bytes around them"
        assert batch.nbytes >= packing.bytes_of(rows)


def test_a_full_ciphertext_takes_what_is_recorded() -> None:
    found = recommend(BYTES, patients=8192).choice
    assert found.scheme == "ipfe-rlwe" and found.weight_bits == 8
    assert found.bytes_a_patient == pytest.approx(TABLE["n30"].bytes_a_row, abs=0.1)
    assert found.quantum_bits == pytest.approx(0.2563 * TABLE["n30"].beta, abs=0.6)


def test_many_patients_one_and_a_few() -> None:
    cohort, alone = recommend(BYTES, patients=10**6), recommend(BYTES, patients=10**6, at_a_time=1)
    assert (cohort.scheme, alone.scheme) == ("ipfe-rlwe", "ipfe-ddh") and recommend(BYTES, patients=1) != cohort
    rings = {found.scheme: found for found in alone.choices}["ipfe-rlwe"]
    assert rings.fits and rings.bytes_a_patient == rings.bytes_of_one == cohort.choice.bytes_of_one
    assert rings.bytes_in_all == 10**6 * (rings.bytes_of_one or 0) > 10**11
    [edge] = {int(words.split(" or more")[0].split()[-1]) for words in alone.reasons if "or more" in words}
    assert f"it takes fewer where {edge} or more are encrypted together" in " ".join(alone.reasons)
    by_batch = {at: recommend(BYTES, patients=edge * 100, at_a_time=at).scheme for at in (edge - 1, edge, edge + 12)}
    assert by_batch == {edge - 1: "ipfe-ddh", edge: "ipfe-rlwe", edge + 12: "ipfe-rlwe"}


@pytest.mark.parametrize(
    ("asked", "scheme", "against"),
    [
        ({"kind": "quadratic"}, "qfe-ggm", {"ipfe-ddh": "linear functions only", "ipfe-rlwe": "linear functions only"}),
        ({"sums": True}, "ipfe-ddh", {"ipfe-rlwe": "sum_w of the schema is 1", "qfe-ggm": "cannot be added"}),
        ({"proofs": True}, "ipfe-ddh", {"ipfe-rlwe": "no proofs", "qfe-sxdh": "no proofs"}),
        ({"post_quantum": True, "at_a_time": 1}, "ipfe-rlwe", {"ipfe-ddh": "a quantum computer breaks it"}),
        ({"weight_bits": 20}, "qfe-ggm", {"ipfe-ddh": "weights of 16 bits at most, not 20"}),
    ],
)
def test_what_is_asked_for_rules_schemes_out(asked: dict[str, Any], scheme: str, against: dict[str, str]) -> None:
    found = recommend(BYTES, **{"patients": 100_000, **asked})
    assert found.scheme == scheme == found.choice.scheme and found.choice.fits
    for name, words in against.items():
        [other] = [choice for choice in found.choices if choice.scheme == name]
        assert not other.fits and words in "; ".join(other.against) and f"not {name}: " in str(found)


def test_a_schema_without_parameters() -> None:
    wide = Schema.from_ranges({f"c{i}": pyfe.number(0, 2**30, step=1) for i in range(32)})
    found = recommend(wide, patients=10**6)
    [rings] = [choice for choice in found.choices if choice.scheme == "ipfe-rlwe"]
    assert found.scheme == "ipfe-ddh" and rings.bytes_in_all is None and "-" in str(found)
    assert any("quantum bits" in words or "sigma3" in words for words in rings.against)
    assert any("may span 2^50, and those of a key 2^44 at most" in words for words in found.reasons)
    with pytest.raises(UnsupportedError, match=r"no scheme has all .*ipfe-ddh: a quantum computer breaks it"):
        recommend(wide, patients=10**6, post_quantum=True)
    with pytest.raises(UnsupportedError, match="ipfe-rlwe: sum_w of the schema is 1"):
        recommend(BYTES, patients=10**6, post_quantum=True, sums=True)
    assert recommend(BYTES.with_sum_w(4), patients=10**6, post_quantum=True, sums=True).scheme == "ipfe-rlwe"


def test_sums_where_the_schema_allows_them() -> None:
    found = recommend(BYTES.with_sum_w(12), patients=10**6, sums=True)
    assert found.scheme == "ipfe-rlwe" and found.choice.sums and "rows of one batch are not" in str(found)
    alone = recommend(BYTES, patients=10**6)
    assert (alone.scheme, alone.choice.sums) == ("ipfe-rlwe", False)
    assert (found.choice.bytes_in_all or 0) > (alone.choice.bytes_in_all or 0)  # room for larger results


def test_facts_are_the_adapters(scheme: AnyAdapter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a scheme says of itself is what is said of it."""
    kind = type(scheme)
    monkeypatch.setattr(kind, "provable", not scheme.provable)
    monkeypatch.setattr(kind, "refusal_answers", not scheme.refusal_answers)
    monkeypatch.setattr(kind, "quantum_bits", lambda *_: 200.0)
    monkeypatch.setattr(kind, "packing", lambda self, schema, bits: Packing(1, 0, 1, schema.n))
    found = recommend(SMALL, patients=7, post_quantum=True)
    [said] = [choice for choice in found.choices if choice.scheme == scheme.short]
    assert (said.proofs, said.signed, said.quantum_bits) == (scheme.provable, scheme.refusal_answers, 200.0)
    assert (said.bytes_in_all, said.bytes_of_one) == (14, 2) and said.rests_on == scheme.rests_on
    assert said.search is (scheme.search is not None) and said.sums is scheme.adds(SMALL)


def test_noise_is_said() -> None:
    noisy = SMALL.with_noise(pyfe.noise(slots=1))
    assert recommend(SMALL, patients=7).choice.exact and "noise" not in str(recommend(SMALL, patients=7))
    found = recommend(noisy, patients=7)
    assert not found.choice.exact and "results carry the noise" in str(found)


@pytest.mark.parametrize(
    "wrong",
    [
        {"patients": 0}, {"patients": 1.5}, {"patients": True}, {"at_a_time": 0}, {"kind": "cubic"}, {"kind": None},
        {"weight_bits": 1}, {"weight_bits": 40}, {"sums": 1}, {"post_quantum": "yes"}, {"schema": "schema"},
    ],
)  # fmt: skip
def test_what_cannot_be_asked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        recommend(**{"schema": SMALL, "patients": 5, **wrong})


def test_an_authority_takes_it() -> None:
    found = recommend(SMALL, patients=5000)
    authority = pyfe.KeyAuthority.create(SMALL, scheme=found.scheme)
    assert authority.public_key.scheme == found.choice.id
    assert json.loads(json.dumps(found.to_dict()))["choices"][0]["fits"] is True


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "schema.pyfe")
    Path(path).write_bytes(BYTES.to_bytes())
    said = commands.run(capsys, "recommend", path, "--patients", "1000000")
    assert said == {"schema": path, **json.loads(json.dumps(recommend(BYTES, patients=10**6).to_dict()))}
    options = ["--at-a-time", "64", "--weight-bits", "8", "--sums", "--proofs", "--quadratic", "--post-quantum"]
    for cut, scheme in ((2, "ipfe-ddh"), (4, "ipfe-ddh"), (6, "ipfe-ddh")):
        assert commands.run(capsys, "recommend", path, "--patients", "100", *options[:cut])["scheme"] == scheme
    assert "no scheme has all" in commands.fails(capsys, "recommend", path, "--patients", "100", *options)
    assert "patients must be an integer" in commands.fails(capsys, "recommend", path, "--patients", "0")
    assert main(["recommend", path, "--patients", "1000000"]) == 0
    assert capsys.readouterr().out.rstrip("\n") == str(recommend(BYTES, patients=10**6))
