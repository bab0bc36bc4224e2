"""What the commands share: results as a table or as JSON, progress bars, passphrases."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pyfe.errors import DecodeError, KeyMismatchError, ParameterError
from pyfe.io import Table as CsvTable
from pyfe.io import read_bytes, read_table, read_text

__all__ = [
    "AsJson",
    "Decimal",
    "Delimiter",
    "PassphraseFile",
    "load",
    "passphrase_from",
    "progress",
    "read_csv",
    "show",
]

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
Delimiter = Annotated[
    str | None,
    typer.Option(
        metavar="SIGN", help='Sign between the cells of the CSV file (or "tab"); found in the file if not given.'
    ),
]
Decimal = Annotated[
    str | None, typer.Option(metavar="SIGN", help='Decimal sign of the CSV file, "." or ","; found in it if not given.')
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="File with the authority's passphrase (one line). Asked for if not given."),
]


def show(title: str, values: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a result: JSON on stdout with ``as_json``, else a table of two columns, and fingerprints unbroken below."""
    if as_json:
        print(json.dumps(values, default=_plain))
        return
    table = Table(title=title, title_justify="left", title_style="bold", show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    prints = {name: value for name, value in values.items() if name.endswith("fingerprint")}
    for name, value in values.items():
        if name in prints:
            continue
        table.add_row(name.replace("_", " "), escape(_text(value)))
    Console(soft_wrap=False).print(table)
    for name, value in prints.items():
        print(f"{name.replace('_', ' ')} {value}")


def load(file: Path, read: Callable[[bytes], T]) -> T:
    """What ``read`` makes of the file's bytes; its errors name the file."""
    data = read_bytes(file)
    try:
        return read(data)
    except (DecodeError, KeyMismatchError) as error:
        raise type(error)(f"{file}: {error}") from error


def read_csv(file: Path, delimiter: str | None, decimal: str | None) -> CsvTable:
    """A CSV file. Commands say with which signs it was read (``Table.signs``), as nobody may have stated them."""
    stated = {"tab": "\t", "\\t": "\t"}.get(delimiter or "", delimiter)
    return read_table(file, delimiter=stated, decimal=decimal)


def progress(total: int, chunk: int, what: str, *, quiet: bool) -> Iterator[tuple[int, int]]:
    """Chunks ``(start, stop)`` of ``total`` rows, with a bar on stderr while the caller works on them."""
    spans = [(start, min(start + chunk, total)) for start in range(0, total, chunk)] or [(0, 0)]
    console = Console(stderr=True)
    if quiet or len(spans) == 1 or not console.is_terminal:
        yield from spans
        return
    columns = TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        for start, stop in spans:
            yield start, stop
            bar.update(task, completed=stop)


def passphrase_from(file: Path | None, *, confirm: bool = False) -> str:
    """The passphrase: the first line of the file, or asked for on the terminal."""
    if file is not None:
        lines = read_text(file).splitlines()
        if len(lines) != 1 or not lines[0]:
            raise ParameterError(f"{file}: a passphrase file has exactly one line, not empty")
        return lines[0]
    if not sys.stdin.isatty():
        raise ParameterError("there is no terminal to ask for the passphrase on; give --passphrase-file")
    answer: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    return answer


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value) or "none"
    return str(value)


def _plain(value: Any) -> Any:
    """numpy scalars and paths for JSON."""
    return value.item() if hasattr(value, "item") else str(value)
