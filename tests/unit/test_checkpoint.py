"""Signed heads: published notes, and texts that are nearly one."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest

from pyfe import DecodeError, KeyMismatchError, ParameterError, PyfeError, SignatureError
from pyfe.audit import Checkpoint, authority_id, origin_of
from pyfe.audit.checkpoint import MAX_LOG_SIZE, ORIGIN_PREFIX
from pyfe.audit.note import MAX_NOTE_SIZE, opened_note, parts_of_note, signed_note
from pyfe.authority.secrets import _DECISIONS
from pyfe.wire.envelope import Kind, pack_metadata
from pyfe.wire.signature import SigningKey

PUBLISHED = json.loads((Path(__file__).parents[1] / "vectors" / "signed_note.json").read_text())["notes"]
KEY = SigningKey.from_seed(bytes(range(32)))
ROOT = hashlib.sha256(b"root").digest()
HEAD = Checkpoint.of(KEY.public, 1234, ROOT)
TEXT = HEAD.signed(KEY)
ORIGIN, SIZE, ROOT_LINE, EMPTY, SIGNED, END = TEXT.split("\n")


def noted(body: str) -> str:
    """Any text, rightly signed by the authority: only the text is wrong."""
    return signed_note(body, ORIGIN, KEY)


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: case["name"])
def test_published_notes_open(case: dict[str, Any]) -> None:
    key, name = bytes.fromhex(case["verification_key"]), case["name"]
    note = f"{case['text']}\n— {name} {case['signature']}\n"
    assert opened_note(note, name, key, "note") == opened_note(note.encode(), name, key, "note") == case["text"]
    changed = note.replace(case["text"], case["text"].replace("e", "f", 1))
    with pytest.raises(SignatureError, match="note: the signature"):
        opened_note(changed, name, key, "note")
    with pytest.raises(KeyMismatchError, match=f"signed by '{name}', and this is the key of 'another'"):
        opened_note(note, "another", key, "note")
    with pytest.raises(KeyMismatchError):
        opened_note(note, name, KEY.public, "note")


def test_a_published_head_says_the_size_of_its_log() -> None:
    """Go's checksum database signs heads in this format; its log has another kind of name than an authority's."""
    text = PUBLISHED[-1]["text"]
    head = Checkpoint.of(KEY.public, 20852163, base64.b64decode(text.split("\n")[2]))
    assert head.text == text.replace("go.sum database tree", ORIGIN)


def test_a_head_is_what_the_format_says() -> None:
    assert "pyfe/authority/" + hashlib.sha256(KEY.public).hexdigest()[:32] == ORIGIN
    assert SIZE == "1234" and EMPTY == END == ""
    assert base64.b64decode(ROOT_LINE) == ROOT
    dash, name, encoded = SIGNED.split(" ")
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + KEY.public).digest()[:4]
    assert (dash, name) == ("\u2014", ORIGIN)
    assert base64.b64decode(encoded) == key_id + KEY.sign(f"{ORIGIN}\n1234\n{ROOT_LINE}\n".encode())
    assert origin_of(KEY.public) == ORIGIN and authority_id(KEY.public).hex() == ORIGIN[-32:]


def test_nothing_else_that_an_authority_signs_begins_like_a_head() -> None:
    envelope = pack_metadata(Kind.SCHEMA, {})
    for other in (envelope, _DECISIONS):
        assert not other.startswith(ORIGIN_PREFIX.encode()) and not ORIGIN_PREFIX.encode().startswith(other[:5])


@pytest.mark.parametrize("size", [0, 1, 9, 10, 10**14, MAX_LOG_SIZE])
def test_what_is_signed_opens(size: int) -> None:
    head = Checkpoint.of(KEY.public, size, ROOT)
    text = head.signed(KEY)
    assert Checkpoint.opened(text, KEY.public) == Checkpoint.opened(text.encode(), KEY.public) == head
    assert Checkpoint.stated(text) == head
    assert Checkpoint.opened(text, KEY.public).signed(KEY) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        TEXT + "\n",
        TEXT + " ",
        TEXT + SIGNED + "\n",  # a second signature
        TEXT[:-1],
        " " + TEXT,
        "\ufeff" + TEXT,
        "\n" + TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        TEXT.replace("\n\n", "\n"),
        TEXT.replace("\n\n", "\n\n\n"),
        TEXT.replace("\u2014", "-"),
        TEXT.replace("\u2014", "--"),
        TEXT.replace("\u2014 ", "\u2014  "),
        TEXT.replace("\u2014 ", "\u2014\u00a0"),
        TEXT.replace(SIGNED[-8:], SIGNED[-8:].rstrip("=")),
        TEXT.replace(SIGNED[-8:], SIGNED[-8:] + "="),
        TEXT.replace(SIGNED[-8:], SIGNED[-8:-1] + "A"),
        TEXT.replace(SIGNED[-8:], " " + SIGNED[-8:]),
        TEXT.replace(SIGNED[-92:], SIGNED[-92:].replace("+", "-").replace("/", "_")),
        TEXT.replace(f"\u2014 {ORIGIN}", f"\u2014 {ORIGIN}+"),
        TEXT[: len(TEXT) // 2],
        TEXT.replace("1234", "12\x0034"),
        TEXT.replace("1234", "12\ud80034"),
        "\n".join(f"\u2014 {ORIGIN} {'A' * 91}=" for _ in range(10)),
    ],
)
def test_a_text_that_is_not_exactly_a_note_is_refused(text: str) -> None:
    assert text != TEXT
    with pytest.raises(DecodeError, match="checkpoint: "):
        Checkpoint.opened(text, KEY.public)


def test_base64_has_one_form() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for line, shift, what in ((SIGNED, 2, "signature"), (ROOT_LINE, 2, "root")):
        last = alphabet.index(line[-2])
        other = line[:-2] + alphabet[last ^ 1] + "="
        assert last % (1 << shift) == 0 and other != line
        wrong = TEXT.replace(line, other) if what == "signature" else noted(f"{ORIGIN}\n1234\n{other}\n")
        with pytest.raises(DecodeError, match=f"its {what} is not in the one form"):
            Checkpoint.opened(wrong, KEY.public)


@pytest.mark.parametrize(
    "body",
    [
        f"{ORIGIN}\n01234\n{ROOT_LINE}\n",
        f"{ORIGIN}\n+1234\n{ROOT_LINE}\n",
        f"{ORIGIN}\n-1\n{ROOT_LINE}\n",
        f"{ORIGIN}\n00\n{ROOT_LINE}\n",
        f"{ORIGIN}\n 1234\n{ROOT_LINE}\n",
        f"{ORIGIN}\n1_234\n{ROOT_LINE}\n",
        f"{ORIGIN}\n1e3\n{ROOT_LINE}\n",
        f"{ORIGIN}\n0x10\n{ROOT_LINE}\n",
        f"{ORIGIN}\n\u0661\u0662\n{ROOT_LINE}\n",
        f"{ORIGIN}\n\n{ROOT_LINE}\n",
        f"{ORIGIN}\n{MAX_LOG_SIZE + 1}\n{ROOT_LINE}\n",
        f"{ORIGIN}\n{10**15}\n{ROOT_LINE}\n",
        f"{ORIGIN}\n{'9' * 2000}\n{ROOT_LINE}\n",
        f"{ORIGIN}\n1234\n",
        f"{ORIGIN}\n1234\n\n",
        f"{ORIGIN}\n1234\n{ROOT_LINE}\nan extension\n",
        f"{ORIGIN}\n1234\n{ROOT_LINE}\n\n",
        f"\n{ORIGIN}\n1234\n{ROOT_LINE}\n",
        f"{ORIGIN}\n1234\n{ROOT.hex()}\n",
        f"{ORIGIN}\n1234\n{ROOT_LINE.rstrip('=')}\n",
        f"{ORIGIN}\n1234\n{base64.b64encode(ROOT + b'x').decode()}\n",
        f"{ORIGIN}\n1234\n{base64.b64encode(ROOT[:-1]).decode()}\n",
        f"{ORIGIN}\n1234\n{ROOT_LINE} \n",
        f"{ORIGIN.upper()}\n1234\n{ROOT_LINE}\n",
        f"{ORIGIN} \n1234\n{ROOT_LINE}\n",
        f"pyfe/authority/{'0' * 32}\n1234\n{ROOT_LINE}\n",
        f"{ORIGIN}0\n1234\n{ROOT_LINE}\n",
    ],
)
def test_a_signed_text_that_is_not_exactly_a_head_is_refused(body: str) -> None:
    with pytest.raises(DecodeError, match="checkpoint: "):
        Checkpoint.opened(noted(body), KEY.public)


def test_a_name_that_is_no_authoritys_is_refused() -> None:
    for name in ("example.com/log", "pyfe/authority/abc", ORIGIN.upper()):
        with pytest.raises(DecodeError, match="not the three lines"):
            Checkpoint.stated(signed_note(f"{name}\n1\n{ROOT_LINE}\n", name, KEY))


@pytest.mark.parametrize(
    "text", [None, 5, bytearray(TEXT.encode()), [TEXT], TEXT.encode("utf-16"), b"\xff" + TEXT.encode()]
)
def test_what_is_no_text_is_refused(text: Any) -> None:
    with pytest.raises(DecodeError, match="checkpoint: "):
        Checkpoint.opened(text, KEY.public)


def test_every_flipped_bit_of_a_head_is_noticed() -> None:
    data = TEXT.encode()
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((DecodeError, KeyMismatchError)):  # a SignatureError is one
            Checkpoint.opened(bytes(changed), KEY.public)


def test_a_head_of_another_authority_is_refused() -> None:
    other = SigningKey.from_seed(bytes(32))
    with pytest.raises(KeyMismatchError, match=f"of {ORIGIN}, not of {origin_of(other.public)}"):
        Checkpoint.opened(TEXT, other.public)
    with pytest.raises(ParameterError, match="is not signed by"):
        HEAD.signed(other)
    forged = signed_note(HEAD.text, ORIGIN, other)
    with pytest.raises(KeyMismatchError, match="this is the key of"):  # the key id in its signature is another's
        Checkpoint.opened(forged, KEY.public)
    real_id = parts_of_note(TEXT, "note")[2][:4]
    stolen = base64.b64encode(real_id + other.sign(HEAD.text.encode())).decode()
    with pytest.raises(SignatureError, match="checkpoint: the signature is not valid"):
        Checkpoint.opened(f"{HEAD.text}\n\u2014 {ORIGIN} {stolen}\n", KEY.public)


@pytest.mark.parametrize("start", ["\n", "a\n", "\n\n\u2014 a ", "\u2014 ", "A" * 91, " "])
def test_a_long_text_is_refused_at_once(start: str) -> None:
    begin = time.process_time()
    for length in (MAX_NOTE_SIZE, 2**24):
        with pytest.raises(DecodeError):
            Checkpoint.opened(start * (length // len(start)), KEY.public)
    assert time.process_time() - begin < 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Checkpoint("example.com/log", 1, ROOT), "a log's name is pyfe/authority/ and 32 hex digits"),
        (lambda: Checkpoint(ORIGIN + "\n5", 1, ROOT), "a log's name"),
        (lambda: Checkpoint(ORIGIN, -1, ROOT), "0 to 281474976710656 entries, not -1"),
        (lambda: Checkpoint(ORIGIN, MAX_LOG_SIZE + 1, ROOT), "not 281474976710657"),
        (lambda: Checkpoint(ORIGIN, 1, ROOT[:-1]), "root has 32 bytes, not 31"),
        (lambda: Checkpoint.of(b"short", 1, ROOT), "a verification key is 32 bytes"),
        (lambda: Checkpoint.opened(TEXT, "key"), "a verification key is 32 bytes"),  # type: ignore[arg-type]
    ],
)
def test_a_head_that_cannot_be_is_refused(make: Any, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        make()


def test_errors_show_nothing_that_does_not_print() -> None:
    name = "\x7f\u202eevil" * 40
    with pytest.raises(PyfeError) as refused:
        opened_note(signed_note("text\n", name, KEY), "good", KEY.public, "note")
    assert "\u202e" not in str(refused.value) and len(str(refused.value)) < 600
