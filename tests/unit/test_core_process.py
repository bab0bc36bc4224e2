"""The core and the process around it: forks at any instant, the end of the process, Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PLAY = """
import os, random, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where all of this runs in the background
import numpy as np
import pyfe
from pyfe import _core
from pyfe.schemes import ipfe_ddh, qfe

def linear(n=8, high=255, y_bound=9):
    mpk, msk = ipfe_ddh.setup(ipfe_ddh.Parameters(n=n, x_bound=high, y_bound=y_bound))
    return mpk, ipfe_ddh.keygen(msk, np.arange(1, n + 1) % (y_bound + 1))
"""


def script(code: str, *, env: dict[str, str] | None = None, timeout: float = 120) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", PLAY + code],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **(env or {})},
    )


def clean(code: str, *, env: dict[str, str] | None = None, timeout: float = 120) -> str:
    done = script(code, env=env, timeout=timeout)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr[-1500:]}"
    return done.stdout


# -- forks -------------------------------------------------------------------------------------------------

FORKS = """
def child(work):
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        try:
            work()
            os._exit(0)
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(3)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""
BUSY = {
    "table": ("_core.dlog.prepare(1 << 31)", 0.4),
    "bases": (
        "_core.bls12_381.G1FixedBase; _core.bls12_381.G2Points.multiply_generator(np.ones((1, 32), np.uint8))",
        0.02,
    ),
    "pool": ("[ipfe_ddh.encrypt(mpk, rows) for _ in range(10**6)]", 0.1),
    "tables of a key": ("[ipfe_ddh.encrypt(linear(n=400)[0], np.ones((1, 400), int)) for _ in range(10**6)]", 0.1),
    "one row": ("[ipfe_ddh.encrypt(mpk, rows[:1]) for _ in range(10**6)]", 0.01),
}


@pytest.mark.parametrize("busy", BUSY)
def test_a_child_forked_from_busy_threads_works(busy: str) -> None:
    """Each parent makes its tables for the first time, so that the fork falls into their making."""
    what, within = BUSY[busy]
    clean(
        f"""
{FORKS}
random.seed(int(os.environ.get("PYFE_SEED", "5")))
def round_():
    mpk, sk = linear()
    rows = np.full((64, 8), 7)
    want = 7 * int(sk.y.sum())
    def work():
        assert (ipfe_ddh.decrypt(sk, ipfe_ddh.encrypt(mpk, rows)) == want).all()
        assert (ipfe_ddh.decrypt(sk, ipfe_ddh.encrypt(mpk, rows[:1])) == want).all()
        assert len(_core.bls12_381.G1Points.multiply_generator(np.ones((1, 32), np.uint8))) == 1
        _core.dlog.solve(_core.ristretto255.mul_base(np.eye(1, 32, dtype=np.uint8)), 0, 1 << 20)
    def busy():
        {what}
    threading.Thread(target=busy, daemon=True).start()
    time.sleep(random.uniform(0, {within}))
    code = child(work)
    os._exit(0 if code == 0 else 1)
for _ in range(6):
    assert child(round_) == 0, "a child hung or failed"
""",
        env={"PYFE_CACHE_DIR": "/dev/null/none", "PYFE_NUM_THREADS": "2"},
    )


def test_a_child_draws_other_randomness() -> None:
    """The same rows, encrypted by the parent and by two children: no two ciphertexts share a C = rG."""
    out = clean(f"""
{FORKS}
mpk, sk = linear()
rows = np.full((4, 8), 7)
ipfe_ddh.encrypt(mpk, rows)
def show():
    print(bytes(ipfe_ddh.encrypt(mpk, rows).to_bytes()).hex(), flush=True)
show()
assert child(show) == child(show) == 0
""")
    batches = [bytes.fromhex(line) for line in out.split()]
    assert len(batches) == 3
    size = (len(batches[0]) - 45) // 4
    starts = {batch[45 + size * row :][:32] for batch in batches for row in range(4)}
    assert len(starts) == 12


