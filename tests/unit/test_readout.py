"""Readout: from integers to the model's output without the weights; and through the payload of a key."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import KeyAuthority, ParameterError, UnsupportedModelError
from pyfe._core import schemes as core
from pyfe.function import LINKS, Function, Readout, link_named
from tests.reference import ipfe_ddh as linear_twin
from tests.reference import qfe as quadratic_twin
from tests.unit import objects

ROOT = Path(__file__).parents[2]
READOUTS: dict[str, dict[str, Any]] = {
    "regression": {},
    "named regression": {"classes": ("a", "b")},
    "logit": {"link": "logit", "classes": (False, True)},
    "cox": {"link": "cox", "classes": (0, 1), "baseline_survival": 0.875},
    "exponential": {"link": "exp"},
    "square": {"link": "square"},
    "inverse": {"link": "inverse"},
    "probit": {"link": "probit", "classes": (0, 1)},
    "cloglog": {"link": "cloglog", "classes": (0, 1)},
    "share": {"link": "share", "classes": ("no", "yes")},
    "text": {"link": "logit", "classes": ("größe ≥ 1", "")},
    "floats": {"link": "logit", "classes": (0.1, float("-inf"))},
    "large": {"link": "logit", "classes": (-(10**300), 2**64)},
}


PLAIN_LABELS = [(0, 1), ("no", "yes"), (1.5, 2.5), (False, True), (2**63, 2**63 + 1)]
"""Labels that one of numpy's own types holds."""


def one(**rest: Any) -> Readout:
    given = {"interval": np.array([[-9, 12]]), "intercept": np.array([-3]), "scale": np.array([0.1])} | rest
    return Readout(**given)


@pytest.mark.parametrize("name", READOUTS)
def test_it_passes_through_the_payload_of_a_key(name: str) -> None:
    readout = one(**READOUTS[name], max_error=np.array([0.25]))
    again = Readout.from_native(readout.to_native(), readout.interval)
    assert again == readout and hash(again) == hash(readout) and again.to_dict() == readout.to_dict()
    if readout.classes is not None and again.classes is not None:
        assert [type(label) for label in again.classes] == [type(label) for label in readout.classes]


def test_numbers_of_links_are_those_of_the_core() -> None:
    header = (ROOT / "csrc/schemes/common/include/pyfe/schemes/readout.hpp").read_text()
    names = re.search(r"enum class Link : uint8_t \{([^}]*)\};", header)
    assert names and " ".join(names[1].split()) == ", ".join(f"{name} = {number}" for number, name in enumerate(LINKS))
    assert f"kLastLink = Link::{LINKS[-1]};" in header
    with pytest.raises(ParameterError, match=f"unknown link {len(LINKS)}"):
        core.Readout(np.zeros(1, np.int64), np.ones(1), np.zeros(1), len(LINKS))
    several = {"interval": np.tile([0, 1], (3, 1)), "intercept": np.zeros(3, np.int64), "scale": np.ones(3)}
    labels = {"classes": ("a", "b", "c")}
    assert [Readout(**several, **labels, link=link).to_native().link for link in ("softmax", "ovr")] == [2, 3]


@pytest.mark.parametrize("scheme", ["ipfe-ddh", "qfe-ggm"])
@pytest.mark.parametrize("name", READOUTS)
def test_a_key_reads_as_its_function_does(scheme: str, name: str) -> None:
    authority = objects.authority(scheme=scheme)
    function = objects.function(**{"link": "identity", "classes": None, **READOUTS[name]})
    key = authority.issue(function, purpose="test")
    key = type(key).from_bytes(key.to_bytes(), public_key=authority.public_key)
    assert key.readout == function.readout and key.function == function
    batch = authority.public_key.encrypt(objects.ROWS)
    scores = function.evaluate(objects.ROWS)
    assert np.array_equal(key.decrypt(batch), scores)
    assert np.array_equal(key.decision_function(batch), function.decision_function(scores))
    assert np.array_equal(key.predict(batch), function.predict(scores))
    if not link_named(function.link).has_probabilities:
        with pytest.raises(UnsupportedModelError, match="no probabilities"):
            key.predict_proba(batch)
    else:
        assert np.array_equal(key.predict_proba(batch), function.predict_proba(scores))


@pytest.mark.parametrize(
    "labels",
    [
        *PLAIN_LABELS,
        (0, "ill"),
        ("well", 1),
        (True, "ill"),
        (True, 2),
        (0, 0.5),
        (10**20, 10**20 + 1),
        (-1, 2**63 + 1),
        (2**53 + 1, 0.5),
        ("a\0", "b"),
    ],
    ids=repr,
)
def test_labels_come_back_as_they_are(labels: tuple[Any, Any]) -> None:
    """numpy's own types would make text of a number, and other numbers of large ones."""
    function = objects.function(link="logit", classes=labels)
    for one_of in (function, Function.from_bytes(function.to_bytes())):
        predicted = one_of.predict(np.array([-1000, 1000])).tolist()
        assert predicted == list(labels) and [type(p) for p in predicted] == [type(label) for label in labels]
    assert (function.predict(np.array([1])).dtype == object) == (labels not in PLAIN_LABELS)


@pytest.mark.parametrize("labels", [("a\ud800", "b"), ("x" * 65536, "b")])
def test_labels_that_no_key_can_hold_are_refused_before_the_row(labels: tuple[str, str]) -> None:
    authority: KeyAuthority = objects.authority()
    with pytest.raises(ParameterError):
        authority.issue(objects.function(classes=labels), purpose="test")
    assert authority.issued == ()


def test_map_and_readout_agree_on_the_number_of_outputs() -> None:
    function = objects.function()
    with pytest.raises(ParameterError, match=r"the map has 1 output\(s\), the readout 3"):
        replace(function, readout=objects.several().readout)
    with pytest.raises(ParameterError, match=r"readout is a pyfe.function.Readout, not int"):
        Function(function.map, 5, function.schema_id)  # type: ignore[arg-type]
    assert repr(one()) == "Readout(1 output(s), -12 to 9, identity)"


@pytest.mark.parametrize("scheme", ["ipfe-ddh", "qfe-ggm"])
@pytest.mark.parametrize("name", [*READOUTS, "several"])
def test_the_twin_reads_the_same_from_the_payload(scheme: str, name: str) -> None:
    """The independent reader, written from the page on formats."""
    twin: Any = linear_twin if scheme == "ipfe-ddh" else quadratic_twin
    given = {"link": "identity", "classes": None, **READOUTS.get(name, {})}
    function = objects.several() if name == "several" else objects.function(**given)
    payload = objects.authority(scheme=scheme).issue(function, purpose="test").native.to_bytes()
    read = twin.FunctionKey.from_bytes(payload)
    assert read.to_bytes() == payload
    assert [list(pair) for pair in read.intervals] == function.interval.tolist()
    ours = function.readout
    assert (list(read.readout.intercepts), list(read.readout.scales)) == (ours.intercept.tolist(), ours.scale.tolist())
    assert (read.readout.link, read.readout.survival) == (ours.link, ours.baseline_survival)
    assert read.readout.labels == (ours.classes or ())
