"""What Schema.fit makes of a column, and what it refuses: everything in a schema travels in the public key.

Text becomes a category only if its values cannot name a patient: few of them, and each in several rows. The least
number of rows is the usual least cell of published tables (three to ten; five here). Of the 608 columns of the 69
tables that come with scikit-learn, lifelines, statsmodels and scikit-survival, 26 text columns become categories:
groups, treatments, stages, whose rarest level stands in 6 rows. Refused are one of 22 regions, 13 with levels seen in
one to four rows (people, countries, parties, reasons), nine of dates, one of numbers with ``<``, and those of record
numbers; no measurement is.
"""

from __future__ import annotations

import math
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray
from pyfe.errors import ParameterError
from pyfe.schema.cells import (
    SIGNS_OF_ABSENCE,
    as_floats,
    exact_number,
    is_code,
    is_number,
    is_temporal,
    listed,
    missing_mask,
    na_options,
    parse_number,
    require_cells,
    row_for_names,
    same_name,
    shown,
)
from pyfe.schema.columns import Column, category, is_column, number
from pyfe.schema.frames import Frame, as_column, naming, open_frame
from pyfe.schema.persons import holds_persons, words_of
from pyfe.schema.ranges import bits_by_name, by_text, list_of_names, require_few, require_known

__all__ = ["LEAST_ROWS_OF_A_LEVEL", "MOST_LEVELS", "propose", "propose_columns"]


LEAST_ROWS_OF_A_LEVEL = 5
"""Rows in which every value of a text column has to stand, for the column to become a category."""

MOST_LEVELS = 20
"""Most levels that are taken from data; a longer list of codes is known beforehand, and is given as ``levels=``."""

_LEAST_ROWS = 10
_LONG_NUMBER = 10**7
_ENDLESS = 1e300
_COUNTER = 20
_SECONDS = 3e8  # of 1979, since 1970
_LONG_TEXT = 80
_FEW_NAMES = 8
"""Most names that are held against the values below them: a row of more numbers is hardly ever distinct or in order."""

_EXCLUDE = "leave the column out (exclude=, --exclude)"
_LEVELS = "name its levels (levels=, --levels)"

