"""The attacks that the rules were measured with: what somebody reads from answers who has them, and what is known.

Each takes the integer rows of keys and the answers of records, and gives a :class:`Guess`; :func:`opened` says of how
many records it is right. All of them know the population as a prior does (:mod:`pyfe.leakage.prior`) and the public
columns of each record. ``by_tenth=True`` gives the guess of somebody who is told the tenth of each answer alone: the
baseline, what a score says by its meaning.

=====================  ==================  ====================================  =======================================
attack                 of                  finds                                 cost
=====================  ==================  ====================================  =======================================
:func:`residues`       any linear keys     classes of columns that show in       g levels for each remainder modulo g
                                           remainders
:func:`one_score`      one linear key      classes, and the likeliest record,    width of the score times the levels of
                                           independent columns                   all columns
:func:`enumeration`    any functions       the same, with the prior's tree       all private records, 3 10^6 at most
:func:`rounding_off`   several linear keys a record near the mean                LLL of f numbers
:func:`likeliest`      several linear keys the record nearest to the mean        BKZ-20, and nodes of an enumeration
=====================  ==================  ====================================  =======================================

:func:`strongest` takes the one that fits the keys best.

>>> import numpy as np, pyfe
>>> from pyfe.leakage import Blind, attack
>>> schema = pyfe.Schema({name: pyfe.number(0, top, step=1) for name, top in (("ward", 3), ("age", 90), ("bmi", 50))})
>>> prior, rows = Blind(schema), [[1, 4, 8]]  # no age hides the ward: it is the answer modulo 4
>>> levels = prior.tree_rows(100, bytes(32))
>>> told = attack.Told.of(prior, rows, levels)
>>> attack.opened(attack.residues(told), prior, levels).classes.tolist()[0]
1.0
"""

from __future__ import annotations

from pyfe.leakage.attack.enumeration import MOST_RECORDS, enumeration
from pyfe.leakage.attack.guess import Guess, Opened, opened
from pyfe.leakage.attack.one_score import one_score
from pyfe.leakage.attack.residues import residues
from pyfe.leakage.attack.several_scores import likeliest, rounding_off
from pyfe.leakage.attack.strongest import strongest
from pyfe.leakage.attack.told import Told

__all__ = [
    "MOST_RECORDS",
    "Guess",
    "Opened",
    "Told",
    "enumeration",
    "likeliest",
    "one_score",
    "opened",
    "residues",
    "rounding_off",
    "strongest",
]
