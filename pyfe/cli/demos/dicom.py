"""Texture of encrypted image regions.

Two real scans that pydicom carries for its own tests, a slice of a CT and one of an MR study. The hospital reads the
DICOM files in its own folder, applies the rescale slope and intercept of their headers, cuts the images into regions of
8 x 8 pixels and encrypts the regions. The headers stay: what is sent is points, ids and the schema. The cloud has a key
for the energy of the gradient and one for the local variance, and gets two maps of an eighth of the resolution.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyfe import io, quadratic
from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.cli.demos import stage
from pyfe.errors import PyfeError
from pyfe.function import Function
from pyfe.schema import Schema, number

__all__ = ["IMAGES", "SIDE", "Image", "run", "schema"]


IMAGES = {"CT": "CT_small.dcm", "MR": "MR_small.dcm"}

SIDE = 8
"""Height and width of a region in pixels."""

_LOWEST, _HIGHEST, _STEP = -1024, 3068, 4
"""The range of a CT in Hounsfield units, in steps below its noise: ten bits a pixel. The MR image lies inside it."""

_TELLING = ("DA", "LO", "PN", "SH", "TM", "UI")
"""Kinds of header elements that say who, where and when: dates, texts, names, times, identifiers."""

_SHORTEST, _FEWEST = 6, 4
"""Shorter texts could occur in megabytes of points by accident, and a number of zeros does in a key."""

_NAMES = {"gradient": "gradient energy", "variance": "local variance"}


@dataclass(frozen=True)
class Image:
    """Rescaled pixels float64 ``[height, width]``, whole regions only, and the texts of the header."""

    name: str
    pixels: FloatArray
    texts: frozenset[str]

    @property
    def grid(self) -> tuple[int, int]:
        """Regions down and across."""
        return self.pixels.shape[0] // SIDE, self.pixels.shape[1] // SIDE

    @property
    def regions(self) -> FloatArray:
        """float64 ``[regions, SIDE^2]``, row by row, each region row by row."""
        down, across = self.grid
        return self.pixels.reshape(down, SIDE, across, SIDE).swapaxes(1, 2).reshape(down * across, SIDE**2)


def run(folder: Path, *, say: stage.Say, images: Sequence[str] = tuple(IMAGES)) -> dict[str, Any]:
    """Play the story below ``folder`` with these of :data:`IMAGES`; returns the printed figures. About 10 s."""
    start = time.perf_counter()
    stage.require_packages({"pydicom": "pydicom"})
    columns = schema()
    functions = {
        "gradient": quadratic.gradient_energy(columns, (SIDE, SIDE)),
        "variance": quadratic.variance(columns),
    }
    roles = stage.open_folders(folder, "dicom")
    bits = max(function.weight_bits for function in functions.values())
    findings = stage.issue(
        roles, columns, functions, scheme="qfe-ggm", bits=bits, purpose="texture of image regions", policy=stage.FINE
    )
    scans = [_read(_delivered(roles, IMAGES[name]), name) for name in images]
    regions = np.concatenate([scan.regions for scan in scans])
    table = {name: regions[:, i].tolist() for i, name in enumerate(columns.columns)}
    sent = stage.hospital_encrypts(roles, table, "regions.csv")
    got = {name: stage.cloud_evaluates(roles, name, f"{name}.csv") for name in functions}
    _require_identical(functions, regions, {name: each.scores for name, each in got.items()})
    values = {name: functions[name].decision_function(each.scores) for name, each in got.items()}
    result = {
        "images": {scan.name: list(scan.pixels.shape) for scan in scans},
        "regions": len(regions),
        "pixel_range": [float(regions.min()), float(regions.max())],
        "saturated_values": sum(sent.saturated.values()),
        "header_texts_looked_for": _require_unsent(roles, scans),
        "scores": {name: each.scores.tolist() for name, each in got.items()},
        "largest_error": {name: _error(name, values[name], regions) for name in functions},
        **stage.cost(sent, list(got.values())),
        **stage.revealed(columns, list(functions.values()), findings),
        "policy": got["gradient"].policy,
        "picture": stage.draw(
            folder / "dicom.png", (6.6, 2.4 * len(scans)), lambda figure: _paint(figure, scans, values)
        ),
    }
    result["seconds"] = time.perf_counter() - start
    _tell(result, say)
    return result


def schema() -> Schema:
    """One column a pixel of a region, row by row."""
    pixel = number(_LOWEST, _HIGHEST, step=_STEP)
    return Schema.from_ranges({f"p{row}{column}": pixel for row in range(SIDE) for column in range(SIDE)})


def _delivered(roles: stage.Roles, file: str) -> Path:
    """The DICOM file in the hospital's folder, from the pydicom package (it is installed with it; no network)."""
    from pydicom.data import get_testdata_file

    found = get_testdata_file(file, download=False)
    if found is None:
        raise PyfeError(f"this pydicom comes without {file}; pydicom 3.0 has it")
    io.write_bytes(roles.hospital / file, io.read_bytes(str(found)), private=True)
    return roles.hospital / file


