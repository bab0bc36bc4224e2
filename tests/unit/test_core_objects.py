"""No input ends the process: every class and every function of the core, as they are found in the module.

What used to end it runs in a process of its own, so that a crash is a failed test and not the end of the run.
"""

import subprocess
import sys

import pytest

COMMON = """
import copy, gc, inspect, pickle, sys, types, weakref
import numpy as np
import pyfe
from pyfe import _core
from pyfe.errors import PyfeError


def classes(module):
    for value in vars(module).values():
        if isinstance(value, types.ModuleType) and value.__name__.startswith(module.__name__ + "."):
            yield from classes(value)
        elif isinstance(value, type):
            yield value


def functions(module):
    for owner in [module, *classes(module)]:
        for name, value in vars(owner).items():
            member = getattr(owner, name, None)
            if callable(member) and not isinstance(member, type):
                if type(value).__name__ in ("builtin_function_or_method", "instancemethod", "staticmethod"):
                    yield f"{owner.__name__}.{name}", member
        if owner is module:
            for value in vars(module).values():
                if isinstance(value, types.ModuleType) and value.__name__.startswith(module.__name__ + "."):
                    yield from functions(value)


def objects():
    bytes_, lo, hi = bytes(32), np.zeros(2, np.int64), np.full(2, 9)
    ipfe, rlwe, qfe, bls = _core.ipfe_ddh, _core.ipfe_rlwe, _core.qfe, _core.bls12_381
    p = ipfe.Parameters(2, lo, hi, 5, bytes_)
    mpk, msk = ipfe.setup(p)
    rows = ipfe.encrypt(mpk, np.array([[1, 2]]))
    sk = ipfe.keygen(msk, np.array([1, 2]))
    yield from (p, mpk, msk, sk, rows, rows.pieces()[0], ipfe.prove(sk, rows, np.array([[5]]), b""))
    r = rlwe.Parameters(2, lo, hi, 5)
    mpk, msk = rlwe.setup(r)
    yield from (r, mpk, msk, rlwe.keygen(msk, np.array([1, 2])), rlwe.encrypt(mpk, np.array([[1, 2]])))
    plain = rlwe.PlainRows(r)
    plain.append(np.array([[1, 2]]))
    yield from (plain, rows.pieces()[0].given_back())
    q = qfe.Parameters(1, lo, hi, 5)
    mpk, msk = qfe.setup(q)
    one = np.array([0])
    forms = qfe.Forms.matrices(1, 2, 2, one, one, one, np.array([3]))
    yield from (q, forms, mpk, msk, qfe.keygen(msk, forms), qfe.encrypt(mpk, np.array([[1, 2]])))
    g1, g2 = bls.G1Points.generator(2), bls.G2Points.generator(2)
    yield from (g1, g2, bls.G1FixedBase(bls.G1Points.generator(1)), bls.G2FixedBase(bls.G2Points.generator(1)))
    yield from (_core.pairing.PreparedG2(g2), _core.pairing.pair(g1, g2), _core.SecretBytes(8))
    yield _core.counting.Sample(np.zeros((1, 4), np.int16), [0], [np.zeros(1, np.uint8)])
    yield _core.schemes.Readout(one, np.ones(1), np.zeros(1), 0, [("str", "no"), ("str", "yes")])


def refused(action, *errors):
    try:
        action()
    except errors or (TypeError,) as error:
        return str(error)
    raise AssertionError(f"not refused: {inspect.getsource(action)}")


ALL = list(objects())
assert {type(o) for o in ALL} == set(classes(_core)), "a class without an object here"
BASE = type(ALL[0]).__mro__[1]
"""


def run(code: str, *, env: dict[str, str] | None = None, timeout: float = 120) -> str:
    done = subprocess.run(
        [sys.executable, "-c", COMMON + code], capture_output=True, text=True, timeout=timeout, env=env
    )
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr[-1500:]}"
    return done.stdout


def test_no_object_without_its_value() -> None:
    run("""
for cls in classes(_core):
    refused(lambda: cls.__new__(cls))
    refused(lambda: object.__new__(cls))
    refused(lambda: BASE.__new__(cls))
    refused(lambda: type.__call__(cls))
refused(lambda: BASE())
refused(lambda: BASE.__new__(BASE))
""")


