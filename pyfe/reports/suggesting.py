"""suggest: what could be asked for instead of a key that is refused, what each costs, and what the rules say to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.authority import KeyAuthority
from pyfe.errors import OutOfRangeError, ParameterError, PyfeError, UnsupportedModelError
from pyfe.function import Function, LinearMap
from pyfe.leakage import Finding
from pyfe.leakage.prior import reference_for
from pyfe.models import compile as compile_function
from pyfe.models.one_class import against_the_rest, classes_apart
from pyfe.models.preparing import OF_TREES, Precision, Preparation
from pyfe.models.sources.trees.compiled import is_trees
from pyfe.schema import Schema, noise
from pyfe.schema.cells import same_name
from pyfe.schema.frames import collected, open_frame
from pyfe.text import printable

__all__ = ["GRIDS", "Suggestion", "Suggestions", "suggest"]

GRIDS = (8, 10, 12, 16, 6, 5, 4, 3, 2.5, 2)
"""Steps of the score per standard deviation, in the order in which they are tried: the usual ones, finer ones, which
pass where a schema is so coarse that single columns show, then coarser ones."""

_MOST_CHANGES = 24
"""Weights that are changed by one, at most, before a remainder counts as not to be got rid of."""

_AUTHORITIES = 3
"""Authorities that have to grant a key, each of which draws rows of its own."""

_LEAST_BITS = 2
"""Fewest bits of the weights of trees: each is -1, 0 or 1."""

_NOISE = (
    "noise in the results, drawn from the data owner's secret in a slot of the schema: it hides what a score says "
    "beyond a sixteenth of its spread; results are no longer exact"
)
_TOTALS = "totals over 20 patients or more: add ciphertexts, decrypt the sum; the key's holder must not see single rows"


@dataclass(frozen=True, eq=False)
class Suggestion:
    """Something that could be asked for.

    step: what kind it is; what: a sentence. loss: what it loses of the measure on the reference rows (None: not
    measured). granted: what the rules say; None where there is nothing to ask them; says: their words. schema,
    function: what to create an authority for and ask it for; None where it is no key. scheme: that of the authority,
    in short.
    """

    step: str
    what: str
    loss: float | None = None
    granted: bool | None = None
    says: str = ""
    schema: Schema | None = None
    function: Function | None = None

    @property
    def scheme(self) -> str | None:
        """What ``KeyAuthority.create(scheme=...)`` and ``pyfe keygen --scheme`` are given for it."""
        return None if self.function is None else _scheme_of(self.function)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; of the function its id."""
        function = None if self.function is None else self.function.id.hex()
        schema = None if self.schema is None else self.schema.id.hex()
        plain = {"step": self.step, "what": self.what, "loss": self.loss, "granted": self.granted, "says": self.says}
        return {**plain, "schema": schema, "function": function, "scheme": self.scheme}


