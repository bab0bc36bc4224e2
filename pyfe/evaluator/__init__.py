"""The evaluator: who decrypts, whom it answers, and where it keeps what was refused."""

from __future__ import annotations

from pyfe.evaluator.evaluator import Evaluator, answers
from pyfe.evaluator.state_file import StateFile, state_beside
from pyfe.incidents import Incident

__all__ = ["Evaluator", "Incident", "StateFile", "answers", "state_beside"]
