"""The readers, each with seeds and a mutator that gets past its outer checks."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cbor2
import numpy as np
import pytest
import typer.main

import pyfe
from pyfe import (
    CiphertextBatch,
    Function,
    FunctionKey,
    KeyAuthority,
    Policy,
    PublicKey,
    RevocationList,
    Schema,
    ScoreProof,
)
from pyfe.audit import AuditLog, Checkpoint, Frontier, verify
from pyfe.authority import sealed_file
from pyfe.authority.entries import decode_entry, encode_entry
from pyfe.authority.policy_file import PolicyFile
from pyfe.cli.commands import run
from pyfe.cohorts import Chunk, PublicColumn, open_cohort, places, write_part
from pyfe.cohorts.head import Head
from pyfe.epochs import EpochTable
from pyfe.epochs import count as count_epochs
from pyfe.forms import FactoredForms, MatrixForms
from pyfe.identity import Approval, Identity, IdentitySecret, Request, Revocation, SealedKey, sealed_identity, secret
from pyfe.models import Linear, SquareNetwork
from pyfe.objects import decode
from pyfe.owner import OwnerSecret, sealed_owner
from pyfe.owner import secret as owner_secret
from pyfe.row_ids import RowIds
from pyfe.wire import cbor, envelope, sealing
from pyfe.wire.signature import SigningKey
from tests.fuzz.python import mutation
from tests.fuzz.python.checks import BrokenPromise
from tests.fuzz.python.mutation import Mutator
from tests.golden import generate_owner
from tests.unit import engines, objects, old_files, people
from tests.unit.epoch_tables import table as epoch_table

# Building the parser of the command line anew takes five times as long as most commands.
typer.main.get_command = functools.cache(typer.main.get_command)

PASSPHRASE = "correct horse battery"
CHEAP_COST = 10
"""scrypt's cost while a file is made here: the derivation is not what is tried."""


@dataclass(frozen=True)
class Target:
    """One reader: what it is given at first, how that is changed, and what it does."""

    seeds: Callable[[], list[bytes]]
    mutate: Mutator
    read: Callable[[bytes], object]


# -- material --


@functools.cache
def linear() -> KeyAuthority:
    """An authority for linear functions of a small schema of every kind of column."""
    return objects.authority(schema())


@functools.cache
def quadratic() -> KeyAuthority:
    """One for quadratic functions of a single column: its points are many bytes."""
    return objects.authority(Schema.from_ranges({"a": (0, 3)}, bits=2), scheme="qfe-ggm")


@functools.cache
def schema() -> Schema:
    """Every kind of column, with marks and a protected form."""
    return Schema.from_ranges(
        {
            "age": (0, 120),
            "dose": pyfe.number(1, 1000, bits=6, transform="log"),
            "sex": ["f", "m"],
            "stage": pyfe.category([0, 1, 2], missing=0),
            "bmi": pyfe.thresholds([18.5, 25, 30]),
            "one": pyfe.constant(1),
        },
        public=["age"],
        protected=["sex"],
        protected_forms={"gap": {"age": 1, "dose": -1}},
    )


@functools.cache
def functions() -> list[Function]:
    """Linear ones of one and of three outputs."""
    weights = np.arange(3 * schema().n).reshape(3, -1) % 7 + 1
    one = Function.from_integers(schema(), weights[0], -5, 0.5, link="logit", classes=("no", "yes"))
    return [one, Function.from_integers(schema(), weights, [1, 2, 3], link="softmax", classes=(1, 2, 3))]


@functools.cache
def quadratic_functions() -> list[Function]:
    """As a matrix, as factors, and a linear one."""
    own = quadratic().schema
    return [
        Function.from_forms(own, MatrixForms.dense(np.array([[0, 2], [0, -1]])), 5),
        Function.from_forms(own, FactoredForms(np.array([[1, 2]]), np.array([[0, 1]]), np.array([[3]]))),
        Function.from_integers(own, [3]),
    ]


@functools.cache
def keys() -> list[bytes]:
    """Function keys of every form."""
    own = [linear().issue(f, purpose="p", recipient="r").to_bytes() for f in functions()]
    return own + [quadratic().issue(f, purpose="p").to_bytes() for f in quadratic_functions()]


