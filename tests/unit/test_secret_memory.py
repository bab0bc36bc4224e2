"""Secrets do not stay in a process's memory: master scalars, signing seed, sealing key, encryption randomness."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pyfe import KeyAuthority, ParameterError, _core
from pyfe.identity import IdentitySecret
from pyfe.wire.envelope import unpack
from pyfe.wire.sealing import SealingKey
from tests.unit import memory_scan
from tests.unit.objects import PASSPHRASE, secrets_of

ORDER = {
    "ipfe-ddh": 2**252 + 27742317777372353535851937790883648493,
    "qfe": 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001,
}
SCHEMES = ["ipfe-ddh", "qfe-ggm", "qfe-sxdh"]


def master_needles(path: Path, scheme: str) -> dict[str, bytes]:
    """Every scalar of the master key, the PRF key, the signing seed and the sealing key, from this process."""
    authority = KeyAuthority.open(path, passphrase=PASSPHRASE)
    data = secrets_of(authority).master.to_bytes()
    masks = {"ipfe-ddh": 2 * memory_scan.N, "qfe-ggm": memory_scan.N + 2, "qfe-sxdh": 3 * (memory_scan.N + 1) + 1}
    tail = data[-32 * masks[scheme] :]
    scalars = {f"scalar {i}": tail[32 * i : 32 * i + 32] for i in range(masks[scheme])}
    return scalars | {
        "seed": secrets_of(authority).signing_key.seed(),
        "sealing": bytes(authority._engine._vault._key.key),  # type: ignore[union-attr]
    }


def person_needles(path: Path) -> dict[str, bytes]:
    """The seed, the X25519 key and the sealing key of a person's file, from this process."""
    data = path.read_bytes()
    person = IdentitySecret.unsealed(data, PASSPHRASE)
    metadata = unpack(data).metadata
    sealing = SealingKey.derive(PASSPHRASE, metadata["salt"], metadata["log_cost"])
    box = bytes(person._box.view())  # type: ignore[union-attr]
    return {"seed": person._signing_key.seed(), "box": box, "sealing": bytes(sealing.key)}


def draw_needles(masked: bytes, scheme: str) -> dict[str, bytes]:
    """What the encryption drew: both halves of every 64 bytes, and the scalar they give."""
    drawn = bytes(byte ^ memory_scan.DRAW_MASK for byte in masked)
    order, needles = ORDER[scheme[: 8 if scheme == "ipfe-ddh" else 3]], {}
    for at in range(0, len(drawn), 64):
        wide = drawn[at : at + 64]
        scalar = (int.from_bytes(wide, "little") % order).to_bytes(32, "little")
        needles |= {f"low {at}": wide[:32], f"high {at}": wide[32:], f"random scalar {at}": scalar}
    return needles


def scan(path: Path, scheme: str, mode: str) -> dict[str, int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.memory_scan", str(path), scheme, mode],
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    masked = bytes.fromhex(process.stdout.readline())
    assert masked
    own = scheme == "identity"
    needles = person_needles(path) if own else master_needles(path, scheme) | draw_needles(masked, scheme)
    shifted = [bytes((byte + memory_scan.NEEDLE_SHIFT) % 256 for byte in needle) for needle in needles.values()]
    out, _ = process.communicate(" ".join(word.hex() for word in shifted) + "\n", timeout=300)
    return dict(zip(needles, map(int, out.split()), strict=True))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.usefixtures("core_testing")
def test_nothing_stays_after_setup_issue_and_encrypt(tmp_path: Path, scheme: str) -> None:
    found = scan(tmp_path / "a.pyfe", scheme, "dropped")
    assert {name: count for name, count in found.items() if count} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.usefixtures("core_testing")
def test_an_open_authority_holds_each_secret_once(tmp_path: Path, scheme: str) -> None:
    """The core holds the scalars, the core and OpenSSL the seed. That they are found shows that the scan finds."""
    found = scan(tmp_path / "a.pyfe", scheme, "open")
    randomness = {
        name: count for name, count in found.items() if count and name.split()[0] in ("low", "high", "random")
    }
    assert randomness == {}
    assert {count for name, count in found.items() if name.startswith("scalar")} == {1}
    assert found["sealing"] == 1 and found["seed"] in (1, 2)


@pytest.mark.usefixtures("core_testing")
def test_a_planted_copy_is_found(tmp_path: Path) -> None:
    found = scan(tmp_path / "a.pyfe", "ipfe-ddh", "planted")
    assert all(count == 1 for name, count in found.items() if name.startswith("scalar"))


@pytest.mark.usefixtures("core_testing")
@pytest.mark.parametrize("mode", ["dropped", "open", "planted"])
def test_a_person_leaves_nothing_either(tmp_path: Path, mode: str) -> None:
    """The core holds seed and X25519 key once, OpenSSL too; a sealing key lives as long as it seals or opens."""
    found = scan(tmp_path / "ada.pyfe", "identity", mode)
    expected = {"dropped": ({0}, {0}), "open": ({1, 2}, {1, 2}), "planted": ({1}, {0})}[mode]
    assert (found["seed"] in expected[0], found["box"] in expected[1], found["sealing"]) == (True, True, 0), found


# -- the buffer --


def test_secret_bytes_are_a_writable_buffer() -> None:
    secret = _core.SecretBytes(40)
    view = memoryview(secret)
    assert len(secret) == 40 and bytes(view) == bytes(40) and not view.readonly
    view[:3] = b"abc"
    assert bytes(secret)[:4] == b"abc\0" and "abc" not in repr(secret)
    first, second = (_core.SecretBytes.random(32) for _ in range(2))
    assert bytes(first) != bytes(second)


@pytest.mark.parametrize("size", [0, -1, 2**40 + 1])
def test_secret_bytes_of_no_size(size: int) -> None:
    with pytest.raises(ParameterError, match="SecretBytes"):
        _core.SecretBytes(size)


def test_master_keys_are_read_where_they_lie() -> None:
    scheme = _core.ipfe_ddh
    _, master = scheme.setup(scheme.Parameters(2, np.zeros(2, np.int64), np.full(2, 9, np.int64), 7))
    secret = master.to_secret()
    assert bytes(secret) == master.to_bytes()
    again = scheme.MasterSecretKey.from_buffer(memoryview(secret))
    assert again.to_bytes() == master.to_bytes()
    with pytest.raises(ParameterError, match="contiguous"):
        scheme.MasterSecretKey.from_buffer(memoryview(secret)[::2])
    with pytest.raises(TypeError) as caught:
        scheme.MasterSecretKey.from_buffer("MARK")
    assert "MARK" not in str(caught.value)