@pytest.mark.parametrize("room", [0, 1 << 14, 1 << 20])
def test_a_thread_without_memory_is_done_without(room: int) -> None:
    """Under ``ulimit -v``: what a thread keeps for itself is made when it is first touched, and where there is no
    memory for it the loader ends the process. The child has room for the stacks of its parent's threads, no more."""
    clean(f"""
{FORKS}
import resource
_core.set_num_threads(2)
mpk, sk = linear(40)
rows = np.full((4000, 40), 7)
ct = ipfe_ddh.encrypt(mpk, rows)
def limited(call):
    pages = int(open("/proc/self/statm").read().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, 2 * (pages * resource.getpagesize() + {room},))
    try: call()
    except (MemoryError, pyfe.PyfeError): pass
for call in (lambda: ipfe_ddh.encrypt(mpk, rows), lambda: ipfe_ddh.decrypt(sk, ct)):
    assert child(lambda: limited(call)) == 0
""")


def test_a_fork_in_a_child_of_a_fork() -> None:
    clean(f"""
{FORKS}
mpk, sk = linear()
rows = np.full((64, 8), 7)
def work(depth=3):
    assert (ipfe_ddh.decrypt(sk, ipfe_ddh.encrypt(mpk, rows)) == 7 * int(sk.y.sum())).all()
    if depth: assert child(lambda: work(depth - 1)) == 0
work()
""")


# -- the end of the process --------------------------------------------------------------------------------

ENDS = {
    "daemon threads encrypt": """
def work():
    while True: ipfe_ddh.decrypt(sk, ipfe_ddh.encrypt(mpk, np.full((2000, 8), 7)))
for _ in range(4): threading.Thread(target=work, daemon=True).start()
time.sleep(0.3)
""",
    "a daemon thread builds a table": """
threading.Thread(target=lambda: _core.dlog.prepare(1 << 34), daemon=True).start()
time.sleep(0.05)
""",
    "a plain thread encrypts": """
threading.Thread(target=lambda: ipfe_ddh.encrypt(mpk, np.full((20000, 8), 7))).start()
sys.exit(0)
""",
    "atexit decrypts beside a daemon thread": """
import atexit
def work():
    while True: _core.bls12_381.G1Points.generator(4000)
threading.Thread(target=work, daemon=True).start()
ct = ipfe_ddh.encrypt(mpk, np.full((20, 8), 7))
atexit.register(lambda: print(len(ipfe_ddh.decrypt(sk, ct))))
time.sleep(0.1)
""",
    "__del__ decrypts": """
ct = ipfe_ddh.encrypt(mpk, np.full((20, 8), 7))
class Last:
    def __del__(self, decrypt=ipfe_ddh.decrypt, write=os.write, sk=sk, ct=ct): write(1, b"%d\\n" % len(decrypt(sk, ct)))
last = Last()
""",
}


@pytest.mark.parametrize("what", ENDS)
def test_the_process_ends_cleanly(what: str) -> None:
    for _ in range(4):
        done = script("mpk, sk = linear()\n" + ENDS[what], env={"PYFE_CACHE_DIR": "/dev/null/none"})
        assert (done.returncode, done.stderr) == (0, ""), f"exit {done.returncode}: {done.stderr[-800:]}"
        assert done.stdout == ("20\n" if "decrypts" in what else "")


# -- Ctrl-C ------------------------------------------------------------------------------------------------

