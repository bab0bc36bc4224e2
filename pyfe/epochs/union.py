"""The count over epochs: what one patient's ciphertexts under several master keys say together.

A patient who is encrypted under a second master key of an authority meets the keys of both. So the owner's client
counts, of every set of epochs that some patient would have met:

- the bits: the sum of I is at most half of the smallest H, a third where one epoch has no reference (rule 4);
- the ranks: their sum is what rule 3 allows for the fewest private columns;
- rules 2 and 2m on everything together, written over common variables (:mod:`.joint`), and where a column cannot be
  written so, by what could cancel (:mod:`.could_cancel`);
- behind noise, that no combination is free of it, and none is noise alone (:func:`pyfe.leakage.meets`);
- the rules that need a population, where all epochs have the same columns in the same codes and the newest schema
  publishes one; else the answer says that they were not counted across epochs.

Values may change between two visits; they count as those of the same patient. One epoch alone is its authority's
decision. Pure functions: no files, no clock, no randomness but the seed that is passed in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pyfe.arguments import listed, require_a
from pyfe.arrays import integer_rows
from pyfe.epochs.could_cancel import could_live_on_few
from pyfe.epochs.forms_together import forms_apart, forms_findings
from pyfe.epochs.joint import Joint
from pyfe.epochs.noise_together import noise_findings
from pyfe.epochs.table import Epoch
from pyfe.errors import PyfeError
from pyfe.leakage import (
    RULES,
    Blind,
    Finding,
    Limits,
    LinearAccount,
    Question,
    Reference,
    judged,
    too_fine,
)
from pyfe.leakage.rules import modulus, structure

__all__ = ["Counted", "count"]

NEED_A_POPULATION = ("2e", "5", "5t", "6", "7", "8")
_EXACT_RULES = ("shape", "width", "structure", "room", "countable", "modulus", "rank", "budget")
"""Of the rules for linear keys, those that the union has in a form of its own, or that are about one request."""

_ADVICE = "Leave these patients out, or have them scored under one of the epochs that they have met"


@dataclass(frozen=True)
class Counted:
    """What a set of epochs says of one patient. ``findings``: why it is refused, nothing where it is not;
    ``not_counted``: rules that were not counted across epochs."""

    findings: tuple[Finding, ...] = ()
    not_counted: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether no patient may meet all of them."""
        return bool(self.findings)


def count(epochs: Sequence[Epoch], *, limits: Limits | None = None, secret: bytes = bytes(32)) -> Counted:
    """What a patient who meets these epochs gives away. ``secret``: what samples are drawn with.

    Retired epochs whose keys say nothing do not count; a single epoch that does is not looked at. Cost: that of rules 2
    and 2m on all rows; seconds where rules draw from a population.
    """
    given = listed(epochs, "epochs")
    for epoch in given:
        require_a(epoch, Epoch, "an epoch")
    thresholds = Limits() if limits is None else limits
    require_a(thresholds, Limits, "limits")
    asked = sorted({epoch.number: epoch for epoch in given if not epoch.silent}.values(), key=lambda one: one.number)
    if len(asked) < 2:
        return Counted()
    cheap = [*_undecided(asked), *_bits(asked, thresholds), *_ranks(asked, thresholds), *_too_fine(asked)]
    if any(finding.kind == "checked in part" for finding in cheap) or sum(e.rank for e in asked) > thresholds.most_rank:
        return Counted(tuple(cheap), ("2", "2m", *NEED_A_POPULATION))
    try:
        rest = _together(asked, thresholds, secret, cheap=bool(cheap))
    except (PyfeError, OverflowError) as error:  # weights that do not fit, columns that make no schema
        note = f"what these epochs say together could not be counted: {error}"
        rest = Counted((Finding("checked in part", rule="2", note=note, advice=_ADVICE),), ("2", "2m"))
    found = [replace(finding, advice=_ADVICE) for finding in (*cheap, *rest.findings)]
    return Counted(tuple(found), rest.not_counted)


# -- sums --


def _undecided(epochs: Sequence[Epoch]) -> Iterator[Finding]:
    doubtful = [epoch.name for epoch in epochs if epoch.state == "doubtful"]
    waiting = [epoch.name for epoch in epochs if epoch.undecided and epoch.state != "doubtful"]
    for names, what in (
        (doubtful, "comes from a backup, and may have keys that its authority does not know"),
        (waiting, "has no key yet, so that what it will say cannot be counted"),
    ):
        if names:
            note = f"{' and '.join(names)} {what}"
            yield Finding("checked in part", rule="4", note=note, advice=_ADVICE)


def _bits(epochs: Sequence[Epoch], limits: Limits) -> Iterator[Finding]:
    """Rule 4, in thousandths of bits: integers."""
    said, least = sum(epoch.said for epoch in epochs), min(epoch.entropy for epoch in epochs)
    share, words = (3, "a third") if any(epoch.blind for epoch in epochs) else (2, "half")
    if share * said > limits.budget * least:
        figure, limit = said / 1000, limits.budget * least / share / 1000
        parts = " + ".join(f"{epoch.said / 1000:.1f}" for epoch in epochs)
        note = f"{parts} bits, where {words} of the smallest H allows {limit:.1f} of {least / 1000:.1f}"
        yield Finding("budget", rule="4", figure=figure, limit=limit, note=note, advice=_ADVICE)