@functools.cache
def first_keys() -> list[bytes]:
    """The same in the first layout, whose metadata holds all but the map; not signed anew."""
    return [objects.first_layout(FunctionKey.from_bytes(data)).to_bytes() for data in keys()]


@functools.cache
def batches() -> list[bytes]:
    """Plain, clipped and combined ones of both families, those whose rows have ids, and one that is signed."""
    table = {"age": [30, 200], "dose": [5, 7], "sex": ["f", "m"], "stage": [1, 2], "bmi": [20, 31]}
    batch = linear().public_key.encrypt(table, on_overflow="clip")
    pair = quadratic().public_key.encrypt({"a": [2, 1]})
    named = pair.with_ids(RowIds.clear(["P-0017", "größe"]))
    hidden = pair.with_ids(RowIds.pseudonyms([1, 2], OwnerSecret.generate()))
    signed = named.signed(people.secret("ada"))
    made = (batch, batch.weighted_sum([2, -1]), batch + batch, pair, batch[:0], named, hidden, named[:0], signed)
    return [item.to_bytes() for item in made]


@functools.cache
def score_proofs() -> list[bytes]:
    """Of one output and of three."""
    batch = CiphertextBatch.from_bytes(batches()[0])
    opened = [FunctionKey.from_bytes(keys()[at]) for at in (0, 1)]
    return [key.prove(batch, key.decrypt(batch)).to_bytes() for key in opened]


def sign_by(authority: Callable[[], KeyAuthority]) -> mutation.Sign:
    """Signs with a test authority's key."""
    return lambda message: objects.secrets_of(authority()).signing_key.sign(message)


# -- readers --


def exact(read: Callable[[bytes], Any]) -> Callable[[bytes], object]:
    """A reader whose result must write the very bytes it was read from; information about it must print."""

    def reader(data: bytes) -> object:
        item = read(data)
        written = b"".join(item.pieces()) if isinstance(item, CiphertextBatch) else item.to_bytes()
        if written != data:
            raise BrokenPromise("the object writes other bytes than it was read from")
        if hasattr(item, "info"):
            item.info()
        return repr(item)

    return reader


def read_function(data: bytes) -> object:
    """A function by itself, then of the schema it names, then for the authority that issues it."""
    function = exact(Function.from_bytes)(data)
    for authority in (linear(), quadratic()):
        with contextlib.suppress(pyfe.KeyMismatchError):
            authority.check(Function.from_bytes(data, schema=authority.schema))
    return function


def read_key_of_an_authority(data: bytes) -> object:
    """A key that is checked against a public key."""
    for authority in (linear(), quadratic()):
        with contextlib.suppress(pyfe.KeyMismatchError):
            return exact(lambda d, a=authority: FunctionKey.from_bytes(d, public_key=a.public_key))(data)  # type: ignore[misc]
    return None


@functools.cache
def opened_keys() -> list[FunctionKey]:
    """One key of each family."""
    return [FunctionKey.from_bytes(keys()[at]) for at in (0, 2)]


def read_batch(data: bytes) -> object:
    """A batch, and what decrypts it."""
    batch = CiphertextBatch.from_bytes(data)
    for key in opened_keys():
        with contextlib.suppress(pyfe.PyfeError):
            key.decrypt(batch)
    return exact(CiphertextBatch.from_bytes)(data)


def read_schema(data: bytes) -> object:
    """A schema, and one row that it encodes."""
    read = Schema.from_bytes(data)
    str(read)
    with contextlib.suppress(pyfe.PyfeError):
        read.encode({name: ["1"] for name in read.input_columns})
    return exact(Schema.from_bytes)(data)


def read_ledger(data: bytes) -> object:
    """The ledger of an authority's file of before, as it stands there before it is sealed."""
    return sealed_file.read_ledger(data)[1]


def read_sealed(data: bytes) -> object:
    """Such a file; the passphrase gives the key at hand, since scrypt's memory is not what is tried."""
    return sealed_file.open_all(sealed_file.SealedFile.parse(data), sealing_key()).rows


