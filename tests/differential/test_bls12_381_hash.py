"""Hashing to G1 and G2 of BLS12-381 on every kind of lanes: RFC 9380's vectors, blst, and the slow twin."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import pytest

from pyfe.errors import ParameterError
from tests.differential.blst import Blst
from tests.differential.conftest import LANES, supported
from tests.differential.test_bls12_381_groups import array, points_class, rows
from tests.reference import bls12_381 as twin

F = TypeVar("F")
VECTORS = Path(__file__).parents[1] / "vectors" / "rfc9380_bls12381.json"
SUITES: list[dict[str, Any]] = json.loads(VECTORS.read_text())["suites"]
DST = b"PYFE-TEST-V01-CS02"
# Elements that simplified SWU sends to the kernel of the isogeny to G1's curve, and that hence map to infinity: the
# solutions of x1(u) = x or x2(u) = x for the roots x of the kernel's polynomial. So do their negatives.
TO_INFINITY = (
    0x146850B3BDC2495ED73BB803DFAA951A88ABFF0ACB5C7AEAC52B48F3C808E87CE3885B98CE916E17CAEF21A6CBC6B598,
    0x0A92437E90BC473049AB549B4C4A145FEB4FB5CD39F7EE85C11FA62A8F5317220B398BE420CA5D8364D460F6EE1EFD29,
    0x1377C0192D99508A317127ABF17C64205C7AAD448380027EFB47AE73EA231DBD6ECD3F2841B63D309C35BB8FD13E48F0,
    0x0854A3CB180882D5B1EFC1C3CC5B3FB33B27CB739F1389986CA46E1C5CB5010D8A06FD781C63074868F316D95B8F8405,
)
# Elements for which y^2 is in Fp (with x1 or x2 for x), or Z times the right side at x1 is: the ends of the complex
# method, with all signs of its parts. Where y^2 is no square of Fp, y has no real part: its sign is the other part's.
REAL_SQUARES = (
    (
        0x03622B72D74393C934398F195C6DAEFB32F63A195C6D25973B76AF5EE1AF24822F235D752122BEE19D629E430CFD1ECD,
        0x08D0A3D797840C2173347D7E21314BBA658F11DDDD2BB0AE92587998D8AB5A1D12DF2683FC32831B1D991A16B754D7FB,
    ),
    (
        0x1112E014EC017D797FA412E27346B34490404D4642205D7955EAFA68243AD21F4AEACCD870F9553FAFB22E2769AD9EC4,
        0x1326DBD953F189E473A92A9AA5A9F735A1E62186C5E04BD93798B8FF4560F5545E844F254CB7BCBC6552E7B3FE988B93,
    ),
    (
        0x001E88C1F24496E0BB2C1E1F295E8B82C3E4E658EAA96219628B599B059AEAE91EAEA21A8B5FEE3F64CA16301B427531,
        0x066409A989DE3F409C2138059F445950DD65CE89397D89868A80749780AB11697107AA75752260320E0C84CA1BB2DD8D,
    ),
    (
        0x01282515D001C41A332858743018D2998BDDDF0EFEF980086FC2B238A855741BDF72353D880119FEF71AC3A7465A01CA,
        0x0CE86C8194AE13B32FC1F8723776807BE18B0CC7DD5C398C8F9E5A03D796EEC1ED02934326B860EC570A74C6AEC58AA5,
    ),
    (
        0x182A23699A14EB16D23D5EBF1FFAF5C365AE3332E28DB11CD1933B1C7659D1F27987EEB84CDC6A5543B088963A1B06E3,
        0x107C13B4E2B39C88208727D1F7B34B8EE52FA96E1B1A7D43E0B0FD0258973BCE9CE34229F7E7115F79A6401122890858,
    ),
    (
        0x03E7663FA131E4399B5BE3E86F01AEB57B4B3C1837BD6EF9A1815D91F7D10E249BABF45DE140DD455F7E860BFC22C5C7,
        0x096AF89C1DD1D3F86DFC2BBE77F1BA0058C7EBEBABA87D778DBDE6BE938CAFE03E1405F7F7F1802CE3229A1587FC78FD,
    ),
    (
        0x0FE8F663159EC1328988D33E0370A8D0E3F4726241BA71B77E78A76963510303BCA7CB6064BA95D54A0935D6E96C1C0D,
        0x001EA49EF98BD73F8DA2411A8996D33C49484B5C8C5EBA7497AAB1760A35022AB554097B14E754B5CD0CBA439D37CACC,
    ),
    (
        0x04ED77C640BB5C6A02A9E632C923470283361427CDA25A83B01ADBD2260ED9B73EFDABFFF608903596C215409B4970EC,
        0x0B819140FE8B89F42A4B17AF630BFD3F5361B381C3C8CD09C0EE6930B4369BA5F55FB988778D863CF2E81C3C290EA9F3,
    ),
    (
        0x056057A365183096FA4E8A491BB9F2DA171A660E60792271781E46DEE72D0C6E3A340F01AD2D16B9E8125A8B2161563C,
        0x16F7B6496BC56B4FFF06B6A4725162CB0659D3E5C4C46FB9198D174446CAEEA191E656657C4DD8EC2E961CCCE274D62D,
    ),
    (
        0x0090A6EBA77247AE535C1A661318E270F6E0F1221439175DFCE76430575039DFE2D2A920D85CB591A384A02FD447A766,
        0x0F87076209A1CD6BB9A57863182A65994C6802D44717F958089D5FD3B43C4F0CDE3B8B6116A2414A8E1B5C284D42BBA0,
    ),
)


@pytest.fixture(params=LANES)
def backend(request: pytest.FixtureRequest, core_testing: ModuleType) -> str:
    """Each kind of lanes that this CPU can run."""
    value: str = request.param
    if not supported(core_testing, value):
        pytest.skip(f"this CPU cannot run the {value} lanes")
    return value


def hashed(core: ModuleType, name: str, messages: list[bytes], dst: bytes) -> list[bytes]:
    return rows(points_class(core, name).hash_to_curve(messages, dst).to_bytes())


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite["suite"])
def test_vectors(core: ModuleType, suite: dict[str, Any]) -> None:
    """All of a suite in one batch, and one by one."""
    dst, vectors, first = suite["dst"].encode(), suite["vectors"], suite["suite"].startswith("BLS12381G1")
    points = [[vector["P"][axis] for axis in "xy"] for vector in vectors]
    if first:
        wanted = [twin.g1_encode((int(x, 16), int(y, 16))) for x, y in points]
    else:
        wanted = [twin.g2_encode(((int(x[0], 16), int(x[1], 16)), (int(y[0], 16), int(y[1], 16)))) for x, y in points]
    messages, name = [vector["msg"].encode() for vector in vectors], "g1" if first else "g2"
    assert hashed(core, name, messages, dst) == wanted
    assert [hashed(core, name, [message], dst)[0] for message in messages] == wanted


def test_random_messages(core: ModuleType, blst: Blst, name: str, seed: int, request: pytest.FixtureRequest) -> None:
    """Several chunks and a partial block; all in the subgroup, which from_bytes checks."""
    source = random.Random(seed)
    count = 1003 if request.config.getoption("--slow") else 203
    messages = [source.randbytes(source.randrange(200)) for _ in range(count)]
    ours = hashed(core, name, messages, DST)
    assert ours == getattr(blst, name).hash(messages, DST)
    assert len(points_class(core, name).from_bytes(array(ours))) == len(messages)


def test_sizes(core: ModuleType, blst: Blst, name: str) -> None:
    """No message, the empty one, those around the blocks of SHA-256, long ones, equal ones."""
    assert hashed(core, name, [], DST) == []
    messages = [b"", *(bytes(range(256))[:n] for n in (1, 50, 54, 55, 56, 63, 64, 65, 119, 120)), b"a" * 100_000, b""]
    ours = hashed(core, name, messages, DST)
    assert ours == getattr(blst, name).hash(messages, DST)
    assert ours[0] == ours[-1]


@pytest.mark.parametrize("length", [1, 254, 255, 256, 257, 1000])
def test_tags(shipped: ModuleType, name: str, length: int) -> None:
    """Over 255 bytes they are hashed first (section 5.3.3)."""
    dst = bytes(i % 251 for i in range(length))
    if name == "g1":
        assert hashed(shipped, name, [b"abc"], dst) == [twin.g1_encode(twin.hash_to_g1(b"abc", dst))]
    else:
        assert hashed(shipped, name, [b"abc"], dst) == [twin.g2_encode(twin.hash_to_g2(b"abc", dst))]


def test_the_empty_tag_is_refused(core: ModuleType, name: str) -> None:
    for messages in ([b"abc"], []):
        with pytest.raises(ParameterError, match="domain separation tag is empty"):
            points_class(core, name).hash_to_curve(messages, b"")


def exceptional(suite: twin.Suite[F]) -> list[F]:
    """Zero, the u with Z u^2 = -1, their neighbours, the ends of the field, and u or parts of it in a subfield."""
    f = suite.curve.field
    root = f.sqrt(f.neg(f.inv(suite.Z)))
    found = [f.zero, f.one, f.neg(f.one)]
    found += [] if root is None else [root, f.neg(root), f.add(root, f.one)]
    parts = [twin.P - 1, 1, (twin.P - 1) // 2, (twin.P + 1) // 2]
    return found + [f.element([part, 0]) for part in parts] + [f.element([0, part]) for part in parts]


def packed(integers: list[tuple[int, ...]]) -> bytes:
    return b"".join(part.to_bytes(64, "little") for parts in integers for part in parts)


def wanted(suite: twin.Suite[F], pairs: list[tuple[F, F]]) -> list[tuple[F, F] | None]:
    def of(u: F, v: F) -> tuple[F, F] | None:
        total = suite.curve.add(twin.map_to_curve(suite, u), twin.map_to_curve(suite, v))
        return twin.clear_cofactor(suite, total)

    return [of(u, v) for u, v in pairs]


def test_exceptional_elements_g1(core_testing: ModuleType, backend: str) -> None:
    suite = twin.G1_SUITE
    special = exceptional(suite)
    assert twin.fp_sqrt(-pow(suite.Z, -1, twin.P)) in special
    kernel = [sign * u % twin.P for u in TO_INFINITY for sign in (1, -1)]
    assert [twin.map_to_curve(suite, u) for u in kernel] == [None] * 8
    pairs = [(u, special[(i + 1) % len(special)]) for i, u in enumerate(special)]
    pairs += [(u, u) for u in special] + [(u, suite.curve.field.neg(u)) for u in special] + [(u, 5) for u in kernel]
    pairs += [(7, kernel[0]), (kernel[1], kernel[2])]
    points = wanted(suite, pairs)
    assert points[-1] is None and points[-2] is not None
    ours = core_testing.bls12_381_hash_elements(backend, 1, packed(list(pairs)))
    assert ours == b"".join(map(twin.g1_encode, points))


def test_exceptional_elements_g2(core_testing: ModuleType, backend: str) -> None:
    suite = twin.G2_SUITE
    special = exceptional(suite)
    pairs = [(u, special[(i + 1) % len(special)]) for i, u in enumerate(special)]
    without_real_part = [twin.map_to_curve_simple_swu(suite, u)[1][0] for u in REAL_SQUARES].count(0)
    assert without_real_part == 3
    pairs += [(u, suite.curve.field.one) for u in REAL_SQUARES]
    pairs += [(suite.curve.field.neg(u), suite.curve.field.one) for u in REAL_SQUARES]
    pairs += [(u, u) for u in special[:3]] + [(u, suite.curve.field.neg(u)) for u in special[3:]]
    ours = core_testing.bls12_381_hash_elements(backend, 2, packed([u + v for u, v in pairs]))
    assert ours == b"".join(map(twin.g2_encode, wanted(suite, pairs)))


def test_wide_integers(core_testing: ModuleType, backend: str, name: str) -> None:
    """Integers below 2^512 count modulo p: multiples of p, and the ends of the words."""
    most, p = 2**512 - 1, twin.P
    values = [0, p, most // p * p, most // p * p + 1, most, 2**384, 2**384 - 1, 2**448 - 1, 2**511, 2**381, 2**381 - 1]
    values = [*values, *(value - 1 for value in values if value), 1, 12345]
    width, group = (2, 1) if name == "g1" else (4, 2)
    rows_of = [tuple(values[(i + k) % len(values)] for k in range(width)) for i in range(len(values))]
    reduced = [tuple(value % p for value in row) for row in rows_of]
    ours = core_testing.bls12_381_hash_elements(backend, group, packed(rows_of))
    assert ours == core_testing.bls12_381_hash_elements(backend, group, packed(reduced))
    if name == "g1":
        points = wanted(twin.G1_SUITE, [(row[0], row[1]) for row in reduced])
        assert ours == b"".join(map(twin.g1_encode, points))
