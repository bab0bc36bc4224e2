"""Vectors too wide for memory: the public key and the ciphertext are files, made and read feature by feature."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import CiphertextBatch, DecodeError, KeyMismatchError, OutOfRangeError, ParameterError, PublicKey
from pyfe._core import ipfe_rlwe as core
from pyfe.adapters import ipfe_rlwe as adapter
from pyfe.cli import console
from pyfe.errors import RowsDeniedError, SignatureError, UnsupportedError
from pyfe.owner import OwnerLedger
from pyfe.schemes import ipfe_rlwe
from pyfe.wire.envelope import HEADER_SIZE
from tests.unit.commands import fails, run
from tests.unit.ring_envelopes import person

N = 140
"""So many that pk_1 .. pk_n are not kept as words."""


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with 20,000 columns: no public key is held, nor stands in a log."""
    monkeypatch.setattr(adapter, "MOST_IN_LOG", 1000)
    monkeypatch.setattr(adapter, "MOST_HELD", 1000)
    monkeypatch.setattr(console, "LARGE", 10_000)


@cache
def keys(n: int = N, lo: int = 0, hi: int = 2, y: int = 127) -> tuple[Any, Any]:
    return core.setup_without_pk(ipfe_rlwe.Parameters(n, x_lo=[lo] * n, x_hi=[hi] * n, y_bound=y))


def written(place: Path, mpk: Any, msk: Any) -> Path:
    with place.open("wb") as file:
        mpk.write(msk, file.fileno())
    return place


def opened(place: Path, at: int = 0) -> Any:
    with place.open("rb") as file:
        return core.MasterPublicKey.open(file.fileno(), at, os.fstat(file.fileno()).st_size - at)


# -- the public key --------------------------------------------------------------------------------------------


def test_a_public_key_in_a_file_is_the_one_in_memory(tmp_path: Path) -> None:
    mpk, msk = keys()
    place = written(tmp_path / "pk", mpk, msk)
    whole = mpk.with_pk(msk)
    assert place.read_bytes() == whole.to_bytes() and len(whole.to_bytes()) == mpk.size
    assert opened(place).id == whole.id == mpk.id == core.MasterPublicKey.from_bytes(place.read_bytes()).id
    assert opened(place).to_bytes() == whole.to_bytes()
    behind = tmp_path / "behind"
    behind.write_bytes(b"header" + place.read_bytes())
    assert opened(behind, at=6).id == mpk.id
    key, x = ipfe_rlwe.keygen(msk, np.arange(N) - 30), np.random.default_rng(1).integers(0, 3, (65, N))
    for public in (opened(place), whole, mpk.remade(msk)):
        assert ipfe_rlwe.verify_key(public, key)
        assert np.array_equal(ipfe_rlwe.decrypt(key, ipfe_rlwe.encrypt(public, x)), x @ (np.arange(N) - 30))


def test_what_has_only_the_hash_says_so(tmp_path: Path) -> None:
    mpk, _ = keys()
    again = core.MasterPublicKey.from_bytes(mpk.to_bytes())
    assert not again.has_pk and again.id == mpk.id and len(mpk.to_bytes()) < 16 * N + 1000
    with pytest.raises(ParameterError, match="only the hash"):
        ipfe_rlwe.encrypt(again, np.zeros((1, N), dtype=np.int64))
    _, other = core.setup_without_pk(mpk.parameters)
    for use in (mpk.with_pk, mpk.remade, lambda msk: mpk.write(msk, 1)):
        with pytest.raises(KeyMismatchError, match="another public key"):
            use(other)


def test_a_master_key_of_another_public_key_is_found(tmp_path: Path) -> None:
    """The id that it is stored with is not believed."""
    mpk, _ = keys()
    _, other = core.setup_without_pk(mpk.parameters)
    forged = bytearray(other.to_bytes())
    forged[-64:-32] = mpk.id
    with pytest.raises(KeyMismatchError, match="does not give"):
        mpk.with_pk(core.MasterSecretKey.from_bytes(bytes(forged)))


