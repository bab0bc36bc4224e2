"""What the commands share: results as text or as JSON, progress bars, passphrases, and what a terminal is shown.

Text of users and files is printed as it is, and never means anything to a terminal: no markup, and every character
that does not print (escape sequences, line ends, changes of direction) stands as its number.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO, TypeVar

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from pyfe.arrays import AnyArray
from pyfe.ciphertext import CiphertextBatch
from pyfe.errors import DecodeError, KeyMismatchError, ParameterError
from pyfe.io import Table, encode_table, read_object, read_text
from pyfe.keys import PublicKey
from pyfe.schema import Schema
from pyfe.text import printable

__all__ = [
    "AsJson",
    "Force",
    "NewPassphraseFile",
    "OwnPassphrase",
    "PassphraseFile",
    "as_text",
    "complain",
    "in_words",
    "load",
    "meter",
    "passphrase_from",
    "passphrases_from",
    "plain_warnings",
    "progress",
    "read_head",
    "reference_rows",
    "say",
    "say_json",
    "show",
    "show_table",
    "text_option",
    "text_options",
]

T = TypeVar("T")

LARGE = 2**28
"""Bytes of a file beyond which an object is read where it lies."""

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
Force = Annotated[
    bool,
    typer.Option("--force", help="Replace a file of another kind; never an input of this command or an authority."),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="File with the authority's passphrase (one line). Asked for if not given."),
]

NewPassphraseFile = Annotated[
    Path | None,
    typer.Option("--new-passphrase-file", help="File with the new passphrase (one line). Asked for if not given."),
]

OwnPassphrase = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="File with your own passphrase, of your identity (one line). Asked for if not given."
    ),
]

_LONGEST_PASSPHRASE = _LONGEST_HEAD = 1 << 16
_WIDEST_NAME = 32
"""Columns that the values of a listing begin behind, at most; a longer name pushes its own value to the right."""


# ---------------------------------------------------------------------------------------------------------------
# Text for terminals


def as_text(value: Any) -> str:
    """A value of a result in words."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {as_text(item)}" for name, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(as_text(item) for item in value) or "none"
    return str(value)


def say(text: str = "", *, apart: bool = False) -> None:
    """A line, or lines, on standard output; ``apart``: on standard error, as standard output holds the data.

    A sign that the terminal's encoding lacks is printed as its number. ParameterError when nothing can be printed.
    """
    stream = sys.stderr if apart else sys.stdout
    lines = "".join(f"{printable(line)}\n" for line in text.split("\n"))
    try:
        _write(stream, lines)
    except OSError as error:
        raise ParameterError(f"cannot print the result: {error.strerror}") from error


