"""The folder of a data owner: ``owner.sealed``, its secret, and ``ledger.db``, its ledger.

A folder is made under another name, whole, and then gets its own: there is an owner in it, or there is none.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from pyfe.arguments import path_of
from pyfe.durable import sync_folder
from pyfe.errors import OwnerError

__all__ = ["LEDGER", "SECRET", "load_secret", "make_folder", "owner_files"]

SECRET, LEDGER = "owner.sealed", "ledger.db"
_MOST_SECRET = 2**16
_PATH = "the path of an owner's folder"

AnyPath: TypeAlias = str | os.PathLike[str]


def owner_files(folder: Path) -> list[Path]:
    """The files that an owner keeps."""
    return [folder / name for name in (SECRET, LEDGER, f"{LEDGER}-wal", f"{LEDGER}-shm")]


@contextlib.contextmanager
def make_folder(folder: AnyPath, sealed: bytes) -> Iterator[Path]:
    """Make a folder with a sealed secret; the block makes the ledger at the path that it is given.

    OwnerError where there is anything of the name, or the disk fails; then nothing of it is left.
    """
    folder = path_of(folder, _PATH)
    if os.path.lexists(folder):
        raise OwnerError(f"{folder} exists already; an owner is never overwritten", kind="replaced")
    new = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}.new")
    try:
        new.mkdir(mode=0o700)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        with open(os.open(new / SECRET, flags, 0o600), "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        yield new / LEDGER
        sync_folder(new)
        if os.path.lexists(folder):  # rename would replace an empty folder
            raise OwnerError(f"{folder} exists already; an owner is never overwritten", kind="replaced")
        os.rename(new, folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise OwnerError(f"cannot make the owner's folder {folder}: {error.strerror}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def load_secret(folder: AnyPath) -> tuple[bytes, Path]:
    """The sealed secret of a folder, and where its ledger is. OwnerError where there is none."""
    folder = path_of(folder, _PATH)
    file = folder / SECRET
    try:
        with open(os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as opened:
            data = opened.read(_MOST_SECRET + 1)
    except OSError as error:
        raise OwnerError(f"cannot read the owner's secret {file}: {error.strerror}") from error
    if len(data) > _MOST_SECRET:
        raise OwnerError(f"{file} is no owner's secret: it has more than {_MOST_SECRET} bytes", kind="sealed")
    return data, folder / LEDGER