def test_a_file_that_changes_is_refused(tmp_path: Path) -> None:
    mpk, msk = keys()
    place = written(tmp_path / "pk", mpk, msk)
    public, key = opened(place), ipfe_rlwe.keygen(msk, [1] * N)
    with place.open("r+b") as file:
        file.seek(-5, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-5, os.SEEK_END)
        file.write(bytes([byte ^ 1]))
    assert opened(place).id != mpk.id
    with pytest.raises(DecodeError, match=f"pk_{N - 1} is not what it was"):
        ipfe_rlwe.encrypt(public, np.zeros((1, N), dtype=np.int64))
    with pytest.raises(DecodeError, match=f"pk_{N - 1} is not what it was"):
        ipfe_rlwe.verify_key(public, key)
    os.truncate(place, 100_000)
    with pytest.raises(DecodeError, match="ends too early"):
        ipfe_rlwe.verify_key(public, key)


@pytest.mark.parametrize("name", ["empty", "short", "cut", "longer", "n", "not a key", "hash only", "twice", "residue"])
def test_files_that_are_no_public_key(tmp_path: Path, name: str) -> None:
    mpk, msk = keys()
    place = written(tmp_path / "pk", mpk, msk)
    data = bytearray(place.read_bytes())
    size = (len(data) - len(mpk.to_bytes()) + 32) // N
    if name == "twice":
        data[-size:] = data[-2 * size : -size]
    if name == "residue":
        data[-size:] = b"\xff" * size
    bad: dict[str, bytes] = {
        "empty": b"",
        "short": bytes(data[:3]),
        "cut": bytes(data[:-1]),
        "longer": bytes(data) + b"\0",
        "n": b"\xff\xff\xff\xff" + bytes(data[4:]),
        "not a key": bytes(len(data)),
        "hash only": mpk.to_bytes(),
    }
    place.write_bytes(bad.get(name, bytes(data)))
    with pytest.raises(DecodeError):
        opened(place)


# -- the ciphertext --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "lo", "hi", "y"), [(1, 0, 2, 127), (70, 0, 2, 127), (70, -300, 300, 3), (20, -(2**20), 2**20, 2**12)]
)
@pytest.mark.parametrize("count", [1, 65])
def test_rows_of_every_width(tmp_path: Path, n: int, lo: int, hi: int, y: int, count: int) -> None:
    """One byte a number, two, and three; words of one limb and of two."""
    mpk, msk = keys(n, lo, hi, y)
    rng = np.random.default_rng()
    x, w = rng.integers(lo, hi, (count, n), endpoint=True), rng.integers(1, y, n, endpoint=True)
    x[0] = hi
    rows = core.PlainRows(mpk.parameters)
    for part in np.array_split(x, min(count, 3)):
        rows.append(part)
    assert len(rows) == count and rows.nbytes == count * n * {2: 1, 600: 2, 2**21: 3}[hi - lo]
    place = tmp_path / "ct"
    with place.open("wb") as file:
        size = core.encrypt_to(mpk.remade(msk), rows, file.fileno(), 10)
    data = place.read_bytes()
    assert len(data) == 10 + size and not any(data[:10])
    batch = core.CiphertextBatch.from_bytes(data[10:])
    assert len(batch.to_bytes()) == size == len(ipfe_rlwe.encrypt(mpk.remade(msk), x).to_bytes())
    assert np.array_equal(ipfe_rlwe.decrypt(ipfe_rlwe.keygen(msk, w), batch), x @ w)