def complain(kind: str, message: str) -> None:
    """One line about what went wrong, on standard error; where that is closed, the exit code has to do."""
    try:
        _write(sys.stderr, f"pyfe: {kind}: {printable(message)}\n")
    except OSError:
        return


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Warnings as one line each, ``pyfe: <warning>: <what>``, without the source line that gave them."""
    before = warnings.formatwarning
    warnings.formatwarning = lambda text, kind, *_, **__: f"pyfe: {kind.__name__}: {printable(str(text))}\n"
    try:
        yield
    finally:
        warnings.formatwarning = before


def say_json(value: Any, *, apart: bool = False) -> None:
    """One JSON value on one line, in ASCII."""
    say(json.dumps(value, default=_plain).replace("\x7f", "\\u007f"), apart=apart)


def show(
    title: str,
    values: Mapping[str, Any],
    *,
    as_json: bool,
    words: Mapping[str, Any] | None = None,
    apart: bool = False,
) -> None:
    """Print a result: JSON with ``as_json``, else a listing.

    ``values``: plain types by our own names, whose underscores are spaces in the listing; a mapping among them is by
    names of users, which stand as they are, a line each. ``words``: the listing, where it is not that of the values.
    """
    if as_json:
        say_json(values, apart=apart)
        return
    listing = {in_words(name): value for name, value in values.items()} if words is None else words
    say("\n".join([printable(title), *_listed(listing)]), apart=apart)


_CALLED = {"saturated": "clipped"}
"""Where the word of the formats, which stays in JSON, is another than the one that people read everywhere else."""


def in_words(name: str) -> str:
    """One of our names as a listing has it."""
    return _CALLED.get(name, name.replace("_", " "))


def show_table(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table: a title, names of columns, and a line a row."""
    cells = [[printable(name) for name in header], *([printable(as_text(value)) for value in row] for row in rows)]
    widths = [max(cell_len(line[at]) for line in cells) for at in range(len(header))]
    lines = (
        "  ".join(text + " " * (width - cell_len(text)) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )
    say("\n".join([printable(title), *lines]))


def _listed(values: Mapping[str, Any]) -> list[str]:
    names = {name: printable(str(name)) for name in values}
    width = max((cell_len(name) for name in names.values() if cell_len(name) <= _WIDEST_NAME), default=0)
    lines = []
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            lines += [names[name], *("  " + line for line in _listed(value))]
            continue
        gap = " " * max(0, width - cell_len(names[name]))
        lines.append(f"{names[name]}{gap}  {printable(as_text(value))}")
    return lines


def _write(stream: TextIO | None, text: str) -> None:
    """Write and flush, so that a failure shows here; OSError for a closed stream."""
    if stream is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _plain(value: Any) -> Any:
    """numpy scalars and paths for JSON."""
    return value.item() if hasattr(value, "item") else str(value)


# ---------------------------------------------------------------------------------------------------------------
# Files, progress, passphrases


def load(file: Path, read: Callable[[bytes], T]) -> T:
    """What ``read`` makes of the bytes of an object's file; its errors name the file."""
    data = read_object(file)
    with _naming(file):
        return read(data)


def load_public_key(file: Path, fingerprint: str | None = None) -> PublicKey:
    """The public key of a file, of that fingerprint if one is given. One too large to be held stays in its file."""
    if not is_large(file):
        return load(file, lambda data: PublicKey.from_bytes(data, fingerprint=fingerprint))
    with _naming(file):
        return PublicKey.open(file, fingerprint=fingerprint)


def load_batch(file: Path) -> CiphertextBatch:
    """The batch of ciphertexts of a file; likewise."""
    if not is_large(file):
        return load(file, CiphertextBatch.from_bytes)
    with _naming(file):
        return CiphertextBatch.open(file)


def is_large(file: Path) -> bool:
    """Whether an object of pyfe that is this file is read where it lies."""
    try:
        found = os.stat(file)
    except (OSError, ValueError):  # reading it says so
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size > LARGE


def is_large_key(key: PublicKey) -> bool:
    """Whether it is a public key of that size: what is encrypted under it stays in files too."""
    return key.adapter.public_size(key.native) > LARGE


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    try:
        yield
    except (DecodeError, KeyMismatchError) as error:
        raise type(error)(f"{file}: {error}") from error
    except OSError as error:
        raise ParameterError(f"cannot read {file}: {error.strerror}") from error


def reference_rows(table: Table, schema: Schema) -> dict[str, AnyArray]:
    """Rows of the population; what cannot be encoded is refused here, where file and line are known."""
    encode_table(table, schema, on_overflow="clip")
    return table.for_schema(schema)


def progress(total: int, chunk: int, what: str, *, quiet: bool) -> Iterator[tuple[int, int]]:
    """Chunks ``(start, stop)`` of ``total`` rows, with a bar on stderr while the caller works on them."""
    spans = [(start, min(start + chunk, total)) for start in range(0, total, chunk)] or [(0, 0)]
    with meter(total, what, quiet=quiet or len(spans) == 1) as advance:
        for start, stop in spans:
            yield start, stop
            advance(stop - start)


@contextmanager
def meter(total: int | None, what: str, *, quiet: bool, done: int = 0) -> Iterator[Callable[[int], None]]:
    """A bar on stderr, with rows a second and, where the ``total`` is known, the time left; it is told how many rows
    more are done. None where that is no terminal."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    columns = TextColumn(what, markup=False), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total, completed=done)
        yield lambda rows: bar.advance(task, rows)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Rows a second, as soon as that is known."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} rows/s")


def passphrase_from(file: Path | None, *, confirm: bool = False, what: str = "Passphrase") -> str:
    """The passphrase: the one line of the file, or asked for on the terminal."""
    if file is not None:
        lines = read_text(file, most=_LONGEST_PASSPHRASE).splitlines()
        if len(lines) != 1 or not lines[0]:
            raise ParameterError(f"{file}: a passphrase file has exactly one line, not empty")
        return lines[0]
    if sys.stdin is None or not sys.stdin.isatty():
        option = "--new-passphrase-file" if what != "Passphrase" else "--passphrase-file"
        raise ParameterError(f"there is no terminal to ask for the passphrase on; give {option}")
    try:
        answer: str = typer.prompt(what, hide_input=True, confirmation_prompt=confirm, err=True)
    except UnicodeDecodeError as error:
        raise ParameterError("the passphrase is not text in the encoding of the terminal") from error
    return answer


def passphrases_from(before: Path | None, new: Path | None) -> tuple[str, str]:
    """The passphrase of before, and another one. ParameterError where they are the same."""
    old = passphrase_from(before)
    other = passphrase_from(new, confirm=True, what="New passphrase")
    if other == old:
        raise ParameterError("the new passphrase is the one of before; nothing was changed")
    return old, other


def read_head(file: Path) -> str:
    """The signed head of a log that was kept in a file."""
    return read_text(file, most=_LONGEST_HEAD)


def text_option(value: str | None) -> str | None:
    """For ``callback=``: an option's text; ParameterError for bytes that are no UTF-8."""
    if value is not None and any("\ud800" <= sign <= "\udfff" for sign in value):
        raise ParameterError(f"an option's value is not UTF-8 text: {printable(value)}")
    return value


def text_options(values: list[str] | None) -> list[str] | None:
    """:func:`text_option` of an option that can be repeated."""
    for value in values or ():
        text_option(value)
    return values