def _ranks(epochs: Sequence[Epoch], limits: Limits) -> Iterator[Finding]:
    """Rule 3, for the fewest private columns."""
    total = sum(epoch.rank for epoch in epochs)
    private = min(sum(column.private for column in epoch.schema.columns.values()) for epoch in epochs)
    most = max(0, min(limits.most_rank, max(1, private // limits.columns_a_rank), private - limits.unknown_columns))
    if total > most:
        parts = " + ".join(str(epoch.rank) for epoch in epochs)
        note = f"{parts} independent ones, where the rule allows {most} for {private} private column(s)"
        yield Finding("rank", rule="3", figure=float(total), limit=float(most), note=note, advice=_ADVICE)


def _too_fine(epochs: Sequence[Epoch]) -> Iterator[Finding]:
    names = tuple(dict.fromkeys(name for epoch in epochs for name in too_fine(epoch.schema)))
    if names:
        note = f"{', '.join(map(repr, names[:3]))} has too many levels to be counted"
        yield Finding("checked in part", names, rule="5", note=note, advice=_ADVICE)


# -- everything together --


def _together(epochs: Sequence[Epoch], limits: Limits, secret: bytes, *, cheap: bool) -> Counted:
    """Rules on the union; those that need a population only where nothing else refuses it."""
    if any(epoch.forms for epoch in epochs):
        if len({epoch.schema.id for epoch in epochs}) == 1:
            found, counted = forms_findings(epochs, limits, secret, drawn=not cheap)
            return Counted(tuple(found), () if counted else NEED_A_POPULATION)
        return Counted(tuple(forms_apart(epochs)), ("2m", *NEED_A_POPULATION))
    joint = Joint.of(epochs)
    found = [_named(finding, joint) for finding in _linear(epochs, joint, limits)]
    population = None if joint.schema.population is None else Reference.of_schema(joint.schema)
    noisy = any(epoch.schema.noise is not None for epoch in epochs)
    if population is None or noisy:
        return Counted(tuple(found), NEED_A_POPULATION)
    if not (found or cheap):
        rules = [rule for rule in RULES if rule.__name__ not in _EXACT_RULES]
        question = _question(joint, _all_rows(joint), population, limits, secret)
        found = [_named(finding, joint) for finding in judged(question, rules)]
    return Counted(tuple(found))


def _all_rows(joint: Joint) -> list[list[int]]:
    return [row for rows in joint.rows.values() for row in rows]


def _question(
    joint: Joint, rows: Sequence[Sequence[int]], prior: Reference | Blind, limits: Limits, secret: bytes = bytes(32)
) -> Question:
    nothing = LinearAccount(joint.schema)
    given = integer_rows([nothing.free.lift(row) for row in rows], joint.schema.n)
    return Question(nothing, nothing.with_rows(given), given, prior, limits, secret)


def _linear(epochs: Sequence[Epoch], joint: Joint, limits: Limits) -> Iterator[Finding]:
    """Noise, rule 2 on the data of all rows, and 2m on those without noise."""
    noisy = [epoch for epoch in epochs if epoch.schema.noise is not None]
    yield from noise_findings(epochs, joint) if noisy else ()
    rows = [row for row in _all_rows(joint) if any(row)]
    if not rows:
        return
    prior = Blind(joint.schema)
    yield from structure.structure(_question(joint, rows, prior, limits))
    yield from _protected_forms(epochs, joint)
    if joint.split:
        owners = [frozenset({column}) for column in joint.owners()]
        few = could_live_on_few(joint.rows, owners, frozenset(joint.split))
        if few is not None:
            split = ", ".join(map(repr, joint.split[:3]))
            note = f"as far as steps can be compared: those of {split} cannot"
            yield Finding("group", tuple(sorted(few)), rule="2", note=note, advice=_ADVICE)
    clean = [row for row in _clean_rows(epochs, joint) if any(row)]
    if clean:
        yield from modulus.modulus(_question(joint, clean, prior, limits))


def _clean_rows(epochs: Sequence[Epoch], joint: Joint) -> list[list[int]]:
    """Those without noise."""
    return [
        row
        for epoch in epochs
        for at, row in enumerate(joint.rows[epoch.number])
        if not epoch.slots or epoch.slots[at] is None
    ]


def _protected_forms(epochs: Sequence[Epoch], joint: Joint) -> Iterator[Finding]:
    """No protected form of any of the schemas lies in what all rows span."""
    account = LinearAccount(joint.schema).with_rows(
        [LinearAccount(joint.schema).free.lift(r) for r in _all_rows(joint)]
    )
    for epoch in epochs:
        own = LinearAccount(epoch.schema).free
        for label, given in epoch.schema.protected_groups():
            if label in epoch.schema.columns:
                continue
            form = joint.rewritten(epoch, own.rows(given))
            lifted = integer_rows([account.free.lift(row) for row in form], joint.schema.n)
            if any(map(any, form)) and account.with_rows(lifted).says_nothing_beyond(account):
                yield Finding("protected", (label,), rule="2", advice=_ADVICE)


def _named(finding: Finding, joint: Joint) -> Finding:
    """A finding by the names of columns, without what is of the joint schema alone."""
    names = tuple(dict.fromkeys(map(joint.column_of, finding.names)))
    return replace(finding, names=names, coordinates=(), combination=(), divisor=1, issued=0)