def test_rows_are_held_to_their_bounds(tmp_path: Path) -> None:
    mpk, msk = keys()
    rows = core.PlainRows(mpk.parameters)
    rows.append(np.zeros((8000, N), dtype=np.int64))
    wrong = np.zeros((2, N), dtype=np.int64)
    wrong[1, 3] = 3
    with pytest.raises(OutOfRangeError, match=r"rows from 8000 on: row 1, coordinate 3 is outside \[0, 2\]"):
        rows.append(wrong)
    with pytest.raises(ParameterError, match="8192 rows, and these are 8200"):
        rows.append(np.zeros((200, N), dtype=np.int64))
    with pytest.raises(ParameterError, match="columns"):
        rows.append(np.zeros((1, N + 1), dtype=np.int64))
    with (tmp_path / "ct").open("wb") as file:
        with pytest.raises(ParameterError, match="only the hash"):
            core.encrypt_to(mpk, rows, file.fileno(), 0)
        with pytest.raises(ParameterError, match="no rows"):
            core.encrypt_to(mpk.remade(msk), core.PlainRows(mpk.parameters), file.fileno(), 0)
        other, _ = keys(1)
        with pytest.raises(ParameterError, match="other ranges"):
            core.encrypt_to(mpk.remade(msk), core.PlainRows(other.parameters), file.fileno(), 0)


# -- authority, owner, evaluator -------------------------------------------------------------------------------


@cache
def schema() -> pyfe.Schema:
    return pyfe.Schema.from_ranges({f"snp{i}": pyfe.number(0, 2, step=1) for i in range(N)})


@cache
def weights() -> Any:
    return np.random.default_rng(7).integers(-127, 128, N)


FREE = pyfe.Policy.unrestricted(reason="too wide to count")


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[pyfe.KeyAuthority]:
    path = tmp_path / "authority"
    with pyfe.KeyAuthority.create(
        schema(), scheme="ipfe-rlwe", policy=FREE, path=path, passphrase="correct horse battery"
    ) as made:
        yield made


@pytest.fixture
def public(authority: pyfe.KeyAuthority, tmp_path: Path) -> Path:
    place = tmp_path / "public-key.pyfe"
    with place.open("wb") as file:
        authority.write_public_key(file)
    return place


def issued(authority: pyfe.KeyAuthority) -> bytes:
    function = pyfe.Function.from_integers(schema(), weights().tolist(), 5)
    return authority.issue(function, purpose="a test").to_bytes()


def table(rows: int) -> Any:
    return np.random.default_rng(rows).integers(0, 3, (rows, N))


def test_from_authority_to_scores(authority: pyfe.KeyAuthority, public: Path, tmp_path: Path) -> None:
    assert len(max(authority.log().entries, key=len)) < 40_000 < public.stat().st_size
    with pytest.raises(ParameterError, match="write_public_key"):
        authority.public_key.to_bytes()
    key = PublicKey.open(public, fingerprint=authority.public_key.fingerprint)
    assert key == authority.public_key == PublicKey.from_bytes(public.read_bytes())
    assert key.to_bytes() == public.read_bytes()
    function_key = pyfe.FunctionKey.from_bytes(issued(authority), public_key=key)
    x, place = table(130), tmp_path / "ct"
    with place.open("wb") as file:
        ids = [f"P{i}" for i in range(130)]
        pieces = (x[i : i + 50] for i in range(0, 130, 50))
        assert key.encrypt_into(file, pieces, sign_as=person("ada"), ids=ids, carry_ids="clear") == 130
    place.chmod(0o600)
    batch = CiphertextBatch.open(place)
    assert batch.to_bytes() == place.read_bytes() == CiphertextBatch.from_bytes(place.read_bytes()).to_bytes()
    assert list(batch.ids or ()) == ids and batch.id == CiphertextBatch.from_bytes(place.read_bytes()).id
    scores = function_key.decrypt(batch, signed_by=person("ada").identity)
    assert np.array_equal(scores, x @ weights() + 5)
    part = function_key.decrypt(key.encrypt(x[:3]))
    assert np.array_equal(part, scores[:3])
    place.chmod(0o666)
    assert np.array_equal(function_key.decrypt(CiphertextBatch.open(place), signed_by=person("ada").identity), scores)


def test_an_authority_that_is_opened_again_writes_the_same_key(
    authority: pyfe.KeyAuthority, public: Path, tmp_path: Path
) -> None:
    authority.close()
    with pyfe.KeyAuthority.open(tmp_path / "authority", passphrase="correct horse battery") as again:
        with (tmp_path / "again").open("wb") as file:
            again.write_public_key(file, 1)
        issued(again)
        sealed = (tmp_path / "authority" / "master.sealed").stat().st_size
    assert (tmp_path / "again").read_bytes() == public.read_bytes()
    assert sealed < 3000 + 16 * N


