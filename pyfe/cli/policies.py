"""The policy whose answer a command asks for, where there is no authority to ask."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pyfe.authority import Policy
from pyfe.errors import ParameterError
from pyfe.reports import Report

__all__ = ["AskedPolicy", "answered", "policy_of"]

AskedPolicy = Annotated[
    str,
    typer.Option(
        "--policy",
        metavar="default|none",
        help="Ask a new authority with default settings, which knows the population by the rows, or nobody.",
    ),
]


def policy_of(text: str) -> Policy | None:
    """The policy that an option names; None for "none"."""
    if text not in ("default", "none"):
        raise ParameterError(f'--policy is "default" or "none", not {text!r}')
    return Policy.default() if text == "default" else None


def answered(report: Report) -> dict[str, Any]:
    """For a machine: what was asked, and what is to be seen without asking, if anything is."""
    seen = dict(report.remarks).get("an authority")
    return {
        **({} if seen is None else {"an_authority": seen}),
        **({} if report.answer is None else {"answer": report.answer.to_dict()}),
    }