LONG = {
    "encrypt": ("mpk, sk = linear(60)\nx = np.full((60000, 60), 7)", "ipfe_ddh.encrypt(mpk, x)"),
    "encrypt on one thread": (
        "_core.set_num_threads(1)\nmpk, sk = linear(60)\nx = np.full((60000, 60), 7)",
        "ipfe_ddh.encrypt(mpk, x)",
    ),
    "encrypt quadratic": (
        "mpk, msk = qfe.setup(qfe.Parameters(n=64, x_bound=15, f_bound=7))\nx = np.full((4000, 64), 7)",
        "qfe.encrypt(mpk, x)",
    ),
    "decrypt": (
        "mpk, sk = linear(60)\nct = ipfe_ddh.encrypt(mpk, np.full((1000, 60), 7))\nct = type(ct).concat([ct] * 100)",
        "ipfe_ddh.decrypt(sk, ct)",
    ),
    "set-up": ("", "ipfe_ddh.setup(ipfe_ddh.Parameters(n=400000, x_bound=255, y_bound=9))"),
    "key generation": (
        "n = 2000\nmpk, msk = ipfe_ddh.setup(ipfe_ddh.Parameters(n=n, x_bound=1, y_bound=9))\n"
        "y = np.full((6000, n), 3)",
        "ipfe_ddh.keygen(msk, y)",
    ),
    "key generation quadratic": (
        "n = 300\nmpk, msk = qfe.setup(qfe.Parameters(n=n, x_bound=3, f_bound=7))\n"
        "i, j = np.divmod(np.arange(n * n), n)\n"
        "f = _core.qfe.Forms.matrices(40, n, n, np.repeat(np.arange(40), n * n), np.tile(j, 40), np.tile(i, 40),"
        " np.full(40 * n * n, 1))",
        "_core.qfe.keygen(msk, f)",
    ),
    "reading a batch": (
        "mpk, sk = linear(60)\nct = ipfe_ddh.encrypt(mpk, np.full((500, 60), 7))\n"
        "data = type(ct).concat([ct] * 200).to_bytes()",
        "type(ct).from_bytes(data)",
    ),
    "weighted sum": (
        "_core.set_num_threads(1)\nmpk, sk = linear(60)\nct = ipfe_ddh.encrypt(mpk, np.full((500, 60), 7))\n"
        "ct = type(ct).concat([ct] * 120)",
        "ct.weighted_sum(np.full(len(ct), 1 << 40))",
    ),
    "table": ("_core.set_num_threads(1)", "_core.dlog.prepare(1 << 34)"),
    "wide search": (
        "_core.dlog.prepare(1 << 28)\n"
        "points = _core.ristretto255.from_uniform_bytes(np.random.default_rng(1).integers(0, 256, (40, 64), np.uint8))",
        "_core.dlog.solve(points, 0, 1 << 43)",
    ),
}