def test_a_public_key_of_middle_size_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too large for the log, and not for memory."""
    monkeypatch.setattr(adapter, "MOST_HELD", 2**28)
    made = pyfe.KeyAuthority.create(schema(), scheme="ipfe-rlwe", policy=FREE)
    key = PublicKey.from_bytes(made.public_key.to_bytes())
    function_key = pyfe.FunctionKey.from_bytes(issued(made), public_key=key)
    assert np.array_equal(function_key.decrypt(key.encrypt(table(2))), table(2) @ weights() + 5)


def test_the_signature_of_a_public_key_covers_all_of_it(public: Path) -> None:
    data = public.read_bytes()
    size = int.from_bytes(data[HEADER_SIZE - 12 : HEADER_SIZE - 4], "little")
    for at in (20, 60, HEADER_SIZE + size + 10, len(data) - 1, HEADER_SIZE + size - 7, HEADER_SIZE + 4000):
        changed = bytearray(data)
        changed[at] ^= 1
        public.write_bytes(changed)
        for read in (lambda: PublicKey.open(public), lambda: PublicKey.from_bytes(public.read_bytes())):
            with pytest.raises((DecodeError, SignatureError, KeyMismatchError)):
                read()
    public.write_bytes(data[:-1])
    with pytest.raises(DecodeError, match="tells of"):
        PublicKey.open(public)


@pytest.mark.parametrize("read", [PublicKey.open, CiphertextBatch.open])
def test_no_pipe_and_no_device_is_read_in_place(read: Callable[[Path], object], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(DecodeError, match="no regular file"):
            read(place)


def test_a_header_that_tells_of_gigabytes_of_metadata_allocates_none(public: Path) -> None:
    data = bytearray(public.read_bytes())
    payload = int.from_bytes(data[HEADER_SIZE - 12 : HEADER_SIZE - 4], "little")
    data[HEADER_SIZE - 4 : HEADER_SIZE] = (2**32 - 1).to_bytes(4, "little")
    public.write_bytes(data)
    os.truncate(public, HEADER_SIZE + payload + 2**32 - 1 + 64)
    with pytest.raises(DecodeError, match="behind the payload"):
        PublicKey.open(public)


def test_a_public_key_whose_payload_is_signed_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever changes the file between the signature and the key would have his own key taken for the signer's."""
    place, key = tmp_path / "public", pyfe.KeyAuthority.create(pyfe.Schema.from_ranges({"a": (0, 9)})).public_key
    place.write_bytes(key.to_bytes())
    reads, pread = [], os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: reads.append((at, size)) or pread(fd, size, at))
    assert PublicKey.open(place) == key
    payload = [one for one in reads if one[0] < HEADER_SIZE + 1 and one[1] > HEADER_SIZE]
    assert len(payload) == 1


def test_what_is_not_encrypted_into_a_file(public: Path, tmp_path: Path) -> None:
    key = PublicKey.open(public)
    with (tmp_path / "ct").open("wb") as file:
        with pytest.raises(ParameterError, match="no rows"):
            key.encrypt_into(file, table(0))
        with pytest.raises(OutOfRangeError, match="snp0"):
            key.encrypt_into(file, table(2) + 5)
        assert file.tell() == os.fstat(file.fileno()).st_size == 0
        file.write(b"something")
        with pytest.raises(ParameterError, match="empty file"):
            key.encrypt_into(file, table(2))
    plain = pyfe.KeyAuthority.create(schema(), policy=FREE).public_key
    with (tmp_path / "of another scheme").open("wb") as file, pytest.raises(UnsupportedError, match="one by one"):
        plain.encrypt_into(file, table(2))


