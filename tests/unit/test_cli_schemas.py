"""``pyfe schema show``, ``from``, ``describe``, ``diff`` and ``fit --range``, over files."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

import pyfe
from pyfe import KeyAuthority, Policy, Schema
from pyfe.cli import main
from tests.unit.test_cli import COLUMNS, Story, story

__all__ = ["story"]

SCHEMA = Schema.from_ranges(
    {
        "age": pyfe.number(18, 100, step=1),
        "bmi": (10, 60),
        "größe": pyfe.category(["klein", "groß", "\U0001f600", "no"]),
        "crp": pyfe.number(0.1, 500, transform="log", missing="bit"),
    },
    public=["age"],
    protected_forms={"gap": {"age": 1, "bmi": -1}},
)


@pytest.fixture
def schema(story: Story) -> Schema:
    Path("schema").write_bytes(SCHEMA.to_bytes())
    rows = ["17,20,klein,1", "30,80,groß,", "40,9,no,2", "50,30,mittel,3"]
    Path("rows.csv").write_text("\n".join(["age,bmi,größe,crp", *rows]) + "\n")
    return SCHEMA


def printed(story: Story, *arguments: str, code: int = 0) -> str:
    story.capsys.readouterr()
    assert main([*arguments]) == code, story.capsys.readouterr().err
    return story.capsys.readouterr().out


def test_out_and_in(story: Story, schema: Schema) -> None:
    text = printed(story, "schema", "show", "schema")
    assert text == schema.to_yaml()
    Path("schema.yaml").write_text(text)
    made = story.run("schema", "from", "schema.yaml", "-o", "again")
    assert Path("again").read_bytes() == Path("schema").read_bytes()
    assert (
        made["id"] == schema.id.hex() and made["coordinates"] == schema.n and list(made["columns"]) == [*schema.columns]
    )
    shown = story.run("schema", "show", "schema")
    assert shown == {"schema": "schema", "id": schema.id.hex(), "yaml": text}
    assert "age    number 18 to 100 in 82 steps" in printed(story, "schema", "from", "schema.yaml", "-o", "again")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_nothing_is_lost_on_a_terminal_of_few_signs(
    story: Story, schema: Schema, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """What the encoding lacks is printed as its number, which YAML reads again in quotes."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["schema", "show", "schema"]) == 0
    data = stream.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert Schema.from_yaml(data).to_bytes() == schema.to_bytes()


def test_a_public_key_holds_a_schema_too(story: Story, schema: Schema) -> None:
    authority = KeyAuthority.create(schema, policy=Policy.unrestricted(reason="x"))
    Path("public").write_bytes(authority.public_key.to_bytes())
    assert printed(story, "schema", "show", "public") == schema.to_yaml()
    story.run("schema", "from", "public", "-o", "again")
    assert Path("again").read_bytes() == Path("schema").read_bytes()
    assert story.run("schema", "diff", "public", "schema")["same"] is True


def test_edited(story: Story, schema: Schema) -> None:
    text = printed(story, "schema", "show", "schema").replace("hi: 100, step: 1", "hi: 120, step: 1")
    Path("schema.yaml").write_text(text)
    story.run("schema", "from", "schema.yaml", "-o", "wider")
    assert Schema.from_bytes(Path("wider").read_bytes()).columns["age"] == pyfe.number(18, 120, step=1, public=True)
    found = story.run("schema", "diff", "schema", "wider", code=1)
    assert found["same"] is False and found["first"] == {"schema": "schema", "id": schema.id.hex()}
    assert found["differences"] == [{"name": "age", "what": "hi", "first": "100", "second": "120"}]
    table = printed(story, "schema", "diff", "schema", "schema.yaml", code=1).splitlines()
    assert [line.split() for line in table[1:]] == [
        ["column", "what", "schema", "schema.yaml"],
        ["age", "hi", "100", "120"],
    ]
    same = story.run("schema", "diff", "wider", "schema.yaml")
    assert same["same"] is True and same["differences"] == [] and same["first"]["id"] == same["second"]["id"]
    assert "are the same schema" in printed(story, "schema", "diff", "wider", "schema.yaml")


