"""Identities and their secrets: one encoding, one owner; what is sealed opens for its recipient only."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from pyfe import DecodeError, IdentityError, KeyMismatchError, ParameterError, SignatureError
from pyfe.cli.commands import run
from pyfe.identity import ED25519, X25519, Identity, IdentitySecret, SealedKey, sealed_identity
from pyfe.objects import decode
from pyfe.wire import cbor, sealing
from pyfe.wire.envelope import NO_ID, NO_SCHEME, Envelope, Kind, pack, signed_part, unpack
from pyfe.wire.signature import SigningKey, require_key
from tests.unit import people

PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LOG_COST", 10)


def resigned(signing_key: SigningKey, keys: list[Any], name: Any = "ada", **rest: Any) -> bytes:
    """An identity's file that states anything, signed."""
    unsigned = pack(
        Envelope(Kind.IDENTITY, NO_SCHEME, NO_ID, NO_ID, b"", {"keys": keys, "name": name, **rest}, bytes(64))
    )
    return signed_part(unsigned) + signing_key.sign(signed_part(unsigned))


# -- the public half --


def test_an_identity_comes_back_and_keeps_what_it_does_not_know() -> None:
    other = [("passkey-es256", b"\x04" + bytes(64)), ("passkey-es256", b"\x05" + bytes(64))]
    identity = IdentitySecret.generate("Dr Ada, 2nd floor", others=other).identity
    again = Identity.from_bytes(identity.to_bytes())
    assert again == identity and decode(identity.to_bytes()) == identity
    assert [kind for kind, _ in again.keys] == ["ed25519", "passkey-es256", "passkey-es256", "x25519"]
    assert dict(again.keys)[X25519] == again.x25519 and dict(again.keys)[ED25519] == again.ed25519
    assert pickle.loads(pickle.dumps(identity)) == identity and copy.copy(identity) is identity
    assert identity.info()["name"] == "Dr Ada, 2nd floor"


def test_the_fingerprint_pins_every_key() -> None:
    identity = people.secret("ada").identity
    for same in (identity.fingerprint, identity.fingerprint.upper().replace("-", " ")):
        assert Identity.from_bytes(identity.to_bytes(), fingerprint=same) == identity
    with pytest.raises(KeyMismatchError, match="pinned"):
        Identity.from_bytes(identity.to_bytes(), fingerprint=people.secret("ben").identity.fingerprint)
    more = Identity.signed("ada", [("x25519", bytes([9] + 31 * [0]))], SigningKey.generate())
    assert more.fingerprint != identity.fingerprint and len({p.identity.id for p in map(people.secret, "abc")}) == 3


def test_one_without_a_key_to_receive() -> None:
    secret = IdentitySecret.generate("log reader", receives=False)
    assert secret.identity.x25519 is None and len(secret.identity.keys) == 1
    with pytest.raises(ParameterError, match="no X25519 key"):
        SealedKey.of(b"k", secret.identity, authority=people.AUTHORITY, number=1)
    with pytest.raises(IdentityError, match="nothing is sealed"):
        secret.open(SealedKey.of(b"k", people.secret("ben").identity, authority=people.AUTHORITY, number=1))