@functools.cache
def sealing_key() -> sealing.SealingKey:
    """The key of a cheap derivation."""
    return sealing.SealingKey.derive(PASSPHRASE, bytes(16), CHEAP_COST)


def reseal(data: bytes, rng: random.Random) -> bytes:
    """A file that opens with the test's key, of changed contents; or a changed file."""
    if rng.random() < 0.3:
        return mutation.envelope()(data, rng)
    file = sealed_file.SealedFile.parse(sealed_seeds()[0])
    ledger = mutation.cbor(old_files.ledger_of(linear()), rng)
    header = replace(file.header, payload=file.secrets)
    closed = sealing_key().encrypt(file.nonce, ledger, envelope.pack(header))
    return envelope.pack(replace(header, payload=file.secrets + closed))


@functools.cache
def sealed_seeds() -> list[bytes]:
    """A sealed authority."""
    return [old_files.sealed(linear(), sealing_key())]


def read_policy(data: bytes) -> object:
    """A policy as it stands in an authority's file."""
    return Policy.from_dict(cbor.loads(data, "policy"))


# -- people --


@functools.cache
def identities() -> list[bytes]:
    """With and without a key to receive, and with keys that are not known here."""
    other = [("passkey-es256", b"\x04" * 65)]
    made = [IdentitySecret.generate("a", receives=False), IdentitySecret.generate("b", others=other)]
    return [item.identity.to_bytes() for item in (people.secret("ada"), *made)]


@functools.cache
def statements() -> list[bytes]:
    """Requests, approvals and revocations of one person."""
    request = people.request("ada", recipient="ben", conditions=("c", "d"), expires=people.NOW)
    own: dict[str, Any] = {"authority": people.AUTHORITY, "reason": "r", "at": people.NOW}
    revoked = [Revocation(**own, keys=(1, 2)), Revocation(**own, epoch=1), Revocation(**own, request=request.id)]
    signed = [item.signed_by(people.secret("ada")) for item in revoked]
    return [item.to_bytes() for item in (request, people.request("ada"), people.approval("ada", request), *signed)]


def read_statement(data: bytes) -> object:
    """A signed file, of the kind that it says."""
    for kind in (Request, Approval, Revocation):
        with contextlib.suppress(pyfe.DecodeError):
            return exact(kind.from_bytes)(data)
    return Request.from_bytes(data)


def sign_by_ada(message: bytes) -> bytes:
    """Signs with a test person's key."""
    return people.secret("ada").sign(message)


@functools.cache
def key_for_ada() -> bytes:
    """A sealed key."""
    return SealedKey.of(b"k" * 40, people.secret("ada").identity, authority=people.AUTHORITY, number=1).to_bytes()


def read_sealed_key(data: bytes) -> object:
    """A sealed key, and what its recipient says to it."""
    with contextlib.suppress(pyfe.IdentityError):
        people.secret("ada").open(data)
    return exact(SealedKey.from_bytes)(data)


@functools.cache
def identity_file() -> bytes:
    """A sealed identity."""
    return secret._seal(people.secret("ada"), sealing_key())


def read_identity_file(data: bytes) -> object:
    """A sealed identity; the passphrase gives the key at hand, as for an authority."""
    sealed_identity(data)
    envelope_, _, _, identity = secret._parsed(data)
    return repr(IdentitySecret(*secret._opened(envelope_, sealing_key(), identity), identity))


@functools.cache
def cohorts() -> list[bytes]:
    """Cohorts of two chunks as they are written, signed and not, and as pandas rewrites them, without checksums."""
    import pandas

    batch = quadratic().public_key.encrypt({"a": [2, 1, 0]}, ids=["P-0017", "größe", 3], carry_ids="clear")
    wards = PublicColumn.of(["a", None, "größe"])
    spans = [(place, slice(place.first_row, place.first_row + rows)) for place, rows in places(3, 2)]
    plain = [Chunk(at, batch[part], {"ward": PublicColumn("text", wards.cells[part])}) for at, part in spans]
    found = []
    for chunks in (plain, [chunk.signed(people.secret("ada")) for chunk in plain]):
        write_part(file := io.BytesIO(), chunks)
        pandas.read_parquet(io.BytesIO(file.getvalue())).to_parquet(again := io.BytesIO())
        found += [file.getvalue(), again.getvalue()]
    return found


