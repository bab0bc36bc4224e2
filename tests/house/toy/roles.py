"""Three roles of one scheme, whose short name is given, in a package that lies in the folder given first.

roles.py FOLDER bytes|slices|cohorts SCHEME: bytes, arithmetic and files of every object in this process; prints "ok".
roles.py FOLDER pyfe ARGUMENT ...: the command line.
"""

import itertools
import sys
from dataclasses import replace
from pathlib import Path

FOLDER = Path(sys.argv[1])
# An editable install finds its own sources first, whatever the path says.
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in type(finder).__module__.lower()]
sys.path.insert(0, str(FOLDER))

import numpy as np  # noqa: E402

import pyfe  # noqa: E402
from pyfe import objects  # noqa: E402
from pyfe.cli import main  # noqa: E402
from pyfe.cohorts import Chunk, open_cohort, places, write_part  # noqa: E402
from pyfe.identity import IdentitySecret  # noqa: E402

assert Path(pyfe.__file__).is_relative_to(FOLDER), pyfe.__file__
PASSPHRASE = "correct horse battery"


def story(scheme, path=None):
    """An authority of two columns, two functions, their key, and eleven rows."""
    schema = pyfe.Schema.from_ranges({"a": (0, 9), "b": (-4, 4), "c": ["no", "yes"]}, bits=4)
    unlimited = pyfe.Policy.unrestricted(reason="a test")
    durable = {} if path is None else {"path": path, "passphrase": PASSPHRASE}
    authority = pyfe.KeyAuthority.create(schema, scheme=scheme, policy=unlimited, **durable)
    weights = np.arange(1, 2 * schema.n + 1).reshape(2, -1) * (-1) ** np.arange(schema.n)
    function = pyfe.Function.from_integers(schema, weights, [5, -6])
    rng = np.random.default_rng(7)
    rows = {"a": rng.integers(0, 10, 11), "b": rng.integers(-4, 5, 11), "c": rng.choice(["no", "yes"], 11)}
    return authority, function, authority.issue(function, purpose="toy"), rows


def check_bytes(scheme):
    """Every object: from its bytes again, and refused when a byte is missing, added or changed."""
    path = FOLDER / f"authority of {scheme}"
    authority, function, key, rows = story(scheme, path)
    public = authority.public_key
    batch = public.encrypt(rows)
    expected = function.evaluate(rows)
    sums = [batch.weighted_sum(np.arange(11))] if public.adapter.additive else []
    for item in (authority.schema, function, public, key, batch, batch[3:6], *sums):
        data = item.to_bytes()
        for again in (type(item).from_bytes(data), objects.decode(data)):
            assert type(again) is type(item) and again.to_bytes() == data and again.id == item.id
        for wrong in (data[:-1], data + b"\0", data[:90] + bytes([data[90] ^ 1]) + data[91:]):
            try:
                type(item).from_bytes(wrong)
            except pyfe.PyfeError:
                continue
            raise AssertionError(f"{type(item).__name__}: other bytes were accepted")
    restored = pyfe.FunctionKey.from_bytes(key.to_bytes(), public_key=public)
    sent = pyfe.CiphertextBatch.from_bytes(pyfe.PublicKey.from_bytes(public.to_bytes()).encrypt(rows).to_bytes())
    assert restored.verified and np.array_equal(restored.decrypt(sent), expected)
    opened = pyfe.KeyAuthority.open(path, passphrase=PASSPHRASE)
    assert opened.public_key == public and len(opened.issued) == 1
    assert np.array_equal(opened.issue(function, purpose="again").decrypt(batch), expected)


def check_slices(scheme):
    """Every slice is exact, across blocks and inside one; so are joins and, where rows add up, their sums."""
    authority, function, key, rows = story(scheme)
    batch, expected = authority.public_key.encrypt(rows), function.evaluate(rows)
    for start, stop in itertools.combinations(range(len(batch) + 1), 2):
        part = batch[start:stop]
        assert len(part) == stop - start and np.array_equal(key.decrypt(part), expected[start:stop])
    assert len(batch[4:4]) == 0 and len(batch[2:6][1:3]) == 2
    assert np.array_equal(key.decrypt(batch[2:6][1:3]), expected[3:5])
    joined = pyfe.CiphertextBatch.concat([batch[7:], batch[1:2], batch[:3]], allow_duplicates=True)
    assert np.array_equal(key.decrypt(joined), np.concatenate([expected[7:], expected[1:2], expected[:3]]))
    if authority.public_key.adapter.additive:
        sums = expected[1:4] - 3 * expected[6:9]
        assert np.array_equal(key.decrypt(batch[1:4] - 3 * batch[6:9]), sums)
        weights = np.arange(-5, 6)
        assert np.array_equal(key.decrypt(batch.weighted_sum(weights)), (weights @ expected)[None])
    for refused in ({"client": 0}, {"label": "week 31"}):
        try:
            authority.public_key.encrypt(rows, **refused)
        except pyfe.ParameterError as error:
            assert f"takes no {next(iter(refused))}" in str(error)
        else:
            raise AssertionError(f"{refused} was taken")


def check_cohorts(scheme):
    """Chunks of whole blocks, and others, written and read: the values joined end the native payload."""
    authority, function, key, rows = story(scheme)
    batch, expected = authority.public_key.encrypt(rows), function.evaluate(rows)
    signer, path, adapter = IdentitySecret.generate("toy"), FOLDER / f"{scheme}.parquet", batch.adapter
    for rows_a_chunk in (adapter.block_rows, 8, 3, 11):
        spans = [(place, batch[place.first_row : place.first_row + n]) for place, n in places(len(batch), rows_a_chunk)]
        chunks = [Chunk(place, part).signed(signer) for place, part in spans]
        write_part(path, chunks)
        read = list(open_cohort(path).chunks(signed_by=signer.identity))
        assert [c.batch.to_bytes() for c in read] == [c.batch.to_bytes() for c in chunks]
        assert np.array_equal(np.concatenate([key.decrypt(c.batch) for c in read]), expected)
        for chunk in chunks:
            shared, width, body = adapter.row_form(chunk.batch.native)
            assert width == adapter.row_width(chunk.batch.native) and sum(map(len, body)) == width * len(chunk)
            assert adapter.payload(shared, body) == bytes(chunk.batch.native.to_bytes())
    try:
        write_part(path, [replace(chunks[0], signature=replace(chunks[0].signature, value=bytes(64)))])
        list(open_cohort(path).chunks())
    except pyfe.SignatureError:
        return
    raise AssertionError("another signature was accepted")


if __name__ == "__main__":
    what, *rest = sys.argv[2:]
    if what == "pyfe":
        sys.exit(main(rest))
    {"bytes": check_bytes, "slices": check_slices, "cohorts": check_cohorts}[what](*rest)
    print("ok")