@dataclass(frozen=True, eq=False)
class Suggestions:
    """What :func:`suggest` tried, in its order; printing it gives a table. ``measure``: of what is lost, and what the
    model itself has of it; ``aim``: how much of it may be lost."""

    tried: tuple[Suggestion, ...]
    measure: str
    of_model: float
    aim: float

    @property
    def granted(self) -> Suggestion | None:
        """The first that the rules grant; None where they grant none."""
        return next((one for one in self.tried if one.granted), None)

    @property
    def beyond_the_aim(self) -> str | None:
        """What is to be said of a loss that is larger than the aim, where what is granted first has one."""
        first = self.granted
        if first is None or first.loss is None or first.loss <= self.aim:
            return None
        return (
            f"what is granted loses {first.loss:.4f} of {self.measure}, and at most {self.aim:g} is the aim: look for "
            "one that loses less (--all, everything=True), or for wider ranges (margin=, --margin)"
        )

    def __iter__(self) -> Iterator[Suggestion]:
        return iter(self.tried)

    def __len__(self) -> int:
        return len(self.tried)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        tried = [one.to_dict() for one in self.tried]
        return {"measure": self.measure, "of_model": self.of_model, "aim": self.aim, "suggestions": tried}

    def __str__(self) -> str:
        head = ("step", f"{self.measure} lost", "rules", "")
        rows = [
            (one.step, "-" if one.loss is None else f"{one.loss:+.4f}", _WORDS[one.granted], _told(one))
            for one in self.tried
        ]
        cells = [[printable(cell) for cell in row] for row in (head, *rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(3)]
        lines = [
            "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[3]]).rstrip() for row in cells
        ]
        head_line = f"the model: {self.measure} {self.of_model:.4f} on the reference rows"
        return "\n".join([head_line, *lines, *([] if self.beyond_the_aim is None else [self.beyond_the_aim])])


def _scheme_of(function: Function) -> str:
    return "ipfe-ddh" if function.kind == "linear" else "qfe-ggm"


_WORDS = {True: "granted", False: "refused", None: "not asked"}


def _told(one: Suggestion) -> str:
    return f"{one.what}; {one.says}" if one.says else one.what


def suggest(
    model: Any,
    X: Any,
    outcome: Any = None,
    *,
    authority: KeyAuthority | None = None,
    reference: Any = None,
    everything: bool = False,
    schema: Schema | None = None,
    **fit: Any,
) -> Suggestions:
    """What could be asked for where a key for a model is refused, in the order in which it costs least.

    Of trees the thresholds are the columns, and what is tried first is weights of fewer bits. Of other models: (1) the
    score on a grid of about sd/8, 10, 12, 16, then 6, 5, 4, 3, 2.5 and 2, all near each that keep within the loss that
    is allowed, each with the schema that is cut for it; (2) where one of these is refused for a remainder, one of
    its weights changed by 1; (3) noise; (4) one score instead of one a class; (5) the scores of keys that were issued,
    read anew; (6) a new authority of the same schema; (7) totals. Each with what it loses of the model's AUC, C or R2,
    and what the rules say; (7) is named and not tried. On a schema with noise slots no grid is tried: results have
    noise anyway.

    Parameters
    ----------
    model, X, outcome, schema, fit: as for :func:`pyfe.prepare`; a query or a reader is read once.
    authority: one that exists: first its own answer on its own schema, then (5) and (6), which are about its keys. What
        its schema says of columns (public, protected, absent values, levels) holds for the schemas that are tried,
        unless ``fit`` says otherwise.
    reference: rows of the population that a new authority would be created with; by default X.
    everything: go on after the first that is granted.

    A grid has a schema of its own, so it is a new authority: rows that are encrypted already stay with the keys of the
    old one. What the rules say is what new authorities with the reference would answer, and all of three have to grant
    it, since each draws rows of its own; nothing is issued.
    Raises what :func:`pyfe.prepare` raises. Cost: for each grid that of ``prepare`` and of the rules, some seconds.

    >>> import numpy as np, pyfe
    >>> rng = np.random.default_rng(0)
    >>> rows = {f"c{i}": rng.normal(50, 10, 400) for i in range(9)}
    >>> model = pyfe.Linear({name: 0.1 + 0.03 * i for i, name in enumerate(rows)}, intercept=-99.0, link="logit")
    >>> found = pyfe.suggest(model, rows)
    >>> found.granted.step
    'grid sd / 8'
    >>> authority = pyfe.KeyAuthority.create(found.granted.schema, reference=rows)
    >>> key = authority.issue(found.granted.function, purpose="triage")
    """
    trees, X, reference = is_trees(model), collected(X), collected(reference)
    if authority is not None and schema is None:
        marks = _marks(authority, X, fit.get("names"))
        fit = {**({name: marks[name] for name in OF_TREES if name in marks} if trees else marks), **fit}
    prepared = (Preparation.of_trees if trees else Preparation.of)(model, X, outcome, schema, fit)
    steps = _steps(_Case(prepared, X, outcome, X if reference is None else reference, authority))
    tried: list[Suggestion] = []
    for one in steps:
        tried.append(one)
        if one.granted and not everything:
            break
    measure = prepared.measure
    return Suggestions(tuple(tried), measure.name, measure.of_model, measure.most)


# ---------------------------------------------------------------------------------------------------------------
# The steps


@dataclass(frozen=True, eq=False)
class _Case:
    """What was asked: a model on rows, what a new authority would know, and the one that exists."""

    prepared: Preparation
    X: Any
    outcome: Any
    reference: Any
    authority: KeyAuthority | None

    @property
    def noisy(self) -> bool:
        """Whether the schema that was given has noise slots."""
        return self.prepared.draft.schema.noise is not None

    def asked(self, function: Function) -> tuple[bool, tuple[Finding, ...], str]:
        """What a new authority of the function's schema would say: whether it grants, its findings, their words.

        Each authority draws rows with a secret of its own, and where a figure is near its limit they differ. So what
        one of them refuses is not granted.
        """
        if function.schema is None:
            raise ParameterError("a function of no known schema")
        scheme, exact = _scheme_of(function), function.schema.noise is None
        if exact and self.authority is not None and function.kind in _served(self.authority):
            scheme = self.authority.public_key.scheme
        known = reference_for(function.schema, self.reference)
        for asked in range(_AUTHORITIES):
            new = KeyAuthority.create(function.schema, scheme=scheme, reference=known)
            granted, found, says = _answer(partial(new.check, function))
            if not granted:
                return False, found, says if not asked else f"{says}. Close: another authority grants it"
        return True, found, says


def _served(authority: KeyAuthority) -> tuple[str, ...]:
    return tuple(authority.public_key.adapter.serves)


def _answer(check: Callable[[], list[Finding]]) -> tuple[bool, tuple[Finding, ...], str]:
    try:
        found = tuple(check())
    except OutOfRangeError as error:  # wider weights than any key has: no rule needs to be asked
        return False, (), str(error)
    refusing = [finding for finding in found if finding.refuses]
    return not refusing, found, "; ".join(finding.ruled for finding in refusing or found)


def _marks(authority: KeyAuthority, X: Any, names: Any) -> dict[str, Any]:
    """What an authority's schema says of the columns of a table, as options of Schema.fit."""
    given = set(map(same_name, open_frame(X, names).labels))
    columns = {name: c for name, c in authority.schema.columns.items() if c.in_table and same_name(name) in given}
    absent = {name: "bit" if hasattr(c, "column") else c.missing for name, c in columns.items()}
    return {
        "public": [name for name, column in columns.items() if column.public],
        "protected": [name for name, column in columns.items() if column.protected],
        "missing": {name: value for name, value in absent.items() if value is not None},
        "levels": {name: column.levels for name, column in columns.items() if hasattr(column, "levels")},
    }


def _steps(case: _Case) -> Iterator[Suggestion]:
    if case.authority is not None:
        yield _as_it_is(case, case.authority)
    if is_trees(case.prepared.model):
        yield from _on_fewer_bits(case)
    else:
        yield from _without_and_with_noise(case)
    if case.authority is not None and case.authority.issued:
        yield _read_anew(case, case.authority)
        yield _next_epoch(case, case.authority)
    yield Suggestion("totals", _TOTALS)


def _without_and_with_noise(case: _Case) -> Iterator[Suggestion]:
    if not case.noisy:
        yield from _on_grids(case)
    yield _behind_noise(case)
    yield from _single_scores(case)


def _on_fewer_bits(case: _Case) -> Iterator[Suggestion]:
    """Trees on the schema of their thresholds, the weights of their leaves in fewer and fewer bits."""
    prepared, what = case.prepared, "a new authority for the schema of the trees' thresholds (pyfe.schema_for_trees)"
    schema = prepared.draft.schema
    finest = compile_function(prepared.model, schema, reference=prepared.draft.table)
    for bits in range(finest.weight_bits, _LEAST_BITS - 1, -1):
        step = f"weights of {bits} bits"
        try:
            function = compile_function(prepared.model, schema, weight_bits=bits, reference=prepared.draft.table)
        except (UnsupportedModelError, OutOfRangeError) as error:  # so coarse that nothing is left of the model
            yield Suggestion(step, what, granted=False, says=str(error))
            continue
        granted, _, says = case.asked(function)
        yield Suggestion(step, what, prepared.loss(function), granted, says, schema, function)


def _on_grids(case: _Case) -> Iterator[Suggestion]:
    repairable: list[tuple[float, Function]] = []
    for precision in GRIDS:
        suggestion, found = _near(case, precision)
        yield suggestion
        if suggestion.function is not None and any(finding.rule == "2m" for finding in found):
            repairable.append((precision, suggestion.function))
    for precision, function in repairable:
        yield _repaired(case, precision, function)


def _behind_noise(case: _Case) -> Suggestion:
    """The model's score on the finest columns, behind a slot for each output."""
    prepared = case.prepared
    if not case.noisy:
        try:
            prepared = prepared.behind(noise(slots=prepared.draft.theirs.shape[1]))
        except ParameterError as error:  # a column has that name
            return Suggestion("noise", _NOISE, says=str(error))
    return _on_grid(case, prepared, "auto", "noise", _NOISE)[0]


_GRID = "a new authority for the schema that is cut"


def _as_it_is(case: _Case, authority: KeyAuthority) -> Suggestion:
    try:
        function = compile_function(case.prepared.model, authority.schema, reference=case.X)
    except PyfeError as error:
        return Suggestion("as it is", "the model on the authority's own schema", says=str(error), granted=False)
    granted, _, says = _answer(lambda: authority.check(function))
    what = f"the model on the authority's own schema, after {len(authority.issued)} key(s)"
    return Suggestion("as it is", what, case.prepared.loss(function), granted, says, authority.schema, function)


def _on_grid(
    case: _Case, prepared: Preparation, precision: Precision, step: str, what: str
) -> tuple[Suggestion, tuple[Finding, ...]]:
    try:
        schema, function = prepared.function(precision)
    except UnsupportedModelError as error:  # so coarse that nothing is left of the model
        return Suggestion(step, what, granted=False, says=str(error)), ()
    granted, found, says = case.asked(function)
    return Suggestion(step, what, prepared.loss(function), granted, says, schema, function), found


def _near(case: _Case, precision: float) -> tuple[Suggestion, tuple[Finding, ...]]:
    """The first grid near a precision that is granted, or else the first; those that lose too much are not asked for,
    unless all do."""
    step, first = f"grid sd / {precision}", None
    try:
        for schema, function in case.prepared.near(precision):
            granted, found, says = case.asked(function)
            one = Suggestion(step, _GRID, case.prepared.loss(function), granted, says, schema, function), found
            if granted:
                return one
            first = first or one
    except UnsupportedModelError as error:  # so coarse that nothing is left of the model
        first = first or (Suggestion(step, _GRID, granted=False, says=str(error)), ())
    if first is None:
        raise RuntimeError("a precision has a grid")
    return first


def _repaired(case: _Case, precision: float, function: Function) -> Suggestion:
    """One weight changed by 1, the change that moves the score least first."""
    step, what = f"sd / {precision}, a weight by 1", "the same grid, one weight larger or smaller by 1"
    for changed in _changes(function, case.prepared)[:_MOST_CHANGES]:
        granted, found, says = case.asked(changed)
        if granted or not any(finding.rule == "2m" for finding in found):
            loss, changed = case.prepared.loss(changed), case.prepared.said_anew(changed)
            return Suggestion(step, what, loss, granted, says, changed.schema, changed)
    return Suggestion(step, what, granted=False, says="no such change takes the remainder away")


def _changes(function: Function, prepared: Preparation) -> list[Function]:
    schema = function.schema
    if not isinstance(function.map, LinearMap) or schema is None:
        return []
    spread = schema.encode(prepared.draft.table, "clip").x.std(axis=0)
    places = sorted(np.argwhere(function.weights).tolist(), key=lambda place: (spread[place[1]], place))
    return [
        _changed(function, schema, row, coordinate, by)
        for row, coordinate in places
        for by in (1, -1)
        if function.weights[row, coordinate] != -by
    ]


def _changed(function: Function, schema: Schema, row: int, coordinate: int, by: int) -> Function:
    """The function with another weight; its error grows by what that moves the result."""
    weights = function.weights.copy()
    weights[row, coordinate] += by
    error = function.max_error.copy()
    error[row] += function.scale[row] * float(max(abs(schema.lo[coordinate]), abs(schema.hi[coordinate])))
    terms = LinearMap(weights)
    readout = replace(function.readout, interval=terms.interval(schema.lo, schema.hi), max_error=error)
    remark = ("changed", f"the weight of {schema.coordinate_names[coordinate]} by {by:+d}, against a remainder")
    return replace(function, map=terms, readout=readout, remarks=(*function.remarks, remark))


def _single_scores(case: _Case) -> Iterator[Suggestion]:
    labels = case.prepared.draft.real.classes or ()
    for which in range(classes_apart(case.prepared)):
        one = against_the_rest(case.prepared, which, case.outcome)
        told = f"one answer instead of {len(labels)}, which count as {len(labels) - 1} keys"
        what = f"{labels[which]!r} against the rest: {told}"
        yield _on_grid(case, one, "auto" if case.noisy else GRIDS[0], "one score", what)[0]


def _read_anew(case: _Case, authority: KeyAuthority) -> Suggestion:
    """The best affine function of the scores that keys were issued for, and of public columns."""
    step = "keys that are there"
    what = f"a function of the scores of the {len(authority.issued)} key(s) issued, and of public columns: no new key"
    try:
        x = _with_noise(authority.schema.encode(case.X, "clip").x, authority.schema)
    except PyfeError as error:
        return Suggestion(step, what, says=str(error))
    public = [part for _, part, column in authority.schema.parts if column.in_table and not column.private]
    known = [x[:, part] for part in public] + [row.map.evaluate(x).reshape(len(x), -1) for row in authority.issued]
    theirs: FloatArray = case.prepared.draft.theirs
    columns = np.column_stack([*known, np.ones(len(x))]).astype(np.float64)
    fitted = columns @ np.linalg.lstsq(columns, theirs, rcond=None)[0]
    return Suggestion(step, what, case.prepared.measure.loss(fitted), True, "nothing new is said")


def _with_noise(x: IntArray, schema: Schema) -> IntArray:
    """Coordinates of rows with noise such as an owner draws, where the schema has slots."""
    if schema.noise is not None:
        slots = x[:, schema.noise_part]
        slots[:] = np.rint(np.random.default_rng(0).normal(0.0, schema.noise.sd, slots.shape))
    return x


def _next_epoch(case: _Case, authority: KeyAuthority) -> Suggestion:
    step = "new authority"
    what = "a new authority (epoch) of the same schema, for patients encrypted from now on; old rows keep their keys"
    asked = _as_it_is(case, authority)
    if asked.function is None:
        return replace(asked, step=step, what=what)
    granted, _, says = case.asked(asked.function)
    return Suggestion(step, what, asked.loss, granted, says, authority.schema, asked.function)
