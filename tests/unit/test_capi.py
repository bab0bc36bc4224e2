"""The C ABI, by its header: what Python makes it reads, what it makes Python reads, and scores are the same."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe.adapters import SCHEMES
from pyfe.forms import MatrixForms
from pyfe.identity import IdentitySecret
from tests.capi import ROOT, STATUSES, CError, Library, built, fails, library
from tests.unit import ring_envelopes

KINDS = {
    "ipfe-ddh-ristretto255": "linear",
    "qfe-ggm-bls12381": "quadratic",
    "qfe-sxdh-bls12381": "quadratic",
    "ipfe-rlwe": "linear",
}
TABLE = {"a": [0, 3, 1, 2, 2, 0, 1], "b": [7, 0, 4, 6, 1, 0, 2], "c": ["no", "yes", "yes", "no", "no", "no", "yes"]}
FINGERPRINTS: list[tuple[str, Callable[[str], str]]] = [
    ("dashes", lambda text: text),
    ("none", lambda text: text.replace("-", "")),
    ("loud", lambda text: text.upper().replace("-", ": ")),
]


@pytest.fixture(scope="module")
def c() -> Library:
    return library()


@cache
def owner() -> IdentitySecret:
    return IdentitySecret.generate("ada")


@cache
def authority(scheme: str) -> pyfe.KeyAuthority:
    columns = {"a": pyfe.number(0, 3, step=1), "b": pyfe.number(0, 7, step=1), "c": pyfe.category(["no", "yes"])}
    free = pyfe.Policy.unrestricted(reason="a test")
    return pyfe.KeyAuthority.create(pyfe.Schema.from_ranges(columns), scheme=scheme, weight_bits=6, policy=free)


def function(scheme: str) -> pyfe.Function:
    schema = authority(scheme).schema
    if KINDS[scheme] == "linear":
        weights = np.arange(1, 2 * schema.n + 1).reshape(2, schema.n) - 3
        rest: dict[str, Any] = {"scale": [0.1, 1 / 3], "link": "softmax", "classes": ("no", "yes")}
        return pyfe.Function.from_integers(schema, weights, [11, -7], **rest)
    F = np.zeros((schema.n + 1, schema.n + 1), dtype=np.int64)
    F[0, 1], F[1, 2], F[2, 2] = 5, -3, 2
    return pyfe.Function.from_forms(schema, MatrixForms.dense([F.tolist()]), intercept=-9, scale=0.7)


@cache
def function_key(scheme: str) -> pyfe.FunctionKey:
    key = authority(scheme).issue(function(scheme), purpose="a test")
    return pyfe.FunctionKey.from_bytes(key.to_bytes(), public_key=authority(scheme).public_key)


def coordinates(scheme: str) -> Any:
    return authority(scheme).schema.encode(TABLE).x


def opened(c: Library, scheme: str, data: bytes, signer: bytes | None) -> Any:
    public = c.public_key(authority(scheme).public_key.to_bytes())
    return c.decrypt(c.function_key(function_key(scheme).to_bytes(), public), c.batch(data, signer))


def test_every_scheme_is_tried() -> None:
    assert set(KINDS) == set(SCHEMES)


@pytest.mark.parametrize("scheme", KINDS)
def test_a_public_key_says_what_python_says(c: Library, scheme: str) -> None:
    key = authority(scheme).public_key
    loaded = c.public_key(key.to_bytes())
    assert c.text("pyfe_public_key_scheme", loaded) == scheme == key.scheme
    assert c.id("pyfe_public_key_id", loaded) == key.id
    assert c.id("pyfe_public_key_schema_id", loaded) == key.schema.id
    n = c.c.pyfe_public_key_coordinates(loaded)
    low, high = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    c.c.pyfe_public_key_bounds(loaded, c.pointer(low), c.pointer(high))
    assert (low.tolist(), high.tolist()) == (key.schema.lo.tolist(), key.schema.hi.tolist())
    text = c.ffi.new("char[80]")
    c.c.pyfe_public_key_fingerprint(loaded, text)
    assert c.ffi.string(text).decode() == key.fingerprint


@pytest.mark.parametrize(("name", "write"), FINGERPRINTS)
def test_a_fingerprint_pins_a_public_key(c: Library, name: str, write: Callable[[str], str]) -> None:
    key = authority("ipfe-ddh-ristretto255").public_key
    c.public_key(key.to_bytes(), write(key.fingerprint))
    for wrong in (write("0000" + key.fingerprint[4:]), write(key.fingerprint[:-1]), write(key.fingerprint + "0"), ""):
        with fails("PYFE_KEY_MISMATCH", key.fingerprint):
            c.public_key(key.to_bytes(), wrong)


@pytest.mark.parametrize("scheme", KINDS)
@pytest.mark.parametrize("named", [False, True])
def test_what_c_encrypts_python_opens(c: Library, scheme: str, named: bool) -> None:
    signer = owner().identity.ed25519 if named else None
    data = c.encrypt(c.public_key(authority(scheme).public_key.to_bytes()), coordinates(scheme), signer)
    if named:
        assert data[-64:] == bytes(64)
        with pytest.raises(pyfe.SignatureError):
            pyfe.CiphertextBatch.from_bytes(data)
        data = data[:-64] + owner().sign(data[:-64])
    batch = pyfe.CiphertextBatch.from_bytes(data)
    assert batch.to_bytes() == data
    assert (batch.signer, batch.encrypted_rows, batch.saturated, batch.ids) == (signer, 7, {}, None)
    key = function_key(scheme)
    if named or not SCHEMES[scheme].refusal_answers:
        scores = key.decrypt(batch, signed_by=owner().identity if named else None)
    else:
        scores = pyfe.Evaluator(key).decrypt(batch, unsigned=True)
    assert scores.tolist() == function(scheme).evaluate(TABLE).tolist()


@pytest.mark.parametrize(
    ("scheme", "named"),
    [(scheme, named) for scheme in KINDS for named in (False, True) if named or not SCHEMES[scheme].refusal_answers],
)
def test_what_python_encrypts_c_opens(c: Library, scheme: str, named: bool) -> None:
    batch = authority(scheme).public_key.encrypt(TABLE)
    data = (batch.signed(owner()) if named else batch).to_bytes()
    scores, decisions = opened(c, scheme, data, owner().identity.ed25519 if named else None)
    expected = function(scheme).evaluate(TABLE)
    shape = len(TABLE["a"]), -1
    assert scores.tolist() == expected.reshape(shape).tolist()
    assert decisions.tolist() == function(scheme).decision_function(expected).reshape(shape).tolist(), "bit for bit"


@pytest.mark.parametrize("scheme", KINDS)
def test_a_function_key_says_what_python_says(c: Library, scheme: str) -> None:
    key = function_key(scheme)
    loaded = c.function_key(key.to_bytes(), c.public_key(authority(scheme).public_key.to_bytes()))
    k, r = c.c.pyfe_function_key_functions(loaded), key.readout
    whole = [np.zeros(k, dtype=np.int64) for _ in range(3)]
    real = [np.zeros(k) for _ in range(2)]
    c.c.pyfe_function_key_readout(loaded, *map(c.pointer, [*whole, *real]))
    c.c.pyfe_function_key_readout(loaded, *[c.ffi.NULL] * 5)
    expected = r.interval[:, 0], r.interval[:, 1], r.intercept, r.scale, r.max_error
    assert [part.tolist() for part in (*whole, *real)] == [part.tolist() for part in expected]
    assert c.text("pyfe_function_key_scheme", loaded) == scheme
    assert c.id("pyfe_function_key_id", loaded) == key.id
    assert c.c.pyfe_function_key_coordinates(loaded) == key.function.n
    assert c.c.pyfe_function_key_sequence(loaded) == key.sequence
    assert c.c.pyfe_function_key_not_after(loaded) == -1
    assert c.c.pyfe_function_key_refuses(loaded) == SCHEMES[scheme].refusal_answers
    assert pyfe.function.LINKS[c.c.pyfe_function_key_link(loaded)] == r.link
    assert c.c.pyfe_function_key_baseline_survival(loaded) == 0
    assert c.c.pyfe_function_key_classes(loaded) == len(r.classes or ())
    c.run("pyfe_function_key_prepare", loaded)


def test_classes_are_given_in_buffers_of_the_caller(c: Library) -> None:
    scheme = "ipfe-ddh-ristretto255"
    public = c.public_key(authority(scheme).public_key.to_bytes())
    loaded = c.function_key(function_key(scheme).to_bytes(), public)
    text, size, kind = c.ffi.new("char[]", b"untouched"), c.ffi.new("uint64_t *"), c.ffi.new("int32_t *", -1)
    with fails("PYFE_BUFFER_TOO_SMALL"):
        c.run("pyfe_function_key_class", loaded, 1, text, 3, size, kind)
    assert (size[0], kind[0], c.ffi.string(text)) == (4, -1, b"untouched")
    c.run("pyfe_function_key_class", loaded, 1, text, 4, size, kind)
    assert (c.ffi.string(text), size[0], kind[0]) == (b"yes", 4, 3)
    with fails("PYFE_PARAMETER", "class 2 of 2"):
        c.run("pyfe_function_key_class", loaded, 2, text, 9, size, kind)


@pytest.mark.parametrize("scheme", KINDS)
@pytest.mark.parametrize("rows", [0, 1, 9])
def test_sizes_are_known_before(c: Library, scheme: str, rows: int) -> None:
    x = np.tile(coordinates(scheme)[:1], (rows, 1))
    public = c.public_key(authority(scheme).public_key.to_bytes())
    data = c.encrypt(public, x)
    assert len(data) == c.encrypted_size(public, rows, False)
    assert len(pyfe.CiphertextBatch.from_bytes(data)) == rows


def test_sizes_of_several_blocks(c: Library) -> None:
    x = np.tile(coordinates("ipfe-rlwe")[:1], (8192 + 70, 1))
    data = c.encrypt(c.public_key(authority("ipfe-rlwe").public_key.to_bytes()), x)
    assert len(pyfe.CiphertextBatch.from_bytes(data)) == 8192 + 70


@pytest.mark.parametrize("scheme", KINDS)
def test_a_coordinate_out_of_range_is_named_and_not_shown(c: Library, scheme: str) -> None:
    x = coordinates(scheme).copy()
    x[4, 1] = 987654
    public = c.public_key(authority(scheme).public_key.to_bytes())
    with pytest.raises(CError, match="PYFE_OUT_OF_RANGE.*row 4.*coordinate 1") as error:
        c.encrypt(public, x)
    assert "987654" not in str(error.value)
    with fails("PYFE_PARAMETER", "2 a row, the public key's schema has 3"):
        c.encrypt(public, x[:, :2])


def test_a_small_buffer_is_told_its_size(c: Library) -> None:
    x, public = coordinates("ipfe-rlwe"), c.public_key(authority("ipfe-rlwe").public_key.to_bytes())
    size, needed = c.ffi.new("uint64_t *"), c.encrypted_size(public, len(x), False)
    out = c.ffi.new("uint8_t[]", needed)
    arguments = public, c.pointer(x), len(x), x.shape[1], c.ffi.NULL, out
    with fails("PYFE_BUFFER_TOO_SMALL", str(needed)):
        c.run("pyfe_encrypt", *arguments, needed - 1, size)
    assert size[0] == needed
    assert not any(bytes(out))
    with fails("PYFE_OUT_OF_RANGE", "rows"):
        c.encrypted_size(public, 2**60, False)


def test_sums_of_rows(c: Library) -> None:
    scheme = "ipfe-ddh-ristretto255"
    batch = authority(scheme).public_key.encrypt(TABLE)
    summed = batch.weighted_sum([3, -2, 0, 1, 1, 0, 5])
    key = c.function_key(function_key(scheme).to_bytes(), c.public_key(authority(scheme).public_key.to_bytes()))
    loaded = c.batch(summed.to_bytes())
    assert c.c.pyfe_batch_combined(loaded) == 1
    expected = function_key(scheme).decrypt(summed, largest_weight_sum=12)
    assert c.decrypt_sums(key, loaded, 12).tolist() == expected.tolist()
    with fails("PYFE_OUT_OF_RANGE", "weights sum to more than 11"):
        c.decrypt_sums(key, loaded, 11)
    with fails("PYFE_PARAMETER", "pyfe_decrypt_sums"):
        c.decrypt(key, loaded)
    with fails("PYFE_PARAMETER", "largest_weight_sum"):
        c.decrypt_sums(key, loaded, 0)
    plain = c.decrypt_sums(key, c.batch(batch.to_bytes()), 1)
    assert plain.tolist() == function(scheme).evaluate(TABLE).tolist()


# -- who signed -------------------------------------------------------------------------------------------------


def test_a_batch_says_who_signed_it(c: Library) -> None:
    plain = authority("ipfe-ddh-ristretto255").public_key.encrypt(TABLE)
    ada, ben = owner().identity.ed25519, IdentitySecret.generate("ben").identity.ed25519
    data = plain.signed(owner()).to_bytes()
    loaded, out = c.batch(data), c.ffi.new("uint8_t[32]")
    assert (c.c.pyfe_batch_signer(loaded, out), bytes(out)) == (1, ada)
    assert (c.c.pyfe_batch_rows(loaded), c.c.pyfe_batch_coordinates(loaded)) == (7, plain.n)
    assert c.id("pyfe_batch_public_key_id", loaded) == plain.public_key_id
    assert c.text("pyfe_batch_scheme", loaded) == plain.scheme
    out = c.ffi.new("uint8_t[32]")
    assert (c.c.pyfe_batch_signer(c.batch(plain.to_bytes()), out), bytes(out)) == (0, bytes(32))
    with fails("PYFE_SIGNATURE", "not signed"):
        c.batch(plain.to_bytes(), ada)
    with fails("PYFE_SIGNATURE", ben.hex()[:12]):
        c.batch(data, ben)
    for at in (100, len(data) - 70, len(data) - 1):  # of the rows, the metadata, the signature
        changed = bytearray(data)
        changed[at] ^= 4
        with fails("PYFE_SIGNATURE", "not as it was signed"):
            c.batch(bytes(changed), ada)


def test_keys_of_others_are_refused(c: Library) -> None:
    one, other = authority("ipfe-ddh-ristretto255"), authority("qfe-ggm-bls12381")
    free = pyfe.Policy.unrestricted(reason="a test")
    twin = pyfe.KeyAuthority.create(one.schema, scheme="ipfe-ddh", weight_bits=6, policy=free)
    key = function_key("ipfe-ddh-ristretto255").to_bytes()
    for stranger in (other, twin):
        with fails("PYFE_KEY_MISMATCH", "belongs to the public key"):
            c.function_key(key, c.public_key(stranger.public_key.to_bytes()))
    mine = c.function_key(key, c.public_key(one.public_key.to_bytes()))
    for stranger in (other, twin):
        with fails("PYFE_KEY_MISMATCH", "different public keys"):
            c.decrypt(mine, c.batch(stranger.public_key.encrypt(TABLE).to_bytes()))


def test_objects_of_other_kinds_are_named(c: Library) -> None:
    one = authority("ipfe-ddh-ristretto255")
    public = c.public_key(one.public_key.to_bytes())
    with fails("PYFE_DECODE", "these bytes are a public key, not a function key"):
        c.function_key(one.public_key.to_bytes(), public)
    with fails("PYFE_DECODE", "these bytes are a ciphertext batch, not a public key"):
        c.public_key(one.public_key.encrypt(TABLE).to_bytes())
    with fails("PYFE_DECODE", "these bytes are a schema, not a ciphertext batch"):
        c.batch(one.schema.to_bytes())
    with fails("PYFE_DECODE", "magic"):
        c.batch(b"")


# -- a refusal is an answer -------------------------------------------------------------------------------------


def ring_key(c: Library) -> Any:
    public = c.public_key(ring_envelopes.authority().public_key.to_bytes())
    return c.function_key(ring_envelopes.key().to_bytes(), public)


def refused_envelope(by: str) -> bytes:
    return ring_envelopes.malformed().signed(ring_envelopes.person(by)).to_bytes()


def honest_envelope(by: str) -> bytes:
    return ring_envelopes.local().signed(ring_envelopes.person(by)).to_bytes()


def signer(by: str) -> bytes:
    return ring_envelopes.person(by).identity.ed25519


def test_one_refusal_is_the_last_answer_to_its_signer(c: Library) -> None:
    key = ring_key(c)
    ada, ben = (c.batch(honest_envelope(name), signer(name)) for name in ("ada", "ben"))
    assert c.decrypt(key, ada).scores[:, 0].tolist() == ring_envelopes.SCORES
    with fails("PYFE_REFUSED"):
        c.decrypt(key, c.batch(refused_envelope("ada"), signer("ada")))
    for envelope in (honest_envelope("ada"), refused_envelope("ada")):
        with fails("PYFE_SILENCED", signer("ada").hex()[:12]):
            c.decrypt(key, c.batch(envelope, signer("ada")))
    with fails("PYFE_SILENCED"):
        c.decrypt_sums(key, ada, 1)
    assert c.decrypt(key, ben).scores[:, 0].tolist() == ring_envelopes.SCORES
    c.run("pyfe_function_key_release", key, signer("ada"))
    assert c.decrypt(key, ada).scores[:, 0].tolist() == ring_envelopes.SCORES


def test_another_process_is_told_who_is_silenced(c: Library) -> None:
    key = ring_key(c)
    c.run("pyfe_function_key_silence", key, signer("ada"))
    with fails("PYFE_SILENCED"):
        c.decrypt(key, c.batch(honest_envelope("ada"), signer("ada")))


def test_a_refusal_leaves_no_score(c: Library) -> None:
    key, batch = ring_key(c), c.batch(refused_envelope("ada"), signer("ada"))
    scores = np.full((5, 1), -1, dtype=np.int64)
    with fails("PYFE_REFUSED"):
        c.run("pyfe_decrypt", key, batch, -1, c.pointer(scores), c.ffi.NULL, 5)
    assert (scores == -1).all()


def test_nobody_gets_an_answer_who_was_not_named(c: Library) -> None:
    key = ring_key(c)
    unsigned = ring_envelopes.local().to_bytes()
    for batch in (c.batch(unsigned), c.batch(honest_envelope("ada")), c.batch(refused_envelope("ada"))):
        for open_it in (c.decrypt, lambda key, batch: c.decrypt_sums(key, batch, 1)):
            with fails("PYFE_SIGNATURE", "nobody answers"):
                open_it(key, batch)
    assert c.decrypt(key, c.batch(honest_envelope("ada"), signer("ada"))).scores[:, 0].tolist() == ring_envelopes.SCORES


def test_of_many_at_once_one_is_refused_and_the_others_silenced(c: Library) -> None:
    """Whoever signs many at once learns from one of them."""
    key = ring_key(c)
    batches = [c.batch(refused_envelope("ada"), signer("ada")) for _ in range(8)]
    told = []

    def ask(batch: Any) -> None:
        try:
            c.decrypt(key, batch)
        except Exception as error:
            told.append(str(error).split(":")[0])

    threads = [threading.Thread(target=ask, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["PYFE_REFUSED"] + ["PYFE_SILENCED"] * 7


def test_sums_of_rings_are_opened_in_python_only(c: Library) -> None:
    """On the word of who formed them; else they carry the key out."""
    columns = {"a": pyfe.number(0, 3, step=1), "b": pyfe.number(0, 7, step=1)}
    free = pyfe.Policy.unrestricted(reason="a test")
    schema = pyfe.Schema.from_ranges(columns, sum_w=4)
    one = pyfe.KeyAuthority.create(schema, scheme="ipfe-rlwe", weight_bits=4, policy=free)
    key = one.issue(pyfe.Function.from_integers(schema, [3, -2]), purpose="a test")
    rows = one.public_key.encrypt({"a": [1, 2], "b": [0, 7]})
    summed = rows + rows
    assert key.decrypt(summed).tolist() == [6, -16]
    loaded = c.function_key(key.to_bytes(), c.public_key(one.public_key.to_bytes()))
    for batch in (c.batch(summed.to_bytes()), c.batch(summed.signed(owner()).to_bytes(), owner().identity.ed25519)):
        assert c.c.pyfe_batch_combined(batch) == 1
        with fails("PYFE_UNSUPPORTED", "vouched_by"):
            c.decrypt_sums(loaded, batch, 4)
        with fails("PYFE_PARAMETER", "pyfe_decrypt_sums"):
            c.decrypt(loaded, batch)


# -- time, threads, cancellation --------------------------------------------------------------------------------


def test_a_key_ends(c: Library) -> None:
    one = authority("ipfe-ddh-ristretto255")
    end = int(time.time()) + 1000
    issued = one.issue(function("ipfe-ddh-ristretto255"), purpose="short", not_after=end)
    key = c.function_key(issued.to_bytes(), c.public_key(one.public_key.to_bytes()))
    batch = c.batch(one.public_key.encrypt(TABLE).to_bytes())
    assert c.c.pyfe_function_key_not_after(key) == end
    for now in (-1, 0, end):
        assert len(c.decrypt(key, batch, now).scores) == 7
    with fails("PYFE_KEY_EXPIRED", str(end)):
        c.decrypt(key, batch, end + 1)


def test_a_cancelled_call_ends(c: Library) -> None:
    public = c.public_key(authority("qfe-ggm-bls12381").public_key.to_bytes())
    x = np.tile(coordinates("qfe-ggm-bls12381")[:1], (200_000, 1))  # minutes
    call = c.call()
    timer = threading.Timer(0.3, lambda: c.c.pyfe_cancel(call))
    timer.start()
    with fails("PYFE_CANCELLED"):
        c.encrypt(public, x, call=call)
    timer.join()
    started = time.perf_counter()
    with fails("PYFE_CANCELLED"):
        c.encrypt(public, x[:1], call=call)  # still
    assert time.perf_counter() - started < 1
    call.cancelled = 0
    assert c.encrypt(public, x[:1], call=call)


def test_eight_threads_share_all_objects(c: Library) -> None:
    scheme = "ipfe-ddh-ristretto255"
    public = c.public_key(authority(scheme).public_key.to_bytes())
    key = c.function_key(function_key(scheme).to_bytes(), public)
    expected = function(scheme).evaluate(TABLE).tolist()
    wrong: list[Any] = []

    def work() -> None:
        for _ in range(10):
            scores = c.decrypt(key, c.batch(c.encrypt(public, coordinates(scheme)))).scores.tolist()
            if scores != expected:
                wrong.append(scores)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_threads_are_set_for_the_process(c: Library) -> None:
    count = c.ffi.new("uint32_t *")
    c.run("pyfe_threads", count)
    before = count[0]
    c.run("pyfe_set_threads", 3)
    c.run("pyfe_threads", count)
    assert count[0] == 3
    with fails("PYFE_PARAMETER", "1 to 1024"):
        c.run("pyfe_set_threads", 0)
    c.run("pyfe_set_threads", before)


# -- the library, and what callers get wrong --------------------------------------------------------------------


def test_versions_and_names(c: Library) -> None:
    assert c.ffi.string(c.c.pyfe_version()).decode() == pyfe.__version__
    assert c.c.pyfe_abi() == 1 << 16
    assert [c.ffi.string(c.c.pyfe_status_name(at)).decode() for at in range(len(STATUSES))] == STATUSES
    for at in (-1, len(STATUSES)):
        assert c.ffi.string(c.c.pyfe_status_name(at)) == b"unknown"
    assert c.ffi.sizeof("pyfe_call") == 1024
    name = c.ffi.new("char **")
    c.run("pyfe_backend", name)
    assert c.ffi.string(name[0]).decode() in ("ifma", "portable")


def test_null_is_a_parameter_error_and_a_call_is_not_needed(c: Library) -> None:
    null = c.ffi.NULL
    one = authority("ipfe-ddh-ristretto255").public_key.to_bytes()
    out = c.ffi.new("pyfe_public_key **")
    with fails("PYFE_PARAMETER", "data: must not be NULL"):
        c.run("pyfe_public_key_load", null, 5, null, out)
    with fails("PYFE_PARAMETER", "key: must not be NULL"):
        c.run("pyfe_public_key_load", one, len(one), null, null)
    assert STATUSES[c.c.pyfe_public_key_load(one, 3, null, out, null)] == "PYFE_DECODE"
    assert out[0] == null
    for free in (c.c.pyfe_public_key_free, c.c.pyfe_batch_free, c.c.pyfe_function_key_free):
        free(null)
    c.c.pyfe_cancel(null)
    arguments = {
        "pyfe_decrypt": (null, null, -1, null, null, 0),
        "pyfe_decrypt_sums": (null, null, 1, -1, null, 0),
        "pyfe_encrypt": (null, null, 1, 1, null, null, 0, null),
        "pyfe_encrypted_size": (null, 1, 0, null),
        "pyfe_batch_load": (one, len(one), null, null),
        "pyfe_function_key_load": (one, len(one), null, null),
        "pyfe_function_key_prepare": (null,),
        "pyfe_function_key_silence": (null, null),
        "pyfe_function_key_release": (null, null),
        "pyfe_function_key_class": (null, 0, null, 0, null, null),
        "pyfe_threads": (null,),
        "pyfe_backend": (null,),
        "pyfe_verify_signature": (null, null, 0, null),
    }
    for name, given in arguments.items():
        with fails("PYFE_PARAMETER", "must not be NULL"):
            c.run(name, *given)


def test_messages_end_where_they_did_not(c: Library) -> None:
    call = c.call()
    c.ffi.memmove(call.message, b"\xff" * 1016, 1016)
    with fails("PYFE_DECODE", "magic"):
        c.run("pyfe_batch_load", b"x", 1, c.ffi.NULL, c.ffi.new("pyfe_batch **"), call=call)


def test_a_message_that_is_no_text_is_shown_as_question_marks(c: Library) -> None:
    """In a process of its own: the environment is read once."""
    code = "from tests.capi import *; library().run('pyfe_threads', library().ffi.new('uint32_t *'))"
    environment = {**os.environb, b"PYFE_NUM_THREADS": b"two\xff\n", b"PYFE_LIBRARY": str(built()).encode()}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True)
    assert b"PYFE_PARAMETER: PYFE_NUM_THREADS: 'two??' is not" in done.stderr