def _read(path: Path, name: str) -> Image:
    """Pixels in the unit that the header states: ``stored * RescaleSlope + RescaleIntercept``."""
    from pydicom import dcmread

    dataset = dcmread(path)
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    pixels = dataset.pixel_array.astype(np.float64) * slope + intercept
    height, width = (size // SIDE * SIDE for size in pixels.shape)
    return Image(name, pixels[:height, :width], _texts(dataset))


def _texts(dataset: Any) -> frozenset[str]:
    """Names, dates and ids in the header, nested ones too, that could not be in other bytes by accident."""
    values = (str(element.value) for element in dataset.iterall() if element.VR in _TELLING)
    return frozenset(value for value in values if len(value) >= _SHORTEST and len(set(value)) >= _FEWEST)


def _require_unsent(roles: stage.Roles, scans: Sequence[Image]) -> int:
    """Look for every text of the headers in every file that the cloud has; returns how many texts."""
    texts = frozenset[str]().union(*(scan.texts for scan in scans))
    for file in sorted(roles.cloud.iterdir()):
        data = file.read_bytes()
        if any(text.encode() in data for text in texts):
            raise PyfeError(f"a text of a DICOM header is in the cloud's {file.name}")
    return len(texts)


def _plain(name: str, x: AnyArray) -> AnyArray:
    """The function by numpy, in its own integers' scale: ``x`` are regions ``[batch, SIDE^2]``."""
    if name == "variance":
        return np.asarray(x.shape[1] * (x**2).sum(axis=1) - x.sum(axis=1) ** 2)
    square = x.reshape(-1, SIDE, SIDE)
    return np.asarray(sum((np.diff(square, axis=axis) ** 2).sum(axis=(1, 2)) for axis in (1, 2)))


def _require_identical(functions: Mapping[str, Function], regions: FloatArray, scores: Mapping[str, IntArray]) -> None:
    """Every encrypted integer equals the function in the clear and numpy on the pixels' steps."""
    steps = np.rint((np.clip(regions, _LOWEST, _HIGHEST) - _LOWEST) / _STEP).astype(np.int64)
    for name, function in functions.items():
        plain = function.evaluate(regions, "clip"), _plain(name, steps)
        if not all(np.array_equal(scores[name], values) for values in plain):
            raise PyfeError(f"an encrypted {_NAMES[name]} differs from the one computed in the clear")


def _error(name: str, values: FloatArray, regions: FloatArray) -> float:
    """What rounding to steps costs: the largest distance between standard deviations, or between root mean square
    differences of neighbours, in units of the pixels."""
    neighbours = 2 * SIDE * (SIDE - 1)
    exact = _plain(name, regions) / (SIDE**4 if name == "variance" else neighbours)
    ours = values if name == "variance" else values / neighbours
    return float(np.abs(np.sqrt(ours) - np.sqrt(exact)).max())


def _tell(result: Mapping[str, Any], say: stage.Say) -> None:
    sizes = ", ".join(f"{name} {height} x {width}" for name, (height, width) in result["images"].items())
    widths = ", ".join(f"{name} 2^{width:.1f}" for name, width in result["width_bits"].items())
    low, high = result["pixel_range"]
    errors = ", ".join(f"{_NAMES[name]} {error:.1f}" for name, error in result["largest_error"].items())
    say("Texture of DICOM images, encrypted")
    lines = {
        "images": f"{sizes}; pixels from {low:.0f} to {high:.0f} after slope and intercept",
        "regions": f"{result['regions']} of {SIDE} x {SIDE} pixels",
        "integers": "every one identical to the function in the clear and to numpy on the same pixels",
        "rounding": f"to steps of {_STEP} moves the root mean square by at most: {errors}",
        "clipped": f"{result['saturated_values']} pixels",
        **stage.cost_lines(result, "region"),
        "results": f"values to search: {widths}",
        **stage.closing_lines(
            result,
            "region",
            {
                "  and": "the two maps show the outline of the body at an eighth of the resolution",
                "sent": f"points, ids and the schema; none of {result['header_texts_looked_for']} texts of the headers",
            },
        ),
    }
    stage.say_table(lines, say)


def _paint(figure: Any, scans: Sequence[Image], values: Mapping[str, FloatArray]) -> None:
    """A row an image: the hospital's pixels, then the cloud's maps (fourth root, so that tissue shows beside edges)."""
    rows = figure.subplots(len(scans), 1 + len(values), squeeze=False)
    start = 0
    for axes, scan in zip(rows, scans, strict=True):
        down, across = scan.grid
        stop = start + down * across
        axes[0].imshow(scan.pixels, cmap="gray")
        axes[0].set_title(f"{scan.name}, in the hospital", fontsize=9)
        for place, name in zip(axes[1:], values, strict=True):
            place.imshow(values[name][start:stop].reshape(down, across) ** 0.25, cmap="magma")
            place.set_title(f"{_NAMES[name]}, in the cloud", fontsize=9)
        start = stop
    for place in rows.ravel():
        place.set_axis_off()