SIGNING = SigningKey.generate()
OWN = ["ed25519", SIGNING.public]
BAD_FILES: dict[str, tuple[list[Any], Any, dict[str, Any]]] = {
    "no keys": ([], "ada", {}),
    "no Ed25519 key": ([["x25519", bytes(32)]], "ada", {}),
    "two Ed25519 keys": (sorted([OWN, ["ed25519", SigningKey.generate().public]]), "ada", {}),
    "two X25519 keys": ([OWN, ["x25519", bytes(32)], ["x25519", b"\1" * 32]], "ada", {}),
    "a key twice": ([OWN, ["a", b"1"], ["a", b"1"]], "ada", {}),
    "another order": ([OWN, ["a", b"1"]], "ada", {}),
    "a short X25519 key": ([OWN, ["x25519", bytes(31)]], "ada", {}),
    "an empty key": ([OWN, ["p", b""]], "ada", {}),
    "a huge key": ([OWN, ["p", bytes(4097)]], "ada", {}),
    "too many keys": ([OWN, *(["p", bytes([i])] for i in range(16))], "ada", {}),
    "a kind in capitals": ([["A", b"1"], OWN], "ada", {}),
    "a kind of 33 letters": ([OWN, ["p" * 33, b"1"]], "ada", {}),
    "a pair of three": ([[*OWN, b""]], "ada", {}),
    "no pair": ([OWN, "p"], "ada", {}),
    "a map": ([{"ed25519": SIGNING.public}], "ada", {}),
    "no name": ([OWN], "", {}),
    "a name of another type": ([OWN], 7, {}),
    "a long name": ([OWN], "a" * 501, {}),
    "a further field": ([OWN], "ada", {"more": 1}),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_is_no_identity(name: str) -> None:
    keys, called, rest = BAD_FILES[name]
    assert Identity.from_bytes(resigned(SIGNING, [OWN]))
    with pytest.raises(DecodeError):
        Identity.from_bytes(resigned(SIGNING, keys, called, **rest))


def test_an_identity_is_signed_by_itself() -> None:
    with pytest.raises(SignatureError):
        Identity.from_bytes(resigned(SigningKey.generate(), [OWN]))
    unsigned = pack(Envelope(Kind.IDENTITY, NO_SCHEME, NO_ID, NO_ID, b"", {"keys": [OWN], "name": "ada"}))
    with pytest.raises(DecodeError, match="not signed"):
        Identity.from_bytes(unsigned)


def doubled(point: tuple[int, int]) -> tuple[int, int]:
    """Twice a point of edwards25519 (RFC 8032, 5.1)."""
    p = 2**255 - 19
    x, y = point
    k = -121665 * pow(121666, -1, p) * x * x * y * y
    return 2 * x * y * pow(1 + k, -1, p) % p, (y * y + x * x) * pow(1 - k, -1, p) % p


def point_of(key: bytes) -> tuple[int, int]:
    p = 2**255 - 19
    y = int.from_bytes(key, "little") & (2**255 - 1)
    square = (y * y - 1) * pow(-121665 * pow(121666, -1, p) * y * y + 1, -1, p) % p
    x = pow(square, (p + 3) // 8, p)
    x = x if x * x % p == square else x * pow(2, (p - 1) // 4, p) % p
    assert x * x % p == square
    return x, y % p


def test_keys_under_which_anybody_signs() -> None:
    """Every point of order 1, 2, 4 and 8, as found by doubling; and encodings that are not the canonical one."""
    p = 2**255 - 19
    eighth = 2707385501144840649318225287225658788936804267575313519463743609750303402022
    small = [0, 1, p - 1, eighth, p - eighth]
    for y in small:
        point = point_of(y.to_bytes(32, "little"))
        assert doubled(doubled(doubled(point))) == (0, 1)
    for y in [*small, p, p + 1, 2**255 - 1]:
        for sign in (0, 2**255):
            with pytest.raises(ParameterError, match="small order"):
                require_key((y + sign).to_bytes(32, "little"), "it")
    for data in (b"", bytes(31), bytes(33)):
        with pytest.raises(ParameterError):
            require_key(data, "it")
    for _ in range(20):
        require_key(SigningKey.generate().public, "it")


# -- the secret half --


def test_a_secret_is_sealed_and_opened() -> None:
    for receives in (True, False):
        secret = IdentitySecret.generate("ada", receives=receives)
        data = secret.sealed(PASSPHRASE)
        again = IdentitySecret.unsealed(data, PASSPHRASE)
        assert again.identity == secret.identity == sealed_identity(data)
        assert again.sign(b"m") == secret.sign(b"m")
        assert secret.sealed(PASSPHRASE) != data
    sealed = SealedKey.of(b"bytes of a key", people.secret("ada").identity, authority=people.AUTHORITY, number=1)
    opened = IdentitySecret.unsealed(people.secret("ada").sealed(PASSPHRASE), PASSPHRASE)
    assert opened.open(sealed) == b"bytes of a key"


def test_a_sealed_file_costs_a_derivation_and_takes_no_other_passphrase() -> None:
    data = people.secret("ada").sealed(PASSPHRASE)
    with pytest.raises(IdentityError, match="passphrase is wrong"):
        IdentitySecret.unsealed(data, PASSPHRASE + "x")
    with pytest.raises(ParameterError, match="8 characters"):
        people.secret("ada").sealed("short")
    with pytest.raises(DecodeError, match=r"IdentitySecret\.unsealed"):
        decode(data)
    with pytest.raises(DecodeError):
        IdentitySecret.unsealed(people.secret("ada").identity.to_bytes(), PASSPHRASE)


def test_a_file_that_opens_with_other_secrets() -> None:
    """Somebody who knows the passphrase states another identity, or seals too little."""
    key = sealing.SealingKey.fresh(PASSPHRASE)
    ada, ben = people.secret("ada"), people.secret("ben")
    for identity, plain in (
        (ben.identity, ada._signing_key.seed() + bytes(ada._box.view())),  # type: ignore[union-attr]
        (ada.identity, ada._signing_key.seed() + bytes(32)),
        (ada.identity, ada._signing_key.seed()),
        (ada.identity, bytes(96)),
    ):
        metadata = {**key.description, "identity": identity.to_bytes()}
        header = pack(Envelope(Kind.SEALED_IDENTITY, NO_SCHEME, NO_ID, NO_ID, b"", metadata))
        payload = bytes(12) + key.encrypt(bytes(12), plain, header)
        data = pack(Envelope(Kind.SEALED_IDENTITY, NO_SCHEME, NO_ID, NO_ID, payload, metadata))
        with pytest.raises(IdentityError, match=r"not those of|does not hold"):
            IdentitySecret.unsealed(data, PASSPHRASE)


def test_other_algorithms_and_costs_are_refused_before_they_cost() -> None:
    envelope = unpack(people.secret("ada").sealed(PASSPHRASE))
    for change in ({"log_cost": 18}, {"log_cost": 9}, {"kdf": "pbkdf2"}, {"aead": "none"}, {"salt": b""}, {"more": 1}):
        metadata = {**envelope.metadata, **change}
        data = pack(Envelope(Kind.SEALED_IDENTITY, NO_SCHEME, NO_ID, NO_ID, bytes(envelope.payload), metadata))
        with pytest.raises(DecodeError):
            IdentitySecret.unsealed(data, PASSPHRASE)
    bent = Envelope(Kind.SEALED_IDENTITY, 1, NO_ID, NO_ID, bytes(envelope.payload), envelope.metadata)
    with pytest.raises(DecodeError, match="no scheme"):
        IdentitySecret.unsealed(pack(bent), PASSPHRASE)
    for size in (0, 5, 12, 28):
        cut = Envelope(Kind.SEALED_IDENTITY, NO_SCHEME, NO_ID, NO_ID, bytes(envelope.payload)[:size], envelope.metadata)
        with pytest.raises(IdentityError):
            IdentitySecret.unsealed(pack(cut), PASSPHRASE)


def test_a_secret_shows_nothing() -> None:
    secret = people.secret("ada")
    seed, box = secret._signing_key.seed(), bytes(secret._box.view())  # type: ignore[union-attr]
    shown = repr(secret) + str(secret) + repr(secret.identity) + str(secret.identity.info())
    assert seed.hex() not in shown and box.hex() not in shown and secret.identity.fingerprint[:9] in repr(secret)
    assert not hasattr(secret, "__dict__")
    for of in (seed, box):
        assert of not in secret.sealed(PASSPHRASE)


# -- sealed keys --


def labeled(label: bytes, *parts: bytes, suite: bytes) -> bytes:
    return b"HPKE-v1" + suite + label + b"".join(parts)


def expand(secret: bytes, label: bytes, info: bytes, size: int, suite: bytes) -> bytes:
    """LabeledExpand of at most one block."""
    out = size.to_bytes(2, "big") + labeled(label, info, suite=suite)
    return hmac.digest(secret, out + b"\x01", "sha256")[:size]


def schedule(shared: bytes, encapsulated: bytes, public: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Key and nonce of RFC 9180 in base mode for DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305."""
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x03"
    secret = hmac.digest(b"", labeled(b"eae_prk", shared, suite=kem), "sha256")
    secret = expand(secret, b"shared_secret", encapsulated + public, 32, kem)
    psk = hmac.digest(b"", labeled(b"psk_id_hash", suite=suite), "sha256")
    hashed = hmac.digest(b"", labeled(b"info_hash", info, suite=suite), "sha256")
    context = b"\x00" + psk + hashed
    prk = hmac.digest(secret, labeled(b"secret", suite=suite), "sha256")
    return expand(prk, b"key", context, 32, suite), expand(prk, b"base_nonce", context, 12, suite)


def test_the_twin_of_hpke_is_that_of_the_standard() -> None:
    """RFC 9180, appendix A.2.1."""
    private = X25519PrivateKey.from_private_bytes(
        bytes.fromhex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb")
    )
    enc = bytes.fromhex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a")
    shared = private.exchange(X25519PublicKey.from_public_bytes(enc))
    info = bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
    key, nonce = schedule(shared, enc, private.public_key().public_bytes_raw(), info)
    assert key.hex() == "ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91"
    assert nonce.hex() == "5c4d98150661b848853b547f"


def test_a_sealed_key_is_hpke_over_all_that_it_states() -> None:
    secret = people.secret("ben")
    sealed = SealedKey.of(b"bytes of a key", secret.identity, authority=people.AUTHORITY, number=7)
    private = X25519PrivateKey.from_private_bytes(bytes(secret._box.view()))  # type: ignore[union-attr]
    stated = {"authority": people.AUTHORITY, "number": 7, "recipient": secret.identity.x25519}
    info = b"PYFE-V1-sealed-key" + pack(Envelope(Kind.SEALED_KEY, NO_SCHEME, NO_ID, NO_ID, b"", stated))
    enc, text = sealed.sealed[:32], sealed.sealed[32:]
    shared = private.exchange(X25519PublicKey.from_public_bytes(enc))
    key, nonce = schedule(shared, enc, sealed.recipient, info)
    assert ChaCha20Poly1305(key).decrypt(nonce, text, b"") == b"bytes of a key"


def test_a_sealed_key_opens_for_its_recipient_only() -> None:
    sealed = SealedKey.of(b"bytes of a key", people.secret("ben").identity, authority=people.AUTHORITY, number=7)
    again = SealedKey.from_bytes(sealed.to_bytes())
    assert again == sealed == decode(sealed.to_bytes())
    assert people.secret("ben").open(again) == people.secret("ben").open(sealed.to_bytes()) == b"bytes of a key"
    with pytest.raises(IdentityError, match="another recipient"):
        people.secret("ada").open(sealed)
    stolen = SealedKey(sealed.authority, 7, people.secret("ada").identity.x25519 or b"", sealed.sealed)
    with pytest.raises(IdentityError, match="changed"):
        people.secret("ada").open(stolen)
    for other in (
        SealedKey(bytes(16), 7, sealed.recipient, sealed.sealed),
        SealedKey(sealed.authority, 8, sealed.recipient, sealed.sealed),
        SealedKey(sealed.authority, 7, sealed.recipient, bytes(32) + sealed.sealed[32:]),
    ):
        with pytest.raises(IdentityError, match="changed"):
            people.secret("ben").open(other)
    twice = {SealedKey.of(b"k", people.secret("ben").identity, authority=bytes(16), number=1) for _ in range(3)}
    assert len(twice) == 3 and b"bytes of a key" not in sealed.to_bytes()


def test_what_cannot_be_sealed() -> None:
    ben = people.secret("ben").identity
    for key, authority, number in ((b"", bytes(16), 1), (b"k", bytes(15), 1), (b"k", bytes(16), 0)):
        with pytest.raises(ParameterError, match="says by whom"):
            SealedKey.of(key, ben, authority=authority, number=number)
    of_all = Identity.signed("of all", [("x25519", bytes(32))], SigningKey.generate())
    with pytest.raises(ParameterError, match="small order"):
        SealedKey.of(b"k", of_all, authority=bytes(16), number=1)


def test_what_is_no_sealed_key() -> None:
    sealed = SealedKey.of(b"k", people.secret("ben").identity, authority=people.AUTHORITY, number=7)
    metadata = cbor.loads(cbor.dumps({"authority": sealed.authority, "number": 7, "recipient": sealed.recipient}), "m")
    good = Envelope(Kind.SEALED_KEY, NO_SCHEME, NO_ID, NO_ID, sealed.sealed, metadata)
    assert SealedKey.from_bytes(pack(good)) == sealed
    for change in ({"authority": bytes(15)}, {"number": 0}, {"number": True}, {"recipient": bytes(33)}, {"more": 1}):
        with pytest.raises(DecodeError):
            SealedKey.from_bytes(
                pack(Envelope(Kind.SEALED_KEY, NO_SCHEME, NO_ID, NO_ID, sealed.sealed, {**metadata, **change}))
            )
    for bent in (
        Envelope(Kind.SEALED_KEY, 1, NO_ID, NO_ID, sealed.sealed, metadata),
        Envelope(Kind.SEALED_KEY, NO_SCHEME, NO_ID, b"\1" * 32, sealed.sealed, metadata),
        Envelope(Kind.SEALED_KEY, NO_SCHEME, NO_ID, NO_ID, sealed.sealed[:48], metadata),
        Envelope(Kind.SEALED_KEY, NO_SCHEME, NO_ID, NO_ID, sealed.sealed, metadata, bytes(64)),
    ):
        with pytest.raises(DecodeError, match="one encoding"):
            SealedKey.from_bytes(pack(bent))


def test_the_command_line_says_what_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ada, ben = people.secret("ada"), people.secret("ben")
    asked = people.request(conditions=("deleted afterwards",))
    files = {
        "identity": ada.identity.to_bytes(),
        "sealed identity": ada.sealed(PASSPHRASE),
        "request": asked.to_bytes(),
        "approval": people.approval("ben", asked).to_bytes(),
        "sealed key": SealedKey.of(b"k", ben.identity, authority=people.AUTHORITY, number=7).to_bytes(),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        assert run(["info", str(tmp_path / name), "--json"]) == 0
        (told,) = json.loads(capsys.readouterr().out).values()
        assert told["object"] == name
        assert run(["info", str(tmp_path / name)]) == 0
        assert name in capsys.readouterr().out


def test_they_show_themselves_shortly() -> None:
    sealed = SealedKey.of(b"k", people.secret("ben").identity, authority=people.AUTHORITY, number=7)
    assert repr(sealed).startswith("SealedKey(#7 of 00010203") and len(repr(sealed)) < 80


def test_ids_are_hashes_of_what_is_signed() -> None:
    identity = people.secret("ada").identity
    tag = b"PYFE-V1-identity"
    signed = identity.to_bytes()[:-64]
    assert identity.id == hashlib.sha256(len(tag).to_bytes(4, "little") + tag + signed).digest()
    assert identity.fingerprint.replace("-", "") == identity.id.hex()


def test_a_further_key_is_a_pair_of_kind_and_bytes() -> None:
    for wrong in (("p",), ("p", b"1", b"2"), ["p", b"1"], ("p", "1"), (b"p", b"1"), "p1", None):
        with pytest.raises(ParameterError, match="a public key is a pair of its kind, a text, and its bytes"):
            Identity.signed("ada", [wrong], SIGNING)  # type: ignore[list-item]
    longest = [("p" * 32, bytes(4096))]
    assert Identity.signed("ada", longest, SIGNING).keys[-1] == longest[0]
    most = [("p", bytes([at])) for at in range(15)]
    assert len(Identity.signed("ada", most, SIGNING).keys) == 16
    for beyond in ([*most, ("p", b"\xff")], [("p" * 33, b"1")], [("p", bytes(4097))], [("p", b"")]):
        with pytest.raises(ParameterError):
            Identity.signed("ada", beyond, SIGNING)
    with pytest.raises(ParameterError, match="the signing key of an identity must be SigningKey"):
        Identity.signed("ada", [], SIGNING.public)  # type: ignore[arg-type]


def test_a_secret_is_neither_pickled_nor_copied() -> None:
    ada = people.secret("ada")
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="an identity's secret is never pickled and never copied"):
            take(ada)
    assert repr(ada) == f"IdentitySecret({ada.identity!r})"
    with pytest.raises(ParameterError, match="a message must be"):
        ada.sign("text")  # type: ignore[arg-type]