def test_a_class_is_neither_extended_nor_changed() -> None:
    run("""
for cls in classes(_core):
    refused(lambda: type("Mine", (cls,), {"__init__": lambda self: None})())
    refused(lambda: setattr(cls, "__len__", lambda self: 10**9))
    for thing in ALL:
        if type(thing) is not cls:
            refused(lambda: setattr(thing, "__class__", cls))
        refused(lambda: setattr(thing, "new", 1), TypeError, AttributeError)
refused(lambda: type("Mine", (BASE,), {})())
""")


def test_no_protocol_copies_a_native_object() -> None:
    run("""
for thing in ALL:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert "to_bytes" in refused(lambda: pickle.dumps(thing, protocol))
        assert "to_bytes" in refused(lambda: thing.__reduce_ex__(protocol))
    refused(lambda: copy.copy(thing))
    refused(lambda: copy.deepcopy(thing))
    refused(lambda: thing.__setstate__({}), AttributeError)
""")


def test_objects_survive_what_else_is_done_to_them() -> None:
    run("""
for thing in ALL:
    shown = repr(thing)
    reference = weakref.ref(thing)
    assert reference() is thing
    if type(thing) in (_core.SecretBytes, _core.SharedBytes):
        assert len(memoryview(thing)) == len(thing) >= 8
    else:
        refused(lambda: memoryview(thing))
    if hasattr(type(thing), "__len__"):
        assert len(thing) >= 1
    try:
        thing.__init__()
    except TypeError:
        pass
    assert type(thing).__name__ in repr(thing) and gc.collect() >= 0
fixed = next(o for o in ALL if type(o).__name__ == "G1FixedBase")
other = _core.bls12_381.G1Points.identity(1)
scalar = np.zeros((1, 32), np.uint8)
scalar[0, 0] = 3
before = fixed.multiply(scalar).to_bytes()
fixed.__init__(other)
assert (fixed.multiply(scalar).to_bytes() == before).all()
""")


def test_no_call_prints_an_argument_or_crashes() -> None:
    """Every function with too few, too many and wrong arguments: an error, and never the values."""
    run(
        """
class Canary:
    def __repr__(self): return "canary"
    def __index__(self): raise RuntimeError("canary")
rows = np.full((3, 2), 77777777, np.int64)
big = 1 << 62
odd = [(), (rows,) * 9, (Canary(),) * 1, (Canary(),) * 2, (Canary(),) * 3, (Canary(),) * 4, (None,) * 2, (-1,), (big,),
       (rows.astype(float),), (rows, rows), (rows, rows, rows), (rows.T,), (rows[::2],), (rows.astype(">i8"),) * 2,
       (np.broadcast_to(rows[:1], (3, 2)),), (np.zeros((0, 2), np.int64),) * 2, (np.zeros((0, 0), np.int64),) * 3,
       (np.zeros((1, 1, 1, 2), np.int64),), (b"77777777",) * 3, (bytearray(9),), ("auto",), (np.int64(7),) * 2]
called = 0
for name, function in functions(_core):
    for arguments in odd:
        for thing in (None, *ALL):
            if thing is not None and len(arguments) > 4: continue
            call = arguments if thing is None else (thing, *arguments)
            called += 1
            try:
                function(*call)
            except (TypeError, PyfeError, RuntimeError) as error:
                words = str(error).replace("Canary", "")
                assert "77777777" not in words and "canary" not in words, (name, words)
            except (MemoryError, IndexError, ValueError) as error:
                raise AssertionError((name, arguments, repr(error)))
        try:
            function(*arguments, nonsense=rows)
        except (TypeError, PyfeError) as error:
            assert "77777777" not in str(error), (name, str(error))
assert called > 10_000
""",
        timeout=300,
    )


def test_none_among_the_objects_of_a_list() -> None:
    """pybind11 makes a null pointer of it; every function that takes objects in a list, found by calling them all."""
    run(
        """
g1, g2, one = _core.bls12_381.G1Points.generator(1), _core.bls12_381.G2Points.generator(1), np.ones((1, 1), np.int64)
pairing = _core.pairing
calls = [
    lambda: pairing.multi_pair([(None, g2)]), lambda: pairing.multi_pair([(g1, None)]),
    lambda: pairing.multi_pair([(g1, (None, 0))]), lambda: pairing.multi_exponentiate_vartime([None], one),
    lambda: _core.ipfe_ddh.CiphertextBatch.concat([None]), lambda: _core.qfe.CiphertextBatch.concat([None]),
    lambda: _core.ipfe_rlwe.CiphertextBatch.concat([None]),
    lambda: _core.ipfe_rlwe.CiphertextBatch.combine([None], np.ones(1, np.int64)),
    lambda: pyfe.groups.multi_pair([(pyfe.groups.G1Array.generator(1), (None, 0))]),
]
for call in calls:
    assert "None stands among" in refused(call, PyfeError)
for name, function in functions(_core):
    for lists in ([None], [None, None], [(None, None)], [(None, (None, 0))]):
        for call in ((lists,), (lists, one), *((thing, lists) for thing in ALL)):
            try:
                function(*call)
            except (TypeError, PyfeError, RuntimeError):
                pass
""",
    )


