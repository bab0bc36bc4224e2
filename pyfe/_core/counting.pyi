"""
What scores say about the columns of a population's rows.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
__all__: list[str] = ['MOST_WIDTH', 'Sample', 'beside', 'distribution', 'likeliest', 'nearer', 'residues']
class Sample:
    """
    Rows of levels, and the classes of some of their columns.
    """
    def __init__(self, levels: numpy.typing.NDArray[numpy.int16], columns: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], classes: list[numpy.typing.NDArray[numpy.uint8]]) -> None:
        """
        levels: int16 [all columns, rows]; classes: uint8 [levels], below 8, for each of the columns.
        """
    def __len__(self) -> int:
        ...
    def answers(self, shares: list[numpy.typing.NDArray[numpy.int64]]) -> numpy.typing.NDArray[numpy.int64]:
        """
        int64 [rows]: the sum of the shares (int64 [levels], or [0] for none) of every column.
        """
    def matches(self, scores: list[list[numpy.typing.NDArray[numpy.int64]]], targets: numpy.typing.NDArray[numpy.int64], few: typing.SupportsInt | typing.SupportsIndex, certain: typing.SupportsFloat | typing.SupportsIndex) -> tuple:
        """
        ((records, thin, certain float64 [columns]), the same by tenths), for scores of shares as for answers. Share of the targets whose classes the others with the same answers name in full, of those that have fewer such others, and of those of whom a class is certain, and right; and where of each answer only the tenth is known that it lies in of all rows' answers.
        """
    def tally(self, answers: list[numpy.typing.NDArray[numpy.int64]], few: typing.SupportsInt | typing.SupportsIndex, certain: typing.SupportsFloat | typing.SupportsIndex) -> tuple:
        """
        (thin, float64 [columns, 7]) for the joint answers of keys, int64 [rows] each. thin: share of the second half that has fewer neighbours in the first. Columns: share of the commonest class in the first half, and in the second; of rows guessed right, made certain and right, and these of a class that is not the commonest; 0, 0.
        """
    def tally_beside_tenths(self, answers: numpy.typing.NDArray[numpy.int64], cuts: numpy.typing.NDArray[numpy.float64], known: typing.SupportsFloat | typing.SupportsIndex, few: typing.SupportsInt | typing.SupportsIndex, certain: typing.SupportsFloat | typing.SupportsIndex) -> tuple:
        """
        The same for the answers to one key, and at the end rows guessed right and made certain and right by the answer's tenth alone: how many of nine cuts, float64 [9], answer + known reaches.
        """
def beside(shares: list[numpy.typing.NDArray[numpy.int64]], marginals: list[numpy.typing.NDArray[numpy.float64]], classes: list[numpy.typing.NDArray[numpy.uint8]], certain: typing.SupportsFloat | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float64]:
    """
    What the sum says about the class (uint8 [levels], below 8) of every variable, float64 [variables, 7]: share of the commonest class; of rows guessed right, made certain, and made certain of a class that is not the commonest, by the answer and by its tenth of the distribution.
    """
def distribution(shares: list[numpy.typing.NDArray[numpy.int64]], marginals: list[numpy.typing.NDArray[numpy.float64]]) -> numpy.typing.NDArray[numpy.float64]:
    """
    P(z), float64 [width + 1], of the sum of independent variables; shares int64 [levels], the least of a variable being 0, and marginals float64 [levels], one array a variable. OutOfRangeError for a width beyond 2^24.
    """
def likeliest(triangle: numpy.typing.NDArray[numpy.float64], basis: numpy.typing.NDArray[numpy.float64], lo: numpy.typing.NDArray[numpy.float64], hi: numpy.typing.NDArray[numpy.float64], bits: collections.abc.Sequence[tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex]], centres: numpy.typing.NDArray[numpy.float64], origins: numpy.typing.NDArray[numpy.float64], bound: typing.SupportsFloat | typing.SupportsIndex, most_nodes: typing.SupportsInt | typing.SupportsIndex) -> tuple:
    """
    (ends uint8 [rows], records float64 [rows, d]): of all records as for nearer with |triangle (t - centre)|^2 below the bound, the one with the least: 1; 0 where there is none; 2 where the nodes did not suffice, and the record is the best that was met. A record that was not found is nan.
    """
def nearer(triangle: numpy.typing.NDArray[numpy.float64], basis: numpy.typing.NDArray[numpy.float64], lo: numpy.typing.NDArray[numpy.float64], hi: numpy.typing.NDArray[numpy.float64], bits: collections.abc.Sequence[tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex]], centres: numpy.typing.NDArray[numpy.float64], origins: numpy.typing.NDArray[numpy.float64], most_nodes: typing.SupportsInt | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.uint8]:
    """
    For each row, whether a record origin + t basis (t integers, coordinates from lo to hi, of the bits from first to end at most one set) has |triangle (t - centre)| below that of t = 0: 1 where there is one, 0 where there is none, 2 where the nodes did not suffice; uint8 [rows]. triangle float64 [k, k], basis [k, d] of integers, lo and hi [d], centres [rows, k], origins [rows, d].
    """
def residues(shares: list[numpy.typing.NDArray[numpy.int64]], marginals: list[numpy.typing.NDArray[numpy.float64]], modulus: typing.SupportsInt | typing.SupportsIndex, certain: typing.SupportsFloat | typing.SupportsIndex) -> numpy.typing.NDArray[numpy.float64]:
    """
    What the sum modulo a number from 2 to 2^24 says about the level of every variable, float64 [variables, 2]: gain of the best guess, and share of rows made certain.
    """
MOST_WIDTH: int = 16777216