_DIGITS = r"[+-]?\d+(\.\d+)?"
_MONTH = (
    r"(jan|ene|gen|feb|fev|fév|mar|mär|mrz|apr|avr|abr|may|mai|mag|mei|jun|jui|giu|jul|lug|aug|aou|aoû|ago|sep|set|oct"
    r"|okt|ott|out|nov|dec|dez|déc|dic)[^\W\d]{0,7}\.?"
)
_WEEKDAY = r"((mo|tu|we|th|fr|sa|su|di|mi|do|so)[^\W\d]{0,8}\.?,? )?"
_CLOCK = r"\d{1,2}([:.h]\d{2}(:\d{2}([.,]\d+)?)?)?"
_DATE = re.compile(
    rf"{_WEEKDAY}(\d{{4}}[-/. ]\d{{1,2}}[-/. ]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](\d{{4}}|\d{{2}})"
    r"|\d{1,2} \d{1,2} \d{4}|\d{1,2}\.\d{1,2}\.|\d{4}[-/]\d{2,3}|\d{1,2}[-/]\d{4}|\d{4}-?W\d{2}(-?\d)?"
    r"|\d{4}[-/ ]?Q[1-4]|Q[1-4][-/ ]?\d{4}|\d{4}\u5e74(\d{1,2}\u6708(\d{1,2}\u65e5)?)?|\d{8}[T_]\d{4,6}"
    r"|\d{1,2}[ .-]{0,2}[^\W\d]{3,9}[ .,-]{0,2}('\d{2}|\d{2,4})"
    rf"|{_MONTH} ?\d{{1,2}}(st|nd|rd|th)?,? \d{{4}}|{_MONTH} \d{{1,2}}(?= \d{{1,2}}:)"
    rf"|{_MONTH}[ .-]?('?\d{{2}}|\d{{4}}))"
    rf"([T ,:_]+{_CLOCK}.*)?"
    r"|\d{1,2}[:h]\d{2}(:\d{2}([.,]\d+)?)?( ?([ap]\.?m\.?|uhr|h))?"
    r"|P(\d+[YMWD])*(T(\d+[HMS])+)?|[+-]?\d+ days?,? [+-]?\d.*"
    r"|\d{1,3} ?(y|yrs?|years?|j|a)[ ,]{0,2}\d{1,2} ?(m|mo|mths?|months?)",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(
    r".*@.*|.*\d{5}.*|(.*\d){7}.*|[0-9a-f]{8}(-?[0-9a-f]{4}){2,}.*"
    r"|[A-Z]{1,4}[-_ ]?0\d{3,}|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|[A-Z]\d[A-Z] \d[A-Z]\d",
    re.IGNORECASE | re.DOTALL,
)
_COMMAS = "numbers with a decimal comma or a thousands sign"
_BAND = re.compile(r"\D*(?P<low>\d{1,6}) ?([-/\u2013\u2014]|to|bis|\.\.) ?(?P<high>\d{1,6})\D*")
_SPELLINGS = (
    ("dates or times", _DATE, "turn them into a number first (an age in years, days since a date)"),
    (
        _COMMAS,
        re.compile(r"[+-]?\d+,\d+|[+-]?\d{1,3}([,.' \u00a0\u2009\u202f\u2019]\d{3})+([.,]\d+)?"),
        "turn them into numbers (decimal=',' where the file is read, --decimal ,)",
    ),
    (
        "numbers with a percent sign",
        re.compile(r"[+-]?[.,]*\d[\d.,]* ?[%\u2030]"),
        "turn them into numbers without the sign",
    ),
    (
        "numbers with a comparison sign",
        re.compile(r"(<|>|<=|>=|=<|=>|=|~|\u2264|\u2265|\u2248|\u00b1) ?[+-]?[.,]*\d[\d.,]*.{0,12}"),
        "decide what a value beyond the limit of measurement counts as, and write numbers",
    ),
    (
        "numbers in digits, signs or words that are not plain decimal ones",
        re.compile(
            r"[+-]?[\d_]+(\.[\d_]+)?|0[xXbBoO][0-9a-fA-F]+|[+-]?(inf|infinity|nan)"
            r"|[-+\u2212\u2013(\"'#$\u20ac\u00a3\u00a5]{0,3} ?(ca\.? ?|approx\.? ?|circa |about )?"
            r"[.,\u00b7]?\d[\d.,\u00b7_]*"
            r"( ?\u00b7 ?\d+)?([ed][+-]?\d+)?( ?[x\u00d7*] ?10 ?(\^|\*\*)?[+-]?\d+.{0,12})?"
            r"( ?(\u00b1|\+/-) ?\d[\d.,]*)?(?<!\+)[-)\"'*, ]{0,3}",
            re.IGNORECASE,
        ),
        "write plain decimal numbers (0 to 9, a point)",
    ),
)
_MADE_UP = re.compile(r"Unnamed: \d+|.*\.\d+")  # by pandas, for an empty field, and for one that stands twice
_UNIT = re.compile(rf"{_DIGITS}([eE][+-]?\d+)?(?P<space> ?)(?P<unit>[^\W\d_\u00b0\u00b5/]*[^\d\s.,;|]*)")
_UNITS = frozenset(
    [
        "kg",
        "g",
        "mg",
        "ug",
        "µg",
        "μg",
        "ng",
        "pg",
        "l",
        "dl",
        "ml",
        "ul",
        "µl",
        "mmol",
        "µmol",
        "umol",
        "nmol",
        "pmol",
        "mol",
        "mval",
        "meq",
        "iu",
        "u",
        "mmhg",
        "kpa",
        "bar",
        "cm",
        "mm",
        "m",
        "km",
        "bpm",
        "hz",
        "h",
        "hr",
        "hrs",
        "min",
        "s",
        "sec",
        "ms",
        "d",
        "day",
        "days",
        "week",
        "weeks",
        "month",
        "months",
        "year",
        "years",
        "yr",
        "yrs",
        "y",
        "kcal",
        "kj",
        "cal",
        "f",
        "c",
        "k",
        "°c",
        "°f",
        "fl",
        "eur",
        "usd",
        "chf",
        "$",
        "€",
    ]
)
_NAMES_OF_IDENTIFIERS = frozenset(
    {"id", "ids", "mrn", "uid", "pid", "uuid", "guid", "ssn", "identifier", "identifiers", "record"}
    | {"patient", "patients", "subject", "case", "accession"}
)
"""Words that call a column of integers after record numbers, whatever stands beside them."""


def propose_columns(
    X: Any,
    bits: int | Mapping[str, int],
    margin: float,
    names: Sequence[str] | None,
    exclude: Iterable[str],
    levels: Mapping[str, Iterable[Any]],
    ranges: Mapping[str, Any],
) -> dict[str, Column]:
    """The columns of :meth:`pyfe.Schema.fit`, by name. ParameterError, for all that are refused at once."""
    if not is_number(margin) or not 0 <= margin <= 10:
        raise ParameterError(f"margin must be from 0 to 10, not {shown(margin)}")
    if not isinstance(levels, Mapping):
        raise ParameterError("levels is a mapping of column names to lists of levels")
    if not isinstance(ranges, Mapping):
        raise ParameterError("ranges is a mapping of column names to (lo, hi)")
    frame = open_frame(X, None if names is None else list_of_names(names, "names"))
    dropped = {same_name(name) for name in list_of_names(exclude, "exclude")}
    require_few(range(len(frame.labels) - len(dropped)))
    for option, by_name in {"bits": bits, "levels": levels, "ranges": ranges}.items():
        if isinstance(by_name, Mapping):
            require_known(option, by_name, frame.labels)
    given, stated, resolution = by_text(levels, "levels"), by_text(ranges, "ranges"), bits_by_name(bits)
    both = next((name for name in stated if name in given), None)
    if both is not None:
        raise ParameterError(f"column {shown(both)} has levels and a range; give one of them")
    table = _proposed_table(frame, dropped)
    columns, refused = {}, []
    for name, values in table.items():
        try:
            with naming(name):
                columns[name] = (
                    _over(name, values, resolution(name), stated[same_name(name)])
                    if same_name(name) in stated
                    else propose(name, values, resolution(name), margin, given.get(same_name(name)))
                )
        except ParameterError as error:
            refused.append((name, error))
    _require_none(refused)
    return columns


def _proposed_table(frame: Frame, dropped: set[str]) -> dict[str, AnyArray]:
    """The columns of a table that are not left out; names in normal form C. ParameterError."""
    require_known("exclude", sorted(dropped), frame.labels)
    if row_for_names(frame.labels) or _names_among_values(frame) or _names_among_words(frame):
        raise ParameterError(
            "the names of the columns look like a row of values: put a line with the names before it in the file, "
            "state them where the table is read (header=None, names=), or rename the columns"
        )
    table = frame.columns([label for label in frame.labels if same_name(label) not in dropped])
    if not table:
        raise ParameterError("the table has no columns to propose a schema from")
    if len(next(iter(table.values()))) < _LEAST_ROWS:
        raise ParameterError(f"a schema cannot be proposed from fewer than {_LEAST_ROWS} rows; give ranges instead")
    return table


def _names_among_values(frame: Frame) -> bool:
    """Whether half of a few names or more are numbers, and most of these lie among the values of their own columns.

    Names in equal steps (columns without a name, years) are names, and so are all where a word stands over numbers.
    """
    given = {place: parse_number(label) for place, label in enumerate(frame.labels)}
    numbers = {place: number for place, number in given.items() if not math.isnan(number)}
    if not numbers or 2 * len(numbers) < len(given) or len(numbers) > _FEW_NAMES or _in_steps(list(numbers.values())):
        return False
    columns = {place: _finite(frame, place) for place in given}
    headed = any(
        len(columns[place]) and not _MADE_UP.fullmatch(frame.labels[place]) for place in set(given) - set(numbers)
    )
    among = [
        column.min() <= numbers[place] <= column.max()
        for place, column in columns.items()
        if place in numbers and len(column)
    ]
    return not headed and 2 * sum(map(bool, among)) > len(numbers)


def _names_among_words(frame: Frame) -> bool:
    """Whether two of a few names or more are words that stand in their own columns too, and none stands over numbers
    alone: what a file of categories without a line of names looks like."""
    if len(frame.labels) > _FEW_NAMES:
        return False
    words = 0
    for place, label in enumerate(frame.labels):
        if not math.isnan(parse_number(label)):
            continue
        if len(_finite(frame, place)):
            return False
        words += any(isinstance(cell, str) and cell == label for cell in _texts(frame, place))
    return words > 1


def _texts(frame: Frame, place: int) -> list[Any]:
    """The cells of a column of text; none where something else stands in it."""
    try:
        values = as_column(frame.column(place))
    except ParameterError:
        return []
    return values.tolist() if values.dtype.kind in "OU" else []


def _in_steps(numbers: Sequence[float]) -> bool:
    """Whether names count up or down in equal steps; two of them by 1, one alone 0 or 1."""
    steps = np.diff(numbers)
    if len(numbers) == 1:
        return numbers[0] in (0, 1)
    return bool(np.allclose(steps, steps[0]) and steps[0] and (len(steps) > 1 or abs(steps[0]) == 1))


def _finite(frame: Frame, place: int) -> FloatArray:
    """The finite numbers of a column; none where something else stands in it."""
    try:
        values = as_column(frame.column(place))
        missing = missing_mask(values)
        present = as_floats(values, missing)[~missing]
    except ParameterError:
        return np.zeros(0)
    return present[np.isfinite(present)] if not np.isnan(present).any() else np.zeros(0)


def _require_none(refused: Sequence[tuple[str, ParameterError]]) -> None:
    """Raise for the columns that have no proposal: the first says why, the others are named."""
    if not refused:
        return
    (_, first), *others = refused
    if not others:
        raise first
    raise ParameterError(f"{first}. Refused as well: {listed((name for name, _ in others), 20)}") from first


def propose(name: str, values: AnyArray, bits: int, margin: float, levels: Iterable[Any] | None = None) -> Column:
    """A column for what was seen, or for the levels that are stated. ParameterError for what must not travel."""
    require_cells(values)
    missing = missing_mask(values)
    if levels is not None:
        return _stated(values, missing, levels)
    if missing.all():
        raise ParameterError(f"has no values to propose a range from; {_EXCLUDE}")
    if values.dtype.kind == "b":
        return category([False, True])
    if values.dtype.kind in "OU":
        return _from_objects(name, values[~missing], bits, margin)
    return _number(name, values[~missing], as_floats(values, missing)[~missing], bits, margin)


def _stated(values: AnyArray, missing: BoolArray, levels: Iterable[Any]) -> Column:
    column = category(levels)
    unknown = column.encode(values).refused["not a level"] & ~missing
    if unknown.any():
        raise ParameterError(f"{int(unknown.sum())} values are none of the levels given")
    return column


def _over(name: str, values: AnyArray, bits: int, span: Any) -> Column:
    """The column over a range that is stated, of which the table has no say: only whether it is one of whole numbers.
    ParameterError for cells that are no values of it; one beyond the range is none of these."""
    require_cells(values)
    missing = missing_mask(values)
    column = span if is_column(span) else _number_over(span, as_floats(values, missing)[~missing], bits)
    if not column.in_table:
        raise ParameterError(f"{column.noun} is no column of a table")
    code = column.encode(values)
    for reason, mask in code.refused.items():
        wrong = int((mask & ~missing).sum())
        if wrong:
            raise ParameterError(f"has a range, and {wrong} of its cells are {reason}; {_EXCLUDE}, or mend them")
    beyond, present = int((code.beyond & ~missing).sum()), int((~missing).sum())
    if 2 * beyond > present:
        warnings.warn(
            f"column {name!r} lies outside {column.range_text} in {beyond} of {present} rows: is it in another unit?",
            UserWarning,
            stacklevel=4,
        )
    return column


def _number_over(span: Any, raw: FloatArray, bits: int) -> Column:
    if not isinstance(span, tuple | list) or len(span) != 2 or not all(map(is_number, span)):
        raise ParameterError(f"a range is (lo, hi), or a column as pyfe.number makes it, not {shown(span)}")
    column, (lo, hi) = number(*span, bits=bits), map(float, span)
    whole = len(raw) > 0 and (raw == np.rint(raw)).all() and lo.is_integer() and hi.is_integer()
    return number(lo, hi, step=1) if whole and hi - lo < 2**bits else column


# ---------------------------------------------------------------------------------------------------------------
# Text and objects


def _from_objects(name: str, present: AnyArray, bits: int, margin: float) -> Column:
    cells = present.tolist()
    if any(map(is_temporal, cells)):
        raise ParameterError(
            "dates or times are neither numbers nor categories; turn them into a number first (an age in years, days "
            f"since a date), or {_EXCLUDE}"
        )
    if all(isinstance(cell, bool) for cell in cells):
        return category([False, True])
    strange = next((cell for cell in cells if not isinstance(cell, str) and exact_number(cell) is None), None)
    if strange is not None and not isinstance(strange, float):
        raise ParameterError(f"cells of type {type(strange).__name__} are neither numbers nor text; {_EXCLUDE}")
    raw = as_floats(present, np.zeros(present.shape, dtype=np.bool_))
    if not np.isnan(raw).any():
        _require_no_codes(cells)
        return _number(name, present, raw, bits, margin)
    texts = Counter(cell for cell in cells if isinstance(cell, str))
    _require_no_signs_of_absence(texts)
    _require_no_numbers(name, list(texts))
    if not np.isnan(raw).all() or sum(texts.values()) < len(cells):
        raise ParameterError(
            "mixes numbers and text; if the text stands for an absent value, read it as that (na_values= where the "
            f"file is read, --na TEXT); else make it one or the other, {_LEVELS}, or {_EXCLUDE}"
        )
    column = _category(texts, numbers=sum(not math.isnan(parse_number(text)) for text in texts))
    _require_no_persons(name, list(texts))
    return column


def _category(texts: Counter[str], numbers: int) -> Column:
    """``numbers``: how many of the different texts are numbers."""
    if len(texts) < 2:
        raise ParameterError(f"only one level is seen; {_EXCLUDE}, or {_LEVELS}")
    rare = sum(count < LEAST_ROWS_OF_A_LEVEL for count in texts.values())
    if rare or len(texts) > MOST_LEVELS:
        fault = f"{rare} of them in fewer than {LEAST_ROWS_OF_A_LEVEL} rows" if rare else f"more than {MOST_LEVELS}"
        absent = "read what is an absent value beside its numbers as one (na_values=, --na TEXT), "
        cure = f"{absent if 0 < len(texts) <= 2 * numbers else ''}{_LEVELS}, merge the rare ones, or {_EXCLUDE}"
        raise ParameterError(
            f"its text has {len(texts)} different values, {fault}: as levels they would stand in the public key, and "
            f"could name patients; {cure}"
        )
    return category(sorted(texts))


def _require_no_numbers(name: str, texts: list[str]) -> None:
    """Refuse text that stands for numbers, dates or whole rows: a date or a number with a comma anywhere, of other
    numbers half of the different values.

    Long text is none of these, whatever it holds, and is refused later: so reading takes time linear in its length.
    """
    stripped = [text.strip() for text in texts]
    _require_one_field(name, stripped)
    half = len(texts) / 2
    stripped = [text for text in stripped if len(text) <= _LONG_TEXT]
    plain = sum(not math.isnan(parse_number(text)) for text in stripped)
    for what, pattern, cure in _SPELLINGS:
        spelled = sum(math.isnan(parse_number(text)) and pattern.fullmatch(text) is not None for text in stripped)
        if spelled and (pattern is _DATE or what is _COMMAS or spelled + plain >= half):
            raise ParameterError(f"{what} stand here as text; {cure}, {_LEVELS}, or {_EXCLUDE}")
    units = [found["unit"].lower() for text in stripped if (found := _UNIT.fullmatch(text)) and found["unit"]]
    known = [unit for unit in units if set(re.split(r"[/*.^\u00b7]|\d", unit)) <= _UNITS | {""}]
    if units and len(units) + plain >= half and (known == units or (len(set(units)) == 1 and len(units) > 2)):
        raise ParameterError(f"numbers with a unit stand here as text; write numbers, {_LEVELS}, or {_EXCLUDE}")


def _require_no_signs_of_absence(texts: Counter[str]) -> None:
    """Refuse what programs write for an absent value: as a level it would be one, and beside numbers text."""
    signs = sorted(SIGNS_OF_ABSENCE & {text.strip() for text in texts})
    if signs:
        count = sum(texts[text] for text in texts if text.strip() in signs)
        raise ParameterError(
            f"{listed(signs)}, which programs write for an absent value, stands in {count} rows; read it as absent "
            f"(na_values= where the file is read, {na_options(signs)}), {_LEVELS}, or {_EXCLUDE}"
        )


def _require_no_persons(name: str, texts: list[str]) -> None:
    """Refuse text that names a patient in however many rows: a patient of many visits has many of them."""
    if len(texts) > 2 and holds_persons(name):
        raise ParameterError(
            f"by its name it holds names or numbers of persons, however often each is seen; {_EXCLUDE}, or {_LEVELS}"
        )
    if any(map(_names_a_patient, texts)):
        raise ParameterError(
            "its text looks like record numbers, names, addresses, telephone numbers or notes, however often "
            f"each is seen; {_EXCLUDE}, or {_LEVELS}"
        )


def _names_a_patient(text: str) -> bool:
    band = _BAND.fullmatch(text)
    grouped = band is not None and int(band["low"]) < int(band["high"])
    return len(text) > _LONG_TEXT or (_IDENTIFIER.fullmatch(text) is not None and not grouped)


def _require_no_codes(cells: list[Any]) -> None:
    """Refuse text in digits that is no number: its zeros in front would be lost."""
    if any(isinstance(cell, str) and is_code(cell) for cell in cells):
        raise ParameterError(
            f"digits with zeros in front (record numbers, postal codes) are codes and no numbers; {_EXCLUDE}, or "
            f"{_LEVELS}"
        )


def _require_one_field(name: str, texts: list[str]) -> None:
    for sign in ";\t|":
        held = {text.count(sign) for text in texts}
        if sign in name or (len(held) == 1 and min(held) > 0):
            raise ParameterError(
                f"a whole row seems to stand in each cell, separated by {sign!r}; say so where the file is read (sep=, "
                "--delimiter)"
            )
    held = {text.count(",") for text in texts}
    if len(held) == 1 and min(held) > 1:
        raise ParameterError(
            "a whole row seems to stand in each cell, separated by ','; say so where the file is read (sep=, "
            "--delimiter)"
        )


# ---------------------------------------------------------------------------------------------------------------
# Numbers


def _number(name: str, values: AnyArray, raw: FloatArray, bits: int, margin: float) -> Column:
    finite = np.isfinite(raw)
    values, raw = values[finite], raw[finite]
    if not len(raw):
        raise ParameterError(f"has no finite values to propose a range from; {_EXCLUDE}")
    whole = bool((raw == np.rint(raw)).all())
    if whole:
        _require_no_identifiers(name, values, raw)
    return _range(raw, whole, bits, margin)


def _require_no_identifiers(name: str, values: AnyArray, raw: FloatArray) -> None:
    """Quantiles of record numbers are record numbers. Ages and counts are short, amounts are round."""
    raw = np.clip(raw, -_ENDLESS, _ENDLESS)  # the mean of two that are larger is infinite
    distinct, count = np.unique(raw), len(set(values.tolist()))
    called = holds_persons(name) or not _NAMES_OF_IDENTIFIERS.isdisjoint(words_of(name))
    seconds = (raw % 3600 == 0).all() and np.median(raw) >= _SECONDS
    if count > 1 and (seconds or all(map(_is_date, distinct.tolist()))):
        raise ParameterError(
            "dates or times stand here as integers (YYYYMMDD, or seconds since 1970); turn them into a number first "
            f"(an age in years, days since a date), or {_EXCLUDE}"
        )
    long = np.median(np.abs(raw)) >= _LONG_NUMBER and np.mean(raw % 100 == 0) < 0.5
    if (called and 2 * count > len(raw)) or (long and count > 1):
        raise ParameterError(
            f"{count} different integers in {len(raw)} rows look like record numbers, whose quantiles would stand "
            f"in the public key; {_EXCLUDE}, or give the column a range (ranges=, --range)"
        )
    if len(distinct) == len(raw) >= _COUNTER and distinct[-1] - distinct[0] == len(raw) - 1:
        warnings.warn(
            f"column {name!r} holds consecutive integers, each once, as a row counter does; if it is one, {_EXCLUDE}",
            UserWarning,
            stacklevel=6,
        )


def _is_date(value: float) -> bool:
    year, rest = divmod(int(value), 10_000)
    return 1800 <= year <= 2200 and 1 <= rest // 100 <= 12 and 1 <= rest % 100 <= 31


def _range(raw: FloatArray, whole: bool, bits: int, margin: float) -> Column:
    if whole and set(np.unique(raw)) <= {0.0, 1.0}:
        return number(0, 1, step=1)
    q01, q99 = (float(q) for q in np.quantile(raw, [0.01, 0.99]))
    spread = q99 - q01
    if not math.isfinite(spread):
        raise ParameterError(f"its values span more than the doubles hold; {_EXCLUDE}")
    if not spread:  # the range must not be empty, whatever the margin
        spread, margin = max(1.0, abs(q01)), max(margin, 0.05)
    lo, hi = _outwards(q01 - margin * spread, q99 + margin * spread, whole)
    if (raw >= 0).all():
        lo = max(lo, 0.0)
    if whole and hi - lo < 2**bits:
        return number(lo, hi, step=1)
    return number(lo, hi, bits=bits)


def _outwards(lo: float, hi: float, whole: bool) -> tuple[float, float]:
    """Round a range outwards to two digits of its length (to whole numbers at least, if ``whole``)."""
    if not (math.isfinite(lo) and math.isfinite(hi)):
        return lo, hi
    exponent = math.floor(math.log10(hi - lo)) - 1 if hi > lo else 0
    exponent = max(exponent, 0) if whole else exponent
    if exponent >= 0:
        unit = float(10**exponent)
        return math.floor(lo / unit) * unit, math.ceil(hi / unit) * unit
    if exponent < -300:
        return lo, hi
    per_unit = float(10**-exponent)
    return math.floor(lo * per_unit) / per_unit, math.ceil(hi * per_unit) / per_unit