def test_a_killed_encryption_leaves_nothing_that_decodes(public: Path, tmp_path: Path) -> None:
    """Killed at instants from its begin to its end; what is there never opens, unless it is whole."""
    key, x, whole = PublicKey.open(public), table(64), 0
    function_key, place = None, tmp_path / "ct"
    start = time.perf_counter()
    with place.open("wb") as file:
        key.encrypt_into(file, x, sign_as=person("ada"))
    seconds, size = time.perf_counter() - start, place.stat().st_size
    for attempt in range(12):
        place.unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            with place.open("wb") as file:
                key.encrypt_into(file, x, sign_as=person("ada"))
            os._exit(0)
        time.sleep(seconds * attempt / 10)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        try:
            CiphertextBatch.from_bytes(place.read_bytes() if place.exists() else b"")
            whole += 1
            assert place.stat().st_size == size
        except DecodeError:
            pass
    assert function_key is None and whole < 12


def test_every_prefix_of_the_writes_is_no_batch(public: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps one by one: payload, what follows it, header, signature."""
    key, place, seen = PublicKey.open(public), tmp_path / "ct", []
    write = os.pwrite

    def pwrite(descriptor: int, data: bytes, at: int) -> int:
        with pytest.raises(DecodeError):
            CiphertextBatch.from_bytes(place.read_bytes())
        with pytest.raises(DecodeError):
            CiphertextBatch.open(place)
        seen.append(at)
        return write(descriptor, data, at)

    monkeypatch.setattr(os, "pwrite", pwrite)
    for signer in (None, person("ada")):
        with place.open("wb") as file:
            key.encrypt_into(file, table(3), sign_as=signer)
        assert len(CiphertextBatch.open(place)) == 3
    assert len(seen) == 5


MEASURED = """
import gc, json, sys
from pathlib import Path
import numpy as np
from pyfe._core import ipfe_rlwe as core
from pyfe.owner import OwnerLedger
from pyfe.schemes import ipfe_rlwe

def peak():
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) << 10

def step(name, work):
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = peak()
    made = work()
    grown[name] = peak() - before
    return made

