"""What is assumed of the population before any result: a prior over the levels of a record.

==============  ==================================================================================
module          holds
==============  ==================================================================================
``protocol``    :class:`Prior`, what the counting rules ask
``blind``       :class:`Blind`: uniform levels, independent columns
``reference``   :class:`Reference`: what a sample of the population tells; ``fitting`` reads the sample, ``kept`` is
                what is kept of it, ``packing`` its plain types
``published``   what a schema may publish of a sample, in cells of at least 10 rows
``forest``      levels drawn along the tree of ``dependence``; ``copula`` levels by normal scores
``marginals``   smoothed counts
``classes``     the at most 8 classes of a block
``moments``     covariances
``publics``     values of the public columns
``seeds``       what is drawn from a seed
==============  ==================================================================================
"""

from __future__ import annotations

from pyfe.leakage.prior.blind import Blind
from pyfe.leakage.prior.protocol import LevelArray, Prior, require_prior
from pyfe.leakage.prior.published import published
from pyfe.leakage.prior.reference import Reference, reference_for
from pyfe.schema import Schema

__all__ = ["Blind", "LevelArray", "Prior", "Reference", "prior_for", "published", "reference_for", "require_prior"]


def prior_for(schema: Schema, reference: Reference | None) -> Prior:
    """The reference, or the blind prior of the schema where there is none."""
    return Blind(schema) if reference is None else reference