@functools.cache
def chunk_heads() -> list[bytes]:
    """The heads of their chunks."""
    import pandas

    return [head for data in cohorts() for head in pandas.read_parquet(io.BytesIO(data))["head"].dropna()]


def read_cohort(data: bytes) -> object:
    """All chunks of a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        path.write_bytes(data)
        return repr([open_cohort(path), *open_cohort(path).chunks()])


@functools.cache
def epoch_tables() -> list[bytes]:
    """Tables of one epoch and of one of each kind, two of them with keys of one schema."""
    key = people_signing_key()
    listed = generate_owner.table().epochs
    again = replace(listed[3], number=2, public_key_id=b"5" * 32)
    pair = [replace(listed[3], number=1), again]
    return [
        epoch_table(listed[:1], key=key).to_bytes(),
        epoch_table(listed, key=key).to_bytes(),
        epoch_table(pair, key=key).to_bytes(),
    ]


@functools.cache
def people_signing_key() -> SigningKey:
    """Signs tables of epochs."""
    return SigningKey.from_seed(bytes(range(32)))


def read_epoch_table(data: bytes) -> object:
    """A table of epochs, and what a patient gives away who meets all of them."""
    shown, table = exact(EpochTable.from_bytes)(data), EpochTable.from_bytes(data)
    return shown, count_epochs(table.epochs)


@functools.cache
def owner_file() -> bytes:
    """A sealed owner."""
    return owner_secret._seal(OwnerSecret.generate(), sealing_key())


def read_owner_file(data: bytes) -> object:
    """A sealed owner; the passphrase gives the key at hand, as for an authority."""
    sealed_owner(data)
    return repr(OwnerSecret(owner_secret._opened(owner_secret._parsed(data)[0], sealing_key())))


def read_policy_file(data: bytes) -> object:
    """A policy file, its canonical map and its table."""
    policy = PolicyFile.from_yaml(data)
    if PolicyFile.from_dict(policy.to_dict()) != policy:
        raise BrokenPromise("a policy does not come back from its map")
    return policy.digest, policy.explain()


YAML_WORDS = [
    b"&a ",
    b"*a",
    b"!x ",
    b"%YAML 1.1",
    b"---",
    b"...",
    b"|",
    b">",
    b"'",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b"? ",
]
YAML_WORDS += [
    b": ",
    b"- ",
    b"# ",
    b"\t",
    b"  ",
    b"<<",
    b"\\U",
    b"\0",
    "\u2028".encode(),
    b"people:",
    b"roles: ",
    b"count: ",
]


def read_schema_file(data: bytes) -> object:
    """A schema as people write it: it comes back from its own file."""
    made = Schema.from_yaml(data)
    if Schema.from_yaml(made.to_yaml()).to_bytes() != made.to_bytes():
        raise BrokenPromise("a schema does not come back from its file")
    return str(made)


@functools.cache
def schema_files() -> list[bytes]:
    """Schemas as people write them."""
    with_bit = Schema.from_ranges({"a b": (0, 1), "no": ["yes", "1"]}, missing={"a b": "bit"})
    return [made.to_yaml().encode() for made in (schema(), with_bit.with_noise(pyfe.noise(slots=3)))]


SCHEMA_WORDS = [
    *YAML_WORDS,
    b"kind: ",
    b"number",
    b"category",
    b"thresholds",
    b"noise",
    b"levels: [",
    b"cuts: [",
    b"missing",
]
SCHEMA_WORDS += [
    b"missing_bit: true",
    b"public: true",
    b"steps: 1",
    b"lo: -1e300",
    b".nan",
    b"1e999",
    b"null",
    b"007",
    b", ",
]
SCHEMA_WORDS += [
    b"population: {",
    b"protected_forms:",
    b"true",
    b'"\\x00"',
    b'"\\ud800"',
    b"transform: log",
    b"slots: [0]",
    b"a,",
]


@functools.cache
def log_entries() -> list[bytes]:
    """What an authority records: a first epoch, a key, a refusal, a revocation."""
    engine = engines.create()
    engine.issue(engines.dense(engines.schema()), purpose="p", recipient="r")
    with contextlib.suppress(pyfe.PolicyDeniedError):
        engine.issue(engines.dense(engines.schema(), 1), purpose="p", recipient="r")
    engine.revoke([1], reason="r")
    engine.retire(1, reason="r")
    return list(engine.log().entries)


@functools.cache
def log_key() -> SigningKey:
    """Who signs the heads of the logs below."""
    return SigningKey.from_seed(bytes(32))


def head_of(entries: tuple[bytes, ...]) -> str:
    """The signed head of a log."""
    log = Frontier().followed_by(entries)
    return Checkpoint.of(log_key().public, log.size, log.root).signed(log_key())


@functools.cache
def logs() -> list[bytes]:
    """Exported logs: none, one and a few entries, empty ones among them."""
    entries = (b"created", b"", b"issued" * 20, b"refused")
    return [AuditLog(entries[:n], head_of(entries[:n]), log_key().public).to_bytes() for n in (0, 1, 4)]


def read_log(data: bytes) -> object:
    """An exported log, and what an auditor says of it."""
    shown, log = exact(AuditLog.from_bytes)(data), AuditLog.from_bytes(data)
    with contextlib.suppress(pyfe.AuditError):
        verify(log, saved=[head_of((b"created",)), AuditLog.from_bytes(logs()[2])])
    return shown, verify(log)


def change_head(data: bytes, rng: random.Random) -> bytes:
    """A changed text; half of the time rightly signed, so that what is behind the signature is reached."""
    text = mutation.text(HEAD_WORDS)(data, rng)
    body, gap, _ = text.rpartition(b"\n\n")
    if not gap or rng.random() < 0.5:
        return text
    try:
        hint = base64.b64decode(data.split()[-1])[:4]
    except (IndexError, ValueError):  # what was changed before has no signature's text
        return text
    signature = hint + log_key().sign(body + b"\n")
    return body + b"\n" + b"\n".join([b"", b" ".join([*data.split()[-3:-1], base64.b64encode(signature)]), b""])


def read_head(data: bytes) -> object:
    """A signed head: what is accepted is signed again character for character."""
    head = Checkpoint.opened(data, log_key().public)
    if head.signed(log_key()).encode() != data:
        raise BrokenPromise("a head that is not written as it would be signed was accepted")
    return head


HEAD_WORDS = [
    b"\n",
    b"\r\n",
    b"\n\n",
    "— ".encode(),
    b"-- ",
    b"=",
    b"+",
    b"/",
    b"0",
    b"-1",
    b" ",
    b"9" * 400,
    b"\0",
    b"\xff",
]
HEAD_WORDS += [b"pyfe/authority/", b"A" * 43, "٣".encode(), "\u00a0".encode(), b"281474976710656", b"281474976710657"]


def read_cbor(data: bytes) -> object:
    """Metadata: what is accepted is written again byte for byte."""
    value = cbor.loads(data, "metadata", most_items=cbor.MAX_ITEMS)
    if cbor.dumps(value) != data:
        raise BrokenPromise("metadata that is not canonical was accepted")
    return value


# -- commands --


def command(*arguments: str, files: Callable[[], dict[str, bytes]] = dict) -> Callable[[bytes], object]:
    """A command of the command line in this process; ``INPUT`` among its arguments is a file of the data, other
    capitals the files at hand. It ends with exit code 0, 1 or 2, and no exception."""

    def reader(data: bytes) -> object:
        folder = Path(tempfile.mkdtemp(prefix="pyfe-fuzz-"))
        try:
            for name, held in {"INPUT": data, "PASSPHRASE": PASSPHRASE.encode(), **files()}.items():
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(held)
            line = [str(folder / word) if word.isupper() else word for word in arguments]
            onnx = folder / "INPUT.onnx"
            if str(onnx) in line:
                onnx.write_bytes(data)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                code = run(line)
            if code not in (0, 1, 2):
                raise BrokenPromise(f"exit code {code}")
            return code
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    return reader


def hand_out() -> dict[str, bytes]:
    """Files of the people of a small project."""
    return {
        "SCHEMA": schema().to_bytes(),
        "PUBLIC": linear().public_key.to_bytes(),
        "KEY": keys()[0],
        "TABLE": TABLES[0],
        "BATCH": batches()[0],
        "FUNCTION": functions()[0].to_bytes(),
        **authority_folder(),
    }


@functools.cache
def authority_folder() -> dict[str, bytes]:
    """The files of the folder that ``pyfe issue`` opens."""
    with tempfile.TemporaryDirectory(prefix="pyfe-fuzz-") as made, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "LOG_COST", CHEAP_COST)
        folder = Path(made) / "SEALED"
        objects.authority(schema(), path=folder, passphrase=PASSPHRASE).close()
        return {f"SEALED/{file.name}": file.read_bytes() for file in folder.iterdir()}


TABLES = [
    b"age,dose,sex,stage,bmi\n30,5,f,1,20\n40,7,m,,31\n",
    b"age;dose\n1,5;2\n",
    '\ufeffage,dose\r\n"4\n0",é\r\n'.encode(),
    b"age,dose,sex,stage,bmi\n" + b"30,5,f,1,20\n41,900,m,2,18.5\n" * 8,
]
CSV_WORDS = [
    b",",
    b";",
    b"\t",
    b'"',
    b"\n",
    b"\r",
    b"\0",
    b"nan",
    b"1e999",
    b"-",
    b"<5",
    b"1,5",
    b"age",
    b"\xef\xbb\xbf",
]
CSV_WORDS += [b"\xff", b"f", b"2020-01-01", b"9" * 400, b"1e-400", "ſ".encode(), "Ⅷ".encode(), b"=1+1", b"\x1b[31m"]
JSON_WORDS = [b"[", b"]", b"{", b"}", b",", b":", b"null", b"NaN", b"Infinity", b"1e999", b"true", b'"', b"[" * 2000]
JSON_WORDS += [b'"weights"', b'"link"', b'"classes"', b'"logit"', b'"age"', b"1" * 5000, b'"\\ud800"', b"-0", b"0.1"]


@functools.cache
def models() -> list[bytes]:
    """Models in JSON."""
    line = Linear({"age": 0.02, "sex": -1.0, "stage": {"1": 0.5}}, -0.5, link="logit", classes=("no", "yes"))
    net = SquareNetwork([[1.0, -1.0]], [0.5], [[1.0]], 0.25)
    return [line.to_json().encode(), net.to_json().encode()]


@functools.cache
def graphs() -> list[bytes]:
    """Models in ONNX."""
    import onnx

    texts = [
        "agraph (double[N,5] X) => (double[N,1] z) <double[5,1] W = {1, 2, 3, 4, 5}, double[1] b = {1}> "
        "{ y = MatMul(X, W) z = Add(y, b) }",
        "agraph (double[N,5] X) => (double[N,1] z) <double[5,2] W = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1}, "
        "double[2,1] q = {1, -1}> { y = MatMul(X, W) s = Mul(y, y) z = MatMul(s, q) }",
        "agraph (float[N,5] X) => (float[N,1] z) <float[1,5] W = {1, 2, 3, 4, 5}, float[1] b = {1}> "
        "{ z = Gemm <transB = 1> (X, W, b) }",
    ]
    head = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]>\n'
    return [onnx.parser.parse_model(head + text).SerializeToString() for text in texts]


# -- tables in memory --


def read_table(data: bytes) -> object:
    """A table of the kind and the cells that the bytes choose, given to a schema and to a proposal of one."""
    rng = random.Random(data)
    table = _table(rng, data)
    with contextlib.suppress(pyfe.PyfeError):
        schema().encode(table)
    return Schema.fit(table)


CELLS: list[Any] = [
    0,
    1,
    -1,
    30,
    2**53 + 1,
    2**63,
    1.5,
    float("nan"),
    float("inf"),
    None,
    "",
    "f",
    "m",
    "1",
    "1,5",
    True,
]
CELLS += [b"f", np.float32(2), np.int8(3), np.datetime64("2020-01-01"), np.datetime64("NaT"), 1 + 2j, [1], "\ud800"]


def _table(rng: random.Random, data: bytes) -> Any:
    names = [*schema().input_columns, "other"][: rng.choice((6, 5, 5, 5, 2))]
    rows = rng.choice((0, 1, 2, 12, 12))
    columns: dict[Any, Any] = {}
    for name in names:
        cells = [rng.choice(CELLS) for _ in range(rows)] if rng.random() < 0.3 else [rng.choice(data or b"a")] * rows
        kind = rng.randrange(6)
        if kind == 1:
            cells = [str(cell) for cell in cells]
        columns[name] = cells if kind < 3 else _array(cells, rng)
    return _frame(columns, rng)


def _array(cells: list[Any], rng: random.Random) -> Any:
    kind = rng.choice((object, np.float64, np.int64, "U3", "S3", np.float16, np.bool_, np.complex128, "datetime64[s]"))
    try:
        return np.array(cells, dtype=kind)
    except (TypeError, ValueError, OverflowError, UnicodeError):
        out = np.empty(len(cells), dtype=object)
        out[:] = cells
        return out


def _crashes_arrow(cells: Any) -> bool:
    """Whether dates of numpy stand beside other cells: pyarrow 26 ends the process as it makes a column of them."""
    return len({isinstance(cell, np.datetime64) for cell in cells}) > 1


def _frame(columns: dict[Any, Any], rng: random.Random) -> Any:
    kind = rng.randrange(5)
    try:
        if kind == 1:
            import pandas

            return pandas.DataFrame(columns)
        if kind == 2 and not any(map(_crashes_arrow, columns.values())):
            import pyarrow

            return pyarrow.table({name: list(cells) for name, cells in columns.items()})
        if kind == 3:
            return np.array(list(columns.values())).T
    except Exception:  # a table that the other library does not make is none of ours
        return columns
    return columns


def bytes_(data: bytes, rng: random.Random) -> bytes:
    """Other bytes."""
    return mutation.octets(data or b"\0", rng)[:64]


SEEDED = mutation.envelope()
BY_LINEAR = mutation.envelope(sign_by(linear))

TARGETS: dict[str, Target] = {
    "schema": Target(lambda: [schema().to_bytes(), quadratic().schema.to_bytes()], SEEDED, read_schema),
    "function": Target(
        lambda: [f.to_bytes() for f in (*functions(), *quadratic_functions(), objects.network())], SEEDED, read_function
    ),
    "key": Target(lambda: [*keys(), *first_keys()], SEEDED, exact(FunctionKey.from_bytes)),
    "key-of-authority": Target(lambda: keys(), BY_LINEAR, read_key_of_an_authority),
    "revocation-list": Target(
        lambda: [linear().revocation_list().to_bytes()], BY_LINEAR, exact(RevocationList.from_bytes)
    ),
    "batch": Target(lambda: batches(), mutation.envelope(sign_by_ada), read_batch),
    "cohort": Target(lambda: cohorts(), mutation.octets, read_cohort),
    "chunk-head": Target(lambda: chunk_heads(), mutation.cbor, exact(Head.from_bytes)),
    "score-proof": Target(lambda: score_proofs(), mutation.envelope(sign_by_ada), exact(ScoreProof.from_bytes)),
    "public-key": Target(
        lambda: [linear().public_key.to_bytes(), quadratic().public_key.to_bytes()],
        BY_LINEAR,
        exact(PublicKey.from_bytes),
    ),
    "sealed": Target(lambda: sealed_seeds(), reseal, read_sealed),
    "ledger": Target(lambda: [old_files.ledger_of(a) for a in (linear(), quadratic())], mutation.cbor, read_ledger),
    "policy": Target(
        lambda: [cbor.dumps(p.to_dict()) for p in (Policy.default(), Policy.unrestricted(reason="r"))],
        mutation.cbor,
        read_policy,
    ),
    "identity": Target(lambda: identities(), mutation.envelope(sign_by_ada), exact(Identity.from_bytes)),
    "statement": Target(lambda: statements(), mutation.envelope(sign_by_ada), read_statement),
    "sealed-key": Target(lambda: [key_for_ada()], SEEDED, read_sealed_key),
    "sealed-identity": Target(lambda: [identity_file()], SEEDED, read_identity_file),
    "epoch-table": Target(
        lambda: epoch_tables(), mutation.envelope(lambda message: people_signing_key().sign(message)), read_epoch_table
    ),
    "sealed-owner": Target(lambda: [owner_file()], SEEDED, read_owner_file),
    "policy-file": Target(lambda: [people.yaml().encode()], mutation.text(YAML_WORDS), read_policy_file),
    "schema-file": Target(lambda: schema_files(), mutation.text(SCHEMA_WORDS), read_schema_file),
    "policy-map": Target(
        lambda: [cbor.dumps(people.policy().to_dict())],
        mutation.cbor,
        lambda data: PolicyFile.from_dict(cbor.loads(data, "policy")).explain(),
    ),
    "log-entry": Target(lambda: log_entries(), mutation.cbor, lambda data: encode_entry(decode_entry(data)) == data),
    "audit-log": Target(lambda: logs(), SEEDED, read_log),
    "checkpoint": Target(lambda: [head_of((b"a",) * n).encode() for n in (0, 1, 12)], change_head, read_head),
    "cbor": Target(
        lambda: [cbor.dumps(schema().to_dict()), cbor2.dumps([[1, -1], {"a": b"x"}])], mutation.cbor, read_cbor
    ),
    "any": Target(lambda: [*keys(), *batches()[:2], *logs(), schema().to_bytes()], SEEDED, decode),
    "table": Target(lambda: [bytes(range(32)), b"table"], bytes_, read_table),
    "cli-schema-fit": Target(
        lambda: TABLES, mutation.text(CSV_WORDS), command("schema", "fit", "INPUT", "--output", "OUT")
    ),
    "cli-encrypt-table": Target(
        lambda: TABLES,
        mutation.text(CSV_WORDS),
        command("encrypt", "INPUT", "-p", "PUBLIC", "-o", "OUT", files=hand_out),
    ),
    "cli-encrypt-key": Target(
        lambda: [linear().public_key.to_bytes()],
        BY_LINEAR,
        command("encrypt", "TABLE", "-p", "INPUT", "-o", "OUT", files=hand_out),
    ),
    "cli-evaluate-batch": Target(
        lambda: batches(), SEEDED, command("evaluate", "INPUT", "-k", "KEY", "-o", "OUT", files=hand_out)
    ),
    "cli-evaluate-key": Target(
        lambda: keys(),
        BY_LINEAR,
        command("evaluate", "BATCH", "-k", "INPUT", "-p", "PUBLIC", "-o", "OUT", files=hand_out),
    ),
    "cli-compile-json": Target(
        lambda: models(),
        mutation.text(JSON_WORDS),
        command("compile", "INPUT", "-s", "SCHEMA", "-o", "OUT", files=hand_out),
    ),
    "cli-compile-onnx": Target(
        lambda: graphs(),
        mutation.octets,
        command("compile", "INPUT.onnx".upper(), "-s", "SCHEMA", "-o", "OUT", files=hand_out),
    ),
    "cli-compile-schema": Target(
        lambda: [schema().to_bytes()],
        SEEDED,
        command("compile", "MODEL", "-s", "INPUT", "-o", "OUT", files=lambda: {"MODEL": models()[0]}),
    ),
    "cli-issue-function": Target(
        lambda: [f.to_bytes() for f in functions()],
        SEEDED,
        command(
            *("issue", "INPUT", "-a", "SEALED", "-o", "OUT", "--purpose", "p", "--passphrase-file", "PASSPHRASE"),
            files=hand_out,
        ),
    ),
    "cli-info": Target(lambda: [*keys(), *batches(), schema().to_bytes()], SEEDED, command("info", "INPUT")),
}
