"""Boosted trees in the files of their libraries, which are imported to ask the model about rows.

=========  ===========================  ================================================================
library    file                         told by
=========  ===========================  ================================================================
XGBoost    ``.ubj``, JSON               the name; ``learner`` in the JSON
LightGBM   text                         its first line, ``tree``
CatBoost   JSON                         ``features_info``
=========  ===========================  ================================================================

A wrapper of scikit-learn that was saved comes back as one: it predicts classes, and with the trees to the best
iteration. What the file does not hold is not known: XGBoost leaves out ``missing=``. CatBoost's own format is not read:
where such a file is damaged, its library ends the process. The others are walked through first
(:mod:`pyfe.cli.booster_walks`).
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyfe.cli.booster_walks import walk_catboost, walk_lightgbm, walk_xgboost
from pyfe.errors import DecodeError, ParameterError, PyfeError

_CALLS = re.compile(r"Stack trace:|\[bt\]|Traceback")
_PLACE = re.compile(r"\[\d\d:\d\d:\d\d\]|.+\.(?:cc|cpp|cu|cuh|h|hpp|py|pyx):\d+:?")
_SAID = 200

__all__ = ["BINARY", "of_bytes", "of_text"]


def of_bytes(file: Path, data: bytes) -> Any:
    """The model of a binary file, whose kind its name says. ParameterError where its library is not installed,
    DecodeError for a file that is none of its."""
    return BINARY[file.suffix](file, data)


def of_text(file: Path, text: str) -> Any | None:
    """The model of a text file; None where that is of no library of trees. Errors as of :func:`of_bytes`."""
    if text.startswith(("tree\n", "tree\r\n")):
        return _lightgbm(file, text)
    if not text.lstrip().startswith("{"):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None  # whoever reads it next says what is wrong with it
    if isinstance(data.get("learner"), dict):
        return _xgboost(file, text.encode())
    return _catboost(file, text) if isinstance(data.get("features_info"), dict) else None


def _xgboost(file: Path, data: bytes) -> Any:
    with _reading(file, "XGBoost", "xgboost-cpu"):
        import xgboost

        walk_xgboost(data)
        booster = xgboost.Booster(model_file=bytearray(data))
        kind = json.loads(booster.attributes().get("scikit_learn") or "{}").get("_estimator_type")
        if kind not in ("classifier", "regressor"):
            return booster
        wrapper = xgboost.XGBClassifier() if kind == "classifier" else xgboost.XGBRegressor()
        wrapper.load_model(bytearray(data))
        return wrapper


def _lightgbm(file: Path, text: str) -> Any:
    with _reading(file, "LightGBM", "lightgbm"):
        import lightgbm

        return lightgbm.Booster(model_str=walk_lightgbm(text))


def _catboost(file: Path, text: str) -> Any:
    with _reading(file, "CatBoost", "catboost"):
        import catboost

        walk_catboost(text)
        model = catboost.CatBoost()
        with tempfile.TemporaryDirectory() as folder:  # it reads JSON from files only
            copy = Path(folder) / "model.json"
            copy.write_text(text, encoding="utf-8")
            model.load_model(str(copy), format="json")
        return model


@contextmanager
def _reading(file: Path, library: str, package: str) -> Iterator[None]:
    """Errors of a library, and its absence, as errors that name the file."""
    try:
        yield
    except PyfeError:
        raise
    except ImportError as error:
        raise ParameterError(
            f"{file}: a model of {library} needs its library (pip install {package}), which is asked about rows"
        ) from error
    except (LookupError, TypeError, AttributeError) as error:
        raise DecodeError(f"{file}: not a model that {library} reads: a part of it is missing ({error})") from error
    except Exception as error:
        raise DecodeError(f"{file}: not a model that {library} reads: {_said(error)}") from error


def _said(error: Exception) -> str:
    """What a library says is wrong, in one line: not when, where in its own source, and by which calls."""
    words = _CALLS.split(str(error), maxsplit=1)[0].split()
    return " ".join(word for word in words if not _PLACE.fullmatch(word))[:_SAID].rstrip(" .:") or type(error).__name__


def _not_read(file: Path, data: bytes) -> Any:
    raise ParameterError(f'{file}: CatBoost is read from JSON: model.save_model("model.json", format="json")')


BINARY: dict[str, Callable[[Path, bytes], Any]] = {".ubj": _xgboost, ".cbm": _not_read}
"""By the end of the file's name."""
