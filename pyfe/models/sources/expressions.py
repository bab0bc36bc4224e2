"""A sympy expression as a model: its coefficients where it is of degree one or two in the columns.

A symbol is called like a column, and stands for its value; or like a coordinate (``smoker=yes``, ``age>=65.0``), and
stands for that bit. A column with a transform is linear on the scale of the transform, so it enters the expression as
``log(dose)`` or ``sqrt(dose)``. ``1/(1 + exp(-d))`` and ``1 - S0**exp(d)`` around the expression become the link.

Up to 20 symbols the expression is expanded by ``sympy.Poly``, and the coefficients are exact; with more, expansion
takes minutes, and it is turned into a function and probed like any callable.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.models.fit.affine import fit_affine
from pyfe.models.fit.probing import fresh_rows, residual
from pyfe.models.fit.second_differences import fit_quadratic
from pyfe.models.real.affine import AffineMap
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.models.sources.decision import DecisionFunction
from pyfe.models.sources.raw_model import RawModel
from pyfe.models.sources.real_function import RealFunction, RealMap
from pyfe.schema import TRANSFORMS, Schema
from pyfe.schema.cells import same_name

__all__ = ["from_expression", "symbols_of"]

_EXPANDED = 20
"""Most symbols for which an expression is expanded."""


def from_expression(model: Any, schema: Schema) -> RealFunction | None:
    """The function of a sympy expression, or of a list or matrix of them (one output each), on a schema; None for
    anything else.

    Raises ParameterError for a symbol that is no column, UnsupportedModelError naming the part that is no polynomial,
    or a monomial of degree three or more.
    """
    outputs = _expressions(model)
    if outputs is None:
        return None
    link, classes, survival = "identity", None, None
    if len(outputs) == 1:
        link, outputs[0], survival = _unlinked(outputs[0])
        classes = None if link == "identity" else (0, 1)
    inputs = _Inputs(outputs, schema)
    polynomials = [inputs.on_their_scale(expression) for expression in outputs]
    raw: RawModel | None = None  # coefficients that sympy expands are exact
    if len(inputs.symbols) <= _EXPANDED:
        real_map = _expanded(polynomials, inputs, schema)
    else:
        real_map = _probed(polynomials, inputs, schema)
        evaluated = DecisionFunction(_evaluated(polynomials, inputs), None, "expression")
        raw = RawModel(evaluated, lambda columns: inputs.values(schema.encode_real(columns)), schema)
    return RealFunction(real_map, link, classes, survival, "expression", raw)


def symbols_of(model: Any) -> set[str] | None:
    """The names of the symbols of a sympy expression, or of a list of them; None for anything else."""
    outputs = _expressions(model)
    return None if outputs is None else {symbol.name for one in outputs for symbol in one.free_symbols}


def _expressions(model: Any) -> list[Any] | None:
    """The expressions, where the model consists of such. A model of sympy exists only where sympy is loaded."""
    if "sympy" not in sys.modules:
        return None
    import sympy

    items = list(model) if isinstance(model, list | tuple | sympy.MatrixBase) else [model]
    return items if items and all(isinstance(item, sympy.Expr) for item in items) else None


def _unlinked(expression: Any) -> tuple[str, Any, float | None]:
    """Link, the expression inside it, and the baseline survival of "cox"."""
    import sympy

    if expression.is_Pow and expression.exp == -1:
        inner = expression.base - 1
        if isinstance(inner, sympy.exp):
            return "logit", -inner.args[0], None
    if expression.is_Add:
        power = 1 - expression
        if power.is_Pow and power.base.is_number and isinstance(power.exp, sympy.exp) and 0 < power.base < 1:
            return "cox", power.exp.args[0], float(power.base)
    return "identity", expression, None


class _Inputs:
    """What the symbols of some expressions stand for: an affine function of the coordinates each."""

    def __init__(self, expressions: Sequence[Any], schema: Schema) -> None:
        import sympy

        given = sorted(set().union(*(e.free_symbols for e in expressions)), key=lambda symbol: symbol.name)
        self.symbols: list[Any] = []
        self._replaced: dict[Any, Any] = {}
        rows = []
        for symbol in given:
            scale, row = _meaning(symbol.name, schema)
            if scale == "identity":
                straight = meant = sympy.Symbol(symbol.name, real=True)
            else:
                straight = sympy.Symbol(f"{scale}({symbol.name})", real=True, nonnegative=scale == "sqrt" or None)
                meant = sympy.exp(straight) if scale == "log" else straight**2
            self._replaced[symbol] = meant
            if straight not in self.symbols:  # symbols of one name may differ in what is assumed of them
                self.symbols.append(straight)
                rows.append(row)
        self.rows: FloatArray = np.array(rows).reshape(len(rows), schema.n + 1)
        """float64 ``[symbols, n + 1]``, over ``z = (1, q)``."""

    def on_their_scale(self, expression: Any) -> Any:
        """The expression in symbols that are affine in the coordinates."""
        import sympy

        return sympy.expand_log(expression.xreplace(self._replaced), force=True)

    def values(self, rows: IntArray | FloatArray) -> FloatArray:
        """Of the symbols, ``[symbols, m]``."""
        return np.asarray(self.rows[:, :1] + self.rows[:, 1:] @ rows.T)


def _meaning(name: str, schema: Schema) -> tuple[str, FloatArray]:
    """The scale of what a name stands for, and its row over ``z = (1, q)``."""
    row, key = np.zeros(schema.n + 1), same_name(name)
    for column_name, part, column in schema.parts:
        wide = slice(part.start + 1, part.stop + 1)
        if key == same_name(column_name):
            row[0], row[wide], scale = column.symbol(name)
            return scale, row
        names = [same_name(coordinate) for coordinate in column.coordinate_names(column_name)]
        if key in names:
            row[wide][names.index(key)] = 1.0
            return "identity", row
    raise ParameterError(f"the expression has the symbol {name!r}, which is no column or coordinate of the schema")


def _expanded(polynomials: list[Any], inputs: _Inputs, schema: Schema) -> RealMap:
    tables = [_coefficients(polynomial, inputs.symbols) for polynomial in polynomials]
    z = np.concatenate([np.eye(1, schema.n + 1), inputs.rows])
    matrices = np.stack([z.T @ table @ z for table in tables])
    folded = np.triu(matrices) + np.tril(matrices, -1).transpose(0, 2, 1)
    quadratic, weights, intercept = folded[:, 1:, 1:], folded[:, 0, 1:], folded[:, 0, 0]
    far = np.abs(z) @ np.maximum(np.abs(np.append(1, schema.lo)), np.abs(np.append(1, schema.hi)))
    reach = np.array([far @ np.abs(table) @ far for table in tables])
    error = 4 * (schema.n + 2) * np.finfo(np.float64).eps * reach
    if not quadratic.any():
        return AffineMap(weights, intercept, error)
    return RealQuadratic(np.zeros(schema.n, dtype=np.int64), quadratic, weights, intercept, error)


def _coefficients(polynomial: Any, symbols: list[Any]) -> FloatArray:
    """Upper triangular float64 ``[1 + symbols, 1 + symbols]`` over (1, symbols)."""
    import sympy

    _require_polynomial(polynomial)
    table = np.zeros((len(symbols) + 1, len(symbols) + 1))
    for powers, coefficient in sympy.Poly(polynomial, *symbols).terms() if symbols else [((), polynomial)]:
        if sum(powers) > 2:
            raise _too_high(sympy.Mul(*(s**p for s, p in zip(symbols, powers, strict=True))), sum(powers))
        if not coefficient.is_real:
            raise UnsupportedModelError(f"the expression has the coefficient {coefficient}, which is no real number")
        factors = [position + 1 for position, power in enumerate(powers) for _ in range(power)]
        row, column = [0] * (2 - len(factors)) + factors
        table[row, column] += float(coefficient)
    return table


def _too_high(monomial: Any, degree: int) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"the expression has the monomial {monomial} of degree {degree}; degree two is the most that can be compiled"
    )


def _require_polynomial(expression: Any) -> tuple[int, Any]:
    """Degree and one monomial of that degree, if nothing cancels. UnsupportedModelError naming what is no
    polynomial."""
    import sympy

    if not expression.free_symbols:
        return 0, 1
    if expression.is_Symbol:
        return 1, expression
    parts = [_require_polynomial(part) for part in expression.args] if expression.is_Add or expression.is_Mul else []
    if expression.is_Add:
        return max(parts, key=lambda part: part[0])
    if expression.is_Mul:
        monomial = 1
        for _, factor in parts:
            monomial = monomial * factor
        return sum(degree for degree, _ in parts), monomial
    if expression.is_Pow and expression.exp.is_Integer and expression.exp > 0:
        degree, monomial = _require_polynomial(expression.base)
        return int(expression.exp) * degree, monomial**expression.exp
    if isinstance(expression, sympy.exp) and str(expression.args[0]).startswith("log("):
        raise UnsupportedModelError(
            f"the schema has a column on the log scale: {expression.args[0]} is what it is linear in, and the "
            "expression holds the value itself"
        )
    raise UnsupportedModelError(
        f"the expression holds {expression}, which is no polynomial of the columns; where a column enters only by its "
        f"{' or '.join(list(TRANSFORMS)[1:])}, give it that transform in the schema"
    )


def _evaluated(polynomials: list[Any], inputs: _Inputs) -> Callable[[FloatArray], FloatArray]:
    """Values ``[m, k]`` of the polynomials, of values of the symbols ``[symbols, m]``; as they are written."""
    import sympy

    function = sympy.lambdify([inputs.symbols], polynomials, "numpy", cse=True)

    def values(given: FloatArray) -> FloatArray:
        found = function(list(given))
        return np.stack([np.broadcast_to(np.asarray(v, dtype=np.float64), given.shape[1]) for v in found], axis=1)

    return values


def _probed(polynomials: list[Any], inputs: _Inputs, schema: Schema) -> RealMap:
    highest = [_require_polynomial(polynomial) for polynomial in polynomials]
    evaluate = _evaluated(polynomials, inputs)

    def score(rows: IntArray) -> FloatArray:
        return evaluate(inputs.values(rows))

    rows = fresh_rows(schema)
    for fit in (fit_affine, fit_quadratic):
        real_map: RealMap = fit(score, schema)
        difference, tolerance = residual(score, real_map, rows)
        if (difference <= tolerance).all():
            return replace(real_map, error=real_map.error + 2 * difference)
    degree, monomial = highest[int(np.argmax(difference - tolerance))]
    raise _too_high(monomial, degree)