n, rows, grown = 400, 640, {}
p = ipfe_rlwe.Parameters(n, x_lo=[0] * n, x_hi=[2] * n, y_bound=127)
core.setup_without_pk(ipfe_rlwe.Parameters(2, x_bound=1, y_bound=1))  # the threads are there
mpk, msk = step("setup", lambda: core.setup_without_pk(p))
file = open(sys.argv[1] + "/pk", "w+b")
step("write", lambda: mpk.write(msk, file.fileno()))
public = step("open", lambda: core.MasterPublicKey.open(file.fileno(), 0, mpk.size))
key = step("issue", lambda: core.keygen(msk, np.ones((1, n), dtype=np.int64)))
assert step("check", lambda: core.verify_key(public, key))
assert step("check by the authority", lambda: core.verify_key(mpk.remade(msk), key))
x = core.PlainRows(p)
x.append(np.ones((rows, n), dtype=np.int64))
out = open(sys.argv[1] + "/ct", "w+b")
size = step("encrypt", lambda: core.encrypt_to(public, x, out.fileno(), 0))
from pyfe._core import SharedBytes
batch = step("read", lambda: core.CiphertextBatch.from_bytes(SharedBytes.mapped(out.fileno(), size)))
z = step("evaluate", lambda: core.decrypt(key, batch))
assert (z == n).all() and len(z) == rows
print(json.dumps({"grown": grown, "public key": mpk.size, "ciphertext": size}))
"""


def test_no_step_holds_what_is_large(tmp_path: Path) -> None:
    """Most memory of each step beside what was there: none holds the public key (36 MB here), or grows with it."""
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path)], capture_output=True, text=True, check=True, timeout=300
    )
    found = json.loads(ran.stdout)
    assert found["public key"] > 35e6
    assert max(found["grown"].values()) < 24e6, found


# -- commands --------------------------------------------------------------------------------------------------


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("schema").write_bytes(schema().to_bytes())
    Path("function").write_bytes(pyfe.Function.from_integers(schema(), weights().tolist(), 5).to_bytes())
    Path("pass").write_text("correct horse battery")
    secret = ["--passphrase-file", "pass"]
    x = table(130)
    lines = [",".join(["id", *schema().columns]), *(f"P{i}," + ",".join(map(str, row)) for i, row in enumerate(x))]
    Path("rows.csv").write_text("\n".join(lines))
    made = run(
        capsys,
        *("keygen", "-s", "schema", "-a", "auth", "-p", "pk", "--scheme", "ipfe-rlwe", "--unrestricted", "too wide"),
        *secret,
    )
    assert run(capsys, "public-key", "auth", "-o", "pk2", *secret)["fingerprint"] == made["fingerprint"]
    assert Path("pk").read_bytes() == Path("pk2").read_bytes()
    run(capsys, "issue", "function", "-a", "auth", "-o", "key", "--purpose", "a test", *secret)
    run(capsys, "identity", "init", "ada", "-o", "ada", "-p", "ada.public", *secret)
    said = run(
        capsys,
        *("encrypt", "rows.csv", "-p", "pk", "-o", "ct", "--fingerprint", made["fingerprint"], "--sign-as", "ada"),
        *("--identity-passphrase-file", "pass", "--id-column", "id", "--carry-ids", "clear"),
    )
    assert said["rows"] == 130 and said["bytes"] == Path("ct").stat().st_size and said["ids"] == "clear"
    Path("ct").chmod(0o600)
    run(capsys, "evaluate", "ct", "-k", "key", "-p", "pk", "-o", "scores.csv", "--signed-by", "ada.public")
    with Path("scores.csv").open() as scores:
        rows = [(row["id"], int(row["score"])) for row in csv.DictReader(scores)]
    assert rows == [(f"P{i}", score) for i, score in enumerate((x @ weights() + 5).tolist())]
    assert "a file of its own" in fails(capsys, "encrypt", "rows.csv", "-p", "pk", "-o", "ct.parquet")
    assert "not to a pipe" in fails(capsys, "encrypt", "rows.csv", "-p", "pk", "-o", "/dev/null")
    about = run(capsys, "info", "ct", "pk")
    assert about["ct"]["rows"] == 130 and about["pk"]["fingerprint"] == made["fingerprint"]
    assert not list(tmp_path.glob(".pyfe-*"))


def test_a_vector_that_is_cut_counts_as_often_as_it_has_parts(tmp_path: Path) -> None:
    """Parts of a vector are rows of as many schemas, each under a master key of its own: no call encrypts some columns
    of a schema. The owner's ledger counts each of them, and all of them together: here it refuses the second."""
    parts = [
        pyfe.Schema.from_ranges({f"snp{i}": pyfe.number(0, 2, step=1) for i in range(start, start + 5)})
        for start in (0, 5)
    ]
    made = pyfe.KeyAuthority.create(parts[0], scheme="ipfe-rlwe", policy=FREE)
    made.rotate(parts[1], reason="the other half")
    with OwnerLedger.create(tmp_path / "owner", "correct horse battery") as ledger:
        ledger.follow(made.epoch_table())
        for number, part in enumerate(parts, 1):
            public = tmp_path / f"pk{number}"
            with public.open("wb") as file:
                made.write_public_key(file, number)
            key, x = PublicKey.open(public), np.ones((2, 5), dtype=np.int64)
            says = contextlib.nullcontext() if number == 1 else pytest.raises(RowsDeniedError, match="epochs 1 and 2")
            with (tmp_path / f"ct{number}").open("wb") as file, says:
                key.encrypt_into(file, x, ids=["P0", "P1"], ledger=ledger)
            with pytest.raises(ParameterError):
                key.encrypt(np.ones((2, 10), dtype=np.int64))
            assert ledger.met(key, ["P0"]) == [(1,)] and key.schema == part
    assert (tmp_path / "ct2").stat().st_size == 0
    with (tmp_path / "refused").open("wb") as file, pytest.raises(ParameterError, match="ids"):
        key.encrypt_into(file, x, ids=["P0"], carry_ids="clear")
    assert (tmp_path / "refused").stat().st_size == 0