def test_described(story: Story, schema: Schema) -> None:
    said = story.run("schema", "describe", "schema")
    assert (said["id"], said["coordinates"]) == (schema.id.hex(), schema.n) and "rows" not in said
    assert said["columns"][1] == {
        "name": "bmi", "kind": "number", "values": "10 to 60", "scale": "identity", "levels": 256, "coordinates": 1,
        "absent": "refused", "public": False, "protected": False, "bits": 8.0,
        "words": {"kind": "number", "lo": 10.0, "hi": 60.0, "bits": 8},
    }  # fmt: skip
    assert said["columns"][2]["words"]["levels"] == ["klein", "groß", "\U0001f600", "no"]
    assert said["protected_forms"] == ["gap"] and said["publishes"] is False
    table = printed(story, "schema", "describe", "schema").splitlines()
    assert (
        table[0] == f"Schema schema: {schema.n} coordinates" and len(table) == 7 and table[6] == "protected forms: gap"
    )
    assert table[2].split() == ["age", "number", "18", "to", "100", "83", "6.375", "refused", "public"]
    assert "number (log)" in table[5] and "  bit " in table[5]


def test_described_with_a_table(story: Story, schema: Schema) -> None:
    said = story.run("schema", "describe", "schema", "rows.csv")
    assert said["rows"] == 4 and said["table"] == "rows.csv" and "delimiter ','" in said["read_with"]
    counts = [[c[word] for word in ("name", "missing", "clipped", "clipped_share", "refused")] for c in said["columns"]]
    assert counts == [
        ["age", 0, 1, 0.25, {}],
        ["bmi", 0, 2, 0.5, {}],
        ["größe", 0, 0, 0.0, {"not a level": 1}],
        ["crp", 1, 0, 0.0, {}],
    ]
    table = printed(story, "schema", "describe", "schema", "rows.csv").splitlines()
    assert table[1].split()[-3:] == ["missing", "clipped", "refused"]
    assert table[3].endswith("0        2 (50 %)  0") and table[4].endswith("1 not a level")
    with_constant = Schema({**SCHEMA.columns, "one": pyfe.constant(1)})
    Path("constant").write_bytes(with_constant.to_bytes())
    assert printed(story, "schema", "describe", "constant", "rows.csv").splitlines()[-1].split()[-3:] == ["-"] * 3


def test_described_with_what_it_publishes(story: Story) -> None:
    rows = [f"{30 + i % 50},{20 + i % 20}" for i in range(200)]
    Path("people.csv").write_text("\n".join(["age,bmi", *rows]) + "\n")
    Path("plain").write_bytes(Schema.from_ranges({"age": (0, 100), "bmi": (10, 60)}, bits=4).to_bytes())
    story.run("schema", "publish", "plain", "people.csv", "-o", "published")
    assert story.run("schema", "describe", "published")["publishes"] is True
    assert "publishes shares of the population" in printed(story, "schema", "describe", "published").splitlines()[-1]
    (found,) = story.run("schema", "diff", "plain", "published", code=1)["differences"]
    assert found == {"name": "", "what": "population", "first": None, "second": "published"}
    Path("published.yaml").write_text(printed(story, "schema", "show", "published"))
    story.run("schema", "from", "published.yaml", "-o", "again")
    assert Path("again").read_bytes() == Path("published").read_bytes()


def test_described_with_sums(story: Story, schema: Schema) -> None:
    Path("summed").write_bytes(schema.with_sum_w(12).to_bytes())
    assert story.run("schema", "describe", "schema")["sum_w"] == 1
    assert story.run("schema", "describe", "summed")["sum_w"] == 12
    assert "sum_w" not in printed(story, "schema", "describe", "schema")
    assert printed(story, "schema", "describe", "summed").splitlines()[-1].startswith("sum_w: 12, ")
    (found,) = story.run("schema", "diff", "schema", "summed", code=1)["differences"]
    assert found == {"name": "", "what": "sum_w", "first": "1", "second": "12"}


def test_strange_names_are_printed_harmlessly(story: Story) -> None:
    strange = Schema.from_ranges({"\x1b[31m": ["\u202e", "b"], "x": (0, 1)})
    Path("strange").write_bytes(strange.to_bytes())
    for command in (["show", "strange"], ["describe", "strange"]):
        out = printed(story, "schema", *command)
        assert "\x1b" not in out and "\u202e" not in out and "\\x1b[31m" in out
    assert Schema.from_yaml(printed(story, "schema", "show", "strange")) == strange