def test_sizes_that_do_not_exist_are_named_errors() -> None:
    run("""
G1, G2, GT = _core.bls12_381.G1Points, _core.bls12_381.G2Points, _core.pairing.GTElements
for make in (G1.generator, G1.identity, G2.generator, G2.identity, GT.one):
    for count in (-1, 1 << 40, (1 << 40) + 1, (1 << 63) - 1):
        refused(lambda: make(count), PyfeError)
    refused(lambda: make(1 << 64), TypeError)
    assert len(make(0)) == 0
refused(lambda: _core.bls12_381.multiply_chain("fp", b"", b"", (1 << 64) - 1), PyfeError)
for thing in ALL:
    if type(thing).__name__ == "CiphertextBatch":
        for start, stop in ((0, 2), (1, 0), (1 << 63, 1 << 63), ((1 << 64) - 1, 0)):
            refused(lambda: thing.slice(start, stop), PyfeError)
""")


@pytest.mark.parametrize("change", ["scalars", "rows", "points"])
def test_arrays_are_read_once(change: str) -> None:
    """Another thread writes to the array all the time: results vary, the process stays."""
    run(f"""
import threading, time
change = {change!r}
stop = time.time() + 1.5
rng = np.random.default_rng(0)
lo, hi = np.zeros(4, np.int64), np.full(4, 255)
mpk, msk = _core.ipfe_ddh.setup(_core.ipfe_ddh.Parameters(4, lo, hi, 5))
rows = rng.integers(0, 256, (4000, 4))
scalars = rng.integers(-9, 9, 2000)
points = _core.bls12_381.G1Points.generator(2000)
wire = points.to_bytes()
def disturb():
    while time.time() < stop:
        if change == "rows": rows.fill(1 << 62); rows.fill(7)
        if change == "scalars": scalars.fill(-(1 << 63)); scalars.fill(3)
        if change == "points": wire.view(np.uint64).fill((1 << 64) - 1)
thread = threading.Thread(target=disturb)
thread.start()
while time.time() < stop:
    try:
        if change == "rows": _core.ipfe_ddh.encrypt(mpk, rows)
        if change == "scalars": points.msm_vartime(scalars)
        if change == "points": _core.bls12_381.G1Points.from_bytes(wire)
    except PyfeError:
        pass
thread.join()
""")


def test_lack_of_memory_is_a_named_error() -> None:
    run("""
import resource
mpk = next(o for o in ALL if type(o) is _core.ipfe_ddh.MasterPublicKey)
_core.set_num_threads(1)
rows = np.zeros((2_000_000, 2), np.int64)
resource.setrlimit(resource.RLIMIT_AS, (int(open("/proc/self/statm").read().split()[0]) * 4096 + (64 << 20),) * 2)
message = refused(lambda: _core.ipfe_ddh.encrypt(mpk, rows), PyfeError)
assert "memory" in message, message
""")


def test_a_second_interpreter_is_refused_and_a_second_import_works() -> None:
    run("""
import textwrap
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
second = interpreters.create()
interpreters.run_string(second, textwrap.dedent('''
    import importlib.util
    spec = importlib.util.spec_from_file_location("pyfe._core", FILE)
    try:
        importlib.util.module_from_spec(spec)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    except ImportError as error:
        assert "main interpreter" in str(error), error
    else:
        raise AssertionError("imported")
''').replace("FILE", repr(_core.__file__)))
for name in [name for name in sys.modules if name.startswith("pyfe")]:
    del sys.modules[name]
import pyfe as again
from pyfe import _core as core_again
assert again is not pyfe and core_again.self_test() and all(core_again.self_test().values())
assert len(core_again.bls12_381.G1Points.generator(3)) == 3
""")
