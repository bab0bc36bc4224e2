"""Scores of encrypted rows as other programs hand them out: batches of any cut, columns of any kind of bytes."""

from __future__ import annotations

import pickle
import shutil
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe.cohorts import batches, write_part
from pyfe.cohorts.batches import BatchScorer
from tests.unit import objects
from tests.unit.cohort_rows import authority, batch, chunks_of, encrypted, function_key, written

pa = pytest.importorskip("pyarrow")
from pyarrow import parquet  # noqa: E402

ROWS = 50


@cache
def scorer() -> BatchScorer:
    return BatchScorer(function_key().to_bytes(), authority().public_key.to_bytes())


@pytest.fixture
def table(tmp_path: Path) -> Any:
    """A cohort as a program reads it that knows no type of ours."""
    read = parquet.read_table(written(tmp_path))
    at = read.schema.get_field_index("ct")
    storage = pa.chunked_array([chunk.storage for chunk in read["ct"].chunks])
    return read.set_column(at, "ct", storage).replace_schema_metadata(None).combine_chunks()


def scores_of(made: Any) -> list[int]:
    return pa.Table.from_batches(made)["score"].to_pylist()


@pytest.mark.parametrize("kind", ["fixed", "binary", "large_binary"])
def test_scores_are_those_of_the_batch_however_it_is_cut(
    table: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = function_key().decrypt(batch()).tolist()
    if kind != "fixed":
        cells = table["ct"].cast(getattr(pa, kind)())
        table = table.set_column(0, "ct", cells)
    for size in (ROWS, 7, 1):
        pieces = table.to_batches(max_chunksize=size)
        assert max(piece.column(0).offset for piece in pieces) > 0 or size == ROWS
        assert scores_of(scorer().score_batches(pieces)) == expected
    monkeypatch.setattr(batches, "ROWS", 8)
    made = list(scorer().score_batches([table.to_batches()[0]]))
    assert [len(each) for each in made] == [8] * 6 + [2] and scores_of(made) == expected


def test_rows_may_come_in_any_order_and_without_what_is_beside_them(table: Any) -> None:
    expected = function_key().decrypt(batch())
    order = np.random.default_rng(1).permutation(ROWS)[:33]
    some = table.take(order).select(["ct"])
    [made] = scorer().score_batches(some.combine_chunks().to_batches())
    assert made.schema.names == ["score", "decision"]
    assert made["score"].to_pylist() == expected[order].tolist()
    assert made["decision"].to_pylist() == function_key().readout.decision_function(expected[order]).tolist()


def test_other_columns_are_carried(table: Any) -> None:
    schema = scorer().schema(table.schema)
    assert schema.names == ["row", "id", "ward", "visits", "dose", "smoker", "score", "decision"]
    made = pa.Table.from_batches(scorer().score_batches(table.to_batches()))
    assert made.schema.equals(schema)
    assert made.select(["row", "id", "ward", "dose"]).equals(table.select(["row", "id", "ward", "dose"]))
    assert list(scorer().score_batches(iter(()))) == []
    assert list(scorer().score_batches([table.slice(0, 0).to_batches(max_chunksize=1)][0])) == []


def test_classes_and_several_functions_have_their_columns(tmp_path: Path) -> None:
    public = authority().public_key
    two = authority().issue(pyfe.Function.from_integers(authority().schema, [[3, -2], [1, 1]]), purpose="two")
    several = BatchScorer(two.to_bytes(), public.to_bytes())
    model = pyfe.Linear({"a": 1.0, "b": -0.5}, intercept=-0.25, link="logit")
    key = authority().issue(pyfe.compile(model, authority().schema), purpose="classes")
    classes = BatchScorer(key.to_bytes(), public.to_bytes())
    given = parquet.read_table(written(tmp_path)).to_batches()
    made = pa.Table.from_batches(several.score_batches(given))
    assert made.select(["score[0]", "score[1]"]).to_pandas().to_numpy().tolist() == two.decrypt(batch()).tolist()
    made = pa.Table.from_batches(classes.score_batches(given))
    assert made["prediction"].to_pylist() == key.predict(batch()).tolist()
    probabilities = key.predict_proba(batch())
    names = [name for name in made.schema.names if name.startswith("probability")]
    assert made.select(names).to_pandas().to_numpy().tolist() == probabilities.tolist()
    of, scored = classes.column("prediction")
    assert (
        scored(pa.chunked_array([given[0]["ct"].storage])).to_pylist() == key.predict(batch()).tolist()[: len(given[0])]
    )
    assert of == made.schema.field("prediction").type


def test_it_travels_as_bytes_and_opens_keys_once(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = pickle.dumps(scorer())
    assert len(sent) < len(function_key().to_bytes()) + len(authority().public_key.to_bytes()) + 500
    again, opened = pickle.loads(sent), list[int]()
    read = pyfe.FunctionKey.from_bytes

    def noted(data: bytes, **options: Any) -> Any:
        opened.append(len(data))
        return read(data, **options)

    monkeypatch.setattr(pyfe.FunctionKey, "from_bytes", noted)
    assert scores_of(again.score_batches(table.to_batches())) == function_key().decrypt(batch()).tolist()
    assert opened == [] and again.key.verified
    assert function_key().to_bytes().hex()[:32] not in repr(again) + repr(vars(again))


def test_what_are_no_rows_is_refused(table: Any) -> None:
    def refused(kind: type[Exception], words: str, given: Any, by: BatchScorer | None = None) -> None:
        with pytest.raises(kind, match=words):
            list((by or scorer()).score_batches(given.combine_chunks().to_batches()))

    refused(pyfe.ParameterError, "column 'ct'", table.drop_columns(["ct"]))
    refused(
        pyfe.ParameterError,
        "'score' is called as",
        table.rename_columns(["ct", "head", "chunk", "row", "id", *"abc", "score"]),
    )
    cells = table["ct"].to_pylist()
    short = pa.array([cell[:-1] for cell in cells], pa.binary())
    refused(pyfe.DecodeError, "from row 0 on.* 128 bytes", table.set_column(0, "ct", short))
    none = pa.array([*cells[:-1], None], pa.binary(128))
    refused(pyfe.DecodeError, "missing", table.set_column(0, "ct", none))
    bad = pa.array([*cells[:9], b"\xff" * 128, *cells[10:]], pa.binary(128))
    refused(pyfe.DecodeError, "from row 0 on.*row 9", table.set_column(0, "ct", bad))
    moved = pa.array([cells[0][:32] + cells[1][32:], *cells[1:]], pa.binary(128))  # C of one row, the rest of another
    refused(pyfe.OutOfRangeError, "from row 0 on", table.set_column(0, "ct", moved))
    other = objects.authority(objects.small_schema())
    key = other.issue(pyfe.Function.from_integers(other.schema, [3, -2], 5), purpose="another")
    stranger = BatchScorer(key.to_bytes(), other.public_key.to_bytes())
    refused(pyfe.KeyMismatchError, "different public keys", table, stranger)
    refused(pyfe.OutOfRangeError, "from row 0 on", table.select(["ct"]), stranger)
    with pytest.raises(pyfe.KeyMismatchError):
        BatchScorer(key.to_bytes(), authority().public_key.to_bytes())


def test_rows_that_do_not_stand_alone_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(function_key().adapter), "block_rows", 8)
    with pytest.raises(pyfe.UnsupportedError, match="do not stand alone"):
        BatchScorer(function_key().to_bytes(), authority().public_key.to_bytes())


def test_quadratic_rows_stand_alone() -> None:
    made = objects.authority(objects.small_schema(), scheme="qfe-ggm")
    key = made.issue(objects.quadratic(made.schema), purpose="a test")
    rows = made.public_key.encrypt({"a": [1, 3, 0], "b": [0, 1, 1]})
    form = rows.adapter.row_form(rows.native)
    cells = pa.array([bytes(memoryview(b"".join(form.body))[i * form.width :][: form.width]) for i in range(3)])
    by = BatchScorer(key.to_bytes(), made.public_key.to_bytes())
    assert by.scores(cells).tolist() == key.decrypt(rows).tolist()


# -- engines of others --


def test_duckdb_scores_in_sql(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is installed at night: make nightly")
    from pyfe.cluster.duckdb import register

    many = 5000  # DuckDB hands out 2,048 rows at a time
    rows = encrypted(many)
    write_part(tmp_path / "rows.parquet", chunks_of(rows, signed=False, rows_a_chunk=512))
    connection = duckdb.connect()
    register(connection, scorer())
    register(connection, scorer(), "decided", "decision")
    asked = f"SELECT row, pyfe_score(ct), decided(ct) FROM '{tmp_path / 'rows.parquet'}' ORDER BY row"
    found = connection.sql(asked).fetchall()
    expected = function_key().decrypt(rows)
    assert found == list(zip(range(many), expected, function_key().readout.decision_function(expected), strict=True))
    with pytest.raises(duckdb.Error, match=r"from row 0 on.*128 bytes"):
        connection.sql("SELECT pyfe_score('abc'::BLOB)").fetchall()
    with pytest.raises(pyfe.ParameterError, match="there are score, decision"):
        register(connection, scorer(), column="risk")


@pytest.mark.slow
def test_spark_scores_a_data_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = pytest.importorskip("pyspark.sql", reason="Spark is installed at night: make nightly")
    if shutil.which("java") is None:
        pytest.skip("Spark needs a Java runtime: apt-get install openjdk-17-jre-headless")
    from pyfe.cluster.spark import scored

    for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"):
        monkeypatch.setenv(name, sys.executable)
    monkeypatch.setenv("PYTHONPATH", str(Path(pyfe.__file__).parents[1]))
    many = 5000
    rows = encrypted(many)
    write_part(tmp_path / "rows.parquet", chunks_of(rows, signed=False, rows_a_chunk=512))
    settings = {
        "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "700", "spark.driver.memory": "1g",
        "spark.local.dir": str(tmp_path), "spark.sql.warehouse.dir": str(tmp_path),
    }  # fmt: skip
    session = sql.SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    try:
        frame = session.read.parquet(str(tmp_path / "rows.parquet")).repartition(3)
        found = {line["row"]: line for line in scored(frame, scorer()).collect()}
    finally:
        session.stop()
    expected = function_key().decrypt(rows)
    assert [found[row]["score"] for row in range(many)] == expected.tolist()
    assert found[1]["id"] == "P-1, größe" and set(found[1].asDict()) >= {"ward", "decision"}