def test_what_is_wrong_is_named_and_nothing_left(story: Story, schema: Schema) -> None:
    Path("bad.yaml").write_text(schema.to_yaml().replace("step: 1", "stap: 1"))
    kind, message = story.fails("schema", "from", "bad.yaml", "-o", "out")
    assert kind == "DecodeError" and message.startswith(
        "bad.yaml: schema file, line 3: 'stap' is no word of columns.age"
    )
    Path("other").write_bytes(pyfe.Function.from_integers(schema, [1] * schema.n).to_bytes())
    assert "a function, not a schema" in story.fails("schema", "from", "other", "-o", "out")[1]
    Path("binary").write_bytes(bytes(range(128, 256)))
    assert "line 1: it is not UTF-8 text" in story.fails("schema", "show", "binary")[1]
    assert "cannot read nowhere" in story.fails("schema", "diff", "schema", "nowhere")[1]
    assert story.fails("schema", "describe", "schema", "train.csv")[0] == "ParameterError"
    assert not Path("out").exists()
    kind, message = story.fails("schema", "from", "bad.yaml", "-o", "bad.yaml", "--force")
    assert "that this command reads" in message
    Path("good.yaml").write_text(schema.to_yaml())
    assert "is not a schema" in story.fails("schema", "from", "good.yaml", "-o", "rows.csv")[1]


def test_fit_takes_what_is_known(story: Story) -> None:
    def fit(*options: str) -> list[str]:
        return ["schema", "fit", "train.csv", "-o", "schema", "--exclude", "id", *options]

    lines = Path("train.csv").read_text().splitlines()
    coded = [f"{line},{'sex' if not i else i % 2 + 1}" for i, line in enumerate(lines)]
    Path("train.csv").write_text("\n".join(coded) + "\n")
    made = story.run(*fit("--range", "c0=-10:120.5", "--category", "sex=1,2,3", "--bits", "6", "--range", "c1=0:1e3"))
    assert made["columns"]["c0"] == "number -10 to 120.5 in 63 steps"
    assert made["columns"]["c1"] == "number 0 to 1000 in 63 steps"
    assert made["columns"]["sex"] == "category 1, 2, 3"
    story.run(*fit("--levels", "sex=1,2,3", "--bits", "6", "--range", "c0=-10:120.5", "--range", "c1=0:1000"))
    again = Schema.from_bytes(Path("schema").read_bytes())
    assert again.id.hex() == made["id"] and list(again.columns) == [*COLUMNS, "sex"]
    for wrong, said in (
        ("c0", "COLUMN=LO:HI"), ("c0=", "COLUMN=LO:HI"), ("c0=5", "COLUMN=LO:HI"), ("=0:1", "COLUMN=LO:HI"),
        ("c0=0:nan", "COLUMN=LO:HI"), ("c0=0:1e999", "COLUMN=LO:HI"), ("c0=0,5:1", "sign is a point: 0.5:1"),
        ("c0=0:1:2", "COLUMN=LO:HI"), ("c0=5:1", "finite lo < hi"), ("none=0:1", "there is no column 'none'"),
    ):  # fmt: skip
        kind, message = story.fails(*fit("--range", wrong))
        assert kind == "ParameterError" and said in message, wrong
    assert "twice" in story.fails(*fit("--range", "c0=0:1", "--range", "c0=0:2"))[1]
    assert "levels and a range" in story.fails(*fit("--range", "sex=1:2", "--category", "sex=1,2"))[1]


def test_a_column_with_the_sign_in_its_name(story: Story) -> None:
    Path("t.csv").write_text("a=b,c:d\n" + "".join(f"{i % 7},{i}.5\n" for i in range(20)))
    made: Any = story.run("schema", "fit", "t.csv", "-o", "s", "--range", "a=b=0:9", "--range", "c:d=0:50")
    assert made["columns"] == {"a=b": "number 0 to 9 in 9 steps", "c:d": "number 0 to 50 in 255 steps"}