def interrupted(name: str, delay: float) -> tuple[float, str]:
    """Ctrl-C ``delay`` seconds into the call: processor seconds of each core from the signal to the word of the process
    ("interrupted", or "done" where the call was quicker than the delay), in which everything still works. Processor
    seconds, since others may use the machine."""
    before, call = LONG[name]
    code = (
        PLAY
        + f"""
import time
from pathlib import Path
{before}
print("go", flush=True)
try:
    {call}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print("done", time.process_time(), flush=True)
except KeyboardInterrupt:
    print("interrupted", time.process_time(), flush=True)
small, key = linear()
assert (ipfe_ddh.decrypt(key, ipfe_ddh.encrypt(small, np.full((9, 8), 7))) == 7 * int(key.y.sum())).all()
print("usable", flush=True)
"""
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYFE_CACHE_DIR": "/dev/null/none"},
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "go\n"
        time.sleep(delay)
        used = processor_seconds(process.pid)
        process.send_signal(signal.SIGINT)
        heard, _, at = process.stdout.readline().partition(" ")
        assert process.stdout.readline() == "usable\n"
    assert process.returncode == 0
    return (float(at) - used) / len(os.sched_getaffinity(0)), heard


def processor_seconds(pid: int) -> float:
    """What a process has used, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("name", LONG)
def test_ctrl_c_is_heard(name: str) -> None:
    """Within 0.3 s; three times as much is allowed here. A call that ended before the signal says nothing, and is begun
    again with a shorter delay: machines differ."""
    for delay in (0.2, 0.05, 0.012, 0.003):
        took, heard = interrupted(name, delay)
        if heard == "interrupted":
            break
    assert heard == "interrupted", f"{name} was not interrupted"
    assert took < 0.9, f"{took:.2f} s of the processor after Ctrl-C"


@pytest.mark.parametrize("name", LONG)
def test_a_child_of_a_signal_handler_goes_on(name: str) -> None:
    """The handler forks in the middle of a call, and the child comes back into it: it ends, by an error or by what its
    own handler raises, and everything works in it. A child that waits for threads which stayed behind would hear
    nothing. The parent is interrupted, for its work may be long."""
    before, call = LONG[name]
    heard = clean(
        f"""
{before}
class Late(BaseException): pass
children = []
def late(*_): raise Late
def forks(*_):
    children.append(os.fork())
    if children[0]: raise KeyboardInterrupt
    signal.signal(signal.SIGALRM, late)
    signal.alarm(1)
signal.signal(signal.SIGALRM, forks)
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    {call}
    word = "done"
except pyfe.OutOfRangeError:
    word = "done"  # as the wide search ends, where the fork lay between two of its parts and a second is enough
except (pyfe.PyfeError, KeyboardInterrupt, Late) as error:
    word = type(error).__name__ + (" of a fork" if "forked" in str(error) else "")
signal.alarm(0)
small, key = linear()
assert (ipfe_ddh.decrypt(key, ipfe_ddh.encrypt(small, np.full((9, 8), 7))) == 7 * int(key.y.sum())).all()
if children and children[0]:
    for _ in range(600):
        pid, status = os.waitpid(children[0], os.WNOHANG)
        if pid: break
        time.sleep(0.1)
    else:
        os.kill(children[0], signal.SIGKILL)
        sys.exit("the child hangs")
    assert status == 0, status
print(word, flush=True)
""",
        env={"PYFE_CACHE_DIR": "/dev/null/none"},
    ).split("\n")
    assert heard[-2] == "KeyboardInterrupt", heard
    assert heard[0] in ("PyfeError of a fork", "Late", "done"), heard


def test_a_thread_goes_on_while_the_main_one_is_interrupted() -> None:
    out = clean("""
mpk, sk = linear()
x, results = np.full((3000, 8), 7), []
def other():
    results.append(bool((ipfe_ddh.decrypt(sk, ipfe_ddh.encrypt(mpk, x)) == 7 * int(sk.y.sum())).all()))
thread = threading.Thread(target=other)
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
thread.start()
try:
    while True: ipfe_ddh.encrypt(mpk, x)
except KeyboardInterrupt:
    pass
thread.join()
print(results)
""")
    assert out == "[True]\n"


def test_a_signal_handler_may_use_the_core() -> None:
    """It runs in the middle of another call, which then goes on."""
    out = clean(
        """
mpk, sk = linear()
want = 7 * int(sk.y.sum())
heard = []
def handler(*_):
    heard.append(bool((ipfe_ddh.decrypt(sk, ipfe_ddh.encrypt(mpk, np.full((20, 8), 7))) == want).all()))
signal.signal(signal.SIGUSR1, handler)
stop = threading.Event()
def send():
    while not stop.wait(0.15): os.kill(os.getpid(), signal.SIGUSR1)
thread = threading.Thread(target=send)
thread.start()
_core.dlog.prepare(1 << 31)
ct = ipfe_ddh.encrypt(mpk, np.full((30000, 8), 7))
right = (ipfe_ddh.decrypt(sk, ct) == want).all()
stop.set()
thread.join()
print(bool(right), len(heard) > 0 and all(heard))
""",
        env={"PYFE_CACHE_DIR": "/dev/null/none"},
    )
    assert out == "True True\n"
