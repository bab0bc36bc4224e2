"""The state of an evaluator: one form, one writer at a time, and nothing that leaves before it is kept."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyfe import DecodeError, ParameterError, RefusedError, SignatureError, SilencedError
from pyfe.evaluator import StateFile, state_beside, state_text
from pyfe.incidents import Incident, Incidents, InMemory, Question, question

PUBLIC, OTHER_PUBLIC = b"p" * 32, b"q" * 32
ADA, BEN = b"a" * 32, b"b" * 32
ENVELOPE = b"e" * 32
PROCESSES, ROUNDS = 8, 12
CHANGING = ["open", "fsync", "replace", "unlink"]


def asked(*signers: bytes, public: bytes = PUBLIC) -> Question:
    return Question(public, frozenset(signers or [ADA]), lambda: ENVELOPE)


def answer(incidents: Incidents, of: Question, *, refused: bool = True, now: float = 5.0) -> str:
    """What somebody is told: "refused", "silenced" or "scores"."""
    try:
        with incidents.answering(of, lambda: now):
            if refused:
                raise RefusedError("refused")
    except RefusedError:
        return "refused"
    except SilencedError:
        return "silenced"
    return "scores"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evaluator.state"


@pytest.fixture(params=["memory", "file"])
def incidents(request: pytest.FixtureRequest, path: Path) -> Incidents:
    return InMemory() if request.param == "memory" else StateFile(path)


# -- one refusal, and no answer after it -----------------------------------------------------------------------


def test_one_refusal_silences_its_signer_under_its_public_key(incidents: Incidents) -> None:
    assert answer(incidents, asked(), refused=False) == "scores"
    assert answer(incidents, asked()) == "refused"
    assert [answer(incidents, asked(), refused=bad) for bad in (False, True, False)] == ["silenced"] * 3
    assert answer(incidents, asked(BEN), refused=False) == answer(incidents, asked(public=OTHER_PUBLIC), refused=False)
    assert answer(incidents, asked(public=OTHER_PUBLIC)) == "refused"
    assert list(incidents.all()) == [Incident(key, ADA, ENVELOPE, 5) for key in (PUBLIC, OTHER_PUBLIC)]


def test_silence_comes_before_any_work(incidents: Incidents) -> None:
    answer(incidents, asked())
    done: list[int] = []
    with pytest.raises(SilencedError, match="61616161.*1970-01-01 00:00:05"), incidents.answering(asked()):
        done.append(1)
    assert done == []


def test_a_refusal_meanwhile_takes_every_other_answer(incidents: Incidents) -> None:
    for refused in (True, False):
        with pytest.raises(SilencedError), incidents.answering(asked(BEN)):
            if refused:
                assert answer(incidents, asked(BEN)) == "refused"  # that one was first
                raise RefusedError("refused")
        assert incidents.release(PUBLIC, BEN, 9) is not None
        if refused:
            with pytest.raises(SilencedError), incidents.answering(asked(BEN)):
                answer(incidents, asked(BEN))
    assert len([one for one in incidents.all() if one.silences]) == 0


def test_a_sum_silences_all_who_answer_for_it(incidents: Incidents) -> None:
    assert answer(incidents, asked(ADA, BEN)) == "refused"
    assert [answer(incidents, asked(one), refused=False) for one in (ADA, BEN)] == ["silenced"] * 2
    assert {one.signer for one in incidents.all()} == {ADA, BEN}


def test_a_sum_with_a_silenced_one_is_not_answered(incidents: Incidents) -> None:
    answer(incidents, asked(ADA))
    assert answer(incidents, asked(ADA, BEN)) == "silenced"
    assert answer(incidents, asked(BEN), refused=False) == "scores"


def test_nobody_is_silenced_where_no_answer_leaves(incidents: Incidents) -> None:
    nobody = Question(PUBLIC, frozenset(), lambda: ENVELOPE)
    assert [answer(incidents, nobody), answer(incidents, nobody, refused=False)] == ["refused", "scores"]
    assert not incidents.all()


def test_other_errors_count_for_nobody(incidents: Incidents) -> None:
    for error in (DecodeError("cut"), KeyboardInterrupt()):
        with pytest.raises(type(error)), incidents.answering(asked()):
            raise error
    assert not incidents.all()


def test_release(incidents: Incidents) -> None:
    assert incidents.release(PUBLIC, ADA, 7) is None
    answer(incidents, asked())
    found = incidents.release(PUBLIC, ADA, 7)
    assert found == Incident(PUBLIC, ADA, ENVELOPE, 5)
    assert incidents.release(PUBLIC, ADA, 8) is None
    assert answer(incidents, asked(), refused=False) == "scores"
    assert answer(incidents, asked()) == "refused"
    if isinstance(incidents, StateFile):
        assert [one.released for one in incidents.all()] == [7, None]


def test_whose_ciphertexts_are_decrypted() -> None:
    def whom(signers: frozenset[bytes] | None, named: bytes | None, **options: Any) -> frozenset[bytes]:
        return question(PUBLIC, signers, named, lambda: ENVELOPE, **{"refusal_answers": True, **options}).signers

    assert whom(frozenset(), None) == frozenset()
    assert whom(frozenset([ADA]), ADA) == {ADA}
    assert whom(frozenset([ADA]), None, unsigned=True) == frozenset()
    assert whom(None, None, refusal_answers=False) == frozenset()
    for signers, named in [(None, None), (None, ADA), ({ADA}, None), ({ADA}, BEN), ({ADA, BEN}, ADA)]:
        with pytest.raises(SignatureError, match="nobody answers for these"):
            whom(None if signers is None else frozenset(signers), named)


# -- the file --------------------------------------------------------------------------------------------------


def test_the_file_is_private_and_empty_until_somebody_is_refused(path: Path) -> None:
    state = StateFile(path)
    assert path.read_bytes() == b"" and path.stat().st_mode & 0o777 == 0o600
    answer(state, asked())
    assert path.stat().st_mode & 0o777 == 0o600 and os.listdir(path.parent) == [path.name]
    assert json.loads(path.read_text())["incidents"] == [
        {"envelope": ENVELOPE.hex(), "public_key": PUBLIC.hex(), "released": None, "second": 5, "signer": ADA.hex()}
    ]
    key, elsewhere = path.parent / "some.key", path.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "link").symlink_to(key)
    assert state_beside(key) == state_beside(elsewhere / "link") == path


def test_another_process_sees_it(path: Path) -> None:
    first, second = StateFile(path), StateFile(path)
    assert answer(first, asked()) == "refused"
    assert answer(second, asked(), refused=False) == "silenced"
    second.release(PUBLIC, ADA, 7)
    assert answer(first, asked(), refused=False) == "scores"


TEXT = state_text.to_text([Incident(PUBLIC, ADA, ENVELOPE, 5), Incident(PUBLIC, BEN, ENVELOPE, 6, 9)])
FORGED: dict[str, Callable[[], str]] = {
    "no JSON": lambda: "nobody",
    "a list": lambda: "[]\n",
    "cut": lambda: TEXT[:-1],
    "more": lambda: TEXT + "\n",
    "no incidents": lambda: '{\n "format": "pyfe evaluator state",\n "incidents": [],\n "version": 1\n}\n',
    "another version": lambda: TEXT.replace('"version": 1', '"version": 2'),
    "another format": lambda: TEXT.replace("evaluator state", "evaluator status"),
    "a field more": lambda: TEXT.replace('"second": 5', '"second": 5,\n   "slot": 3'),
    "a field less": lambda: TEXT.replace('   "second": 5,\n', ""),
    "a name twice": lambda: TEXT.replace('"second": 5', '"second": 5,\n   "second": 5'),
    "a float": lambda: TEXT.replace('"second": 5', '"second": 5.0'),
    "a truth value": lambda: TEXT.replace('"second": 5', '"second": true'),
    "before 1970": lambda: TEXT.replace('"second": 5', '"second": -5'),
    "no date": lambda: TEXT.replace('"released": 9', f'"released": {2**41}'),
    "capitals": lambda: TEXT.replace("61", "6A", 1),
    "a short id": lambda: TEXT.replace(ADA.hex(), ADA.hex()[:-2]),
    "no text": lambda: TEXT.replace(f'"{ADA.hex()}"', "7"),
    "twice": lambda: TEXT.replace(BEN.hex(), ADA.hex()).replace('"released": 9', '"released": null'),
    "other spaces": lambda: TEXT.replace("\n ", "\n  ", 1),
    "no list": lambda: '{"format": "pyfe evaluator state", "incidents": 5, "version": 1}',
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_state_is_refused(what: str, path: Path) -> None:
    assert state_text.to_text(state_text.from_text(TEXT)) == TEXT
    forged = FORGED[what]()
    assert forged != TEXT
    state = StateFile(path)
    path.write_text(forged)
    with pytest.raises(DecodeError, match=str(path)):
        StateFile(path)
    done: list[int] = []
    with pytest.raises(DecodeError), state.answering(asked()):
        done.append(1)
    assert done == [] and path.read_text() == forged


def test_bytes_that_are_no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DecodeError):
        StateFile(path)
    path.write_bytes(b" " * (2**24 + 1))
    with pytest.raises(ParameterError, match="too many bytes"):
        StateFile(path)


def test_a_second_name_is_refused(path: Path) -> None:
    """It would keep the state of before: whoever asks by that name would be answered."""
    state = StateFile(path)
    os.link(path, path.with_name("other"))
    for use in (lambda: StateFile(path.with_name("other")), state.all, lambda: answer(state, asked())):
        with pytest.raises(ParameterError, match=r"2 names \(hard links\)"):
            use()
    path.with_name("other").unlink()
    assert answer(state, asked()) == "refused"


def test_symbolic_links_are_followed_once(path: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = elsewhere / "link"
    link.symlink_to(path)
    state = StateFile(link)
    assert state.path == path and answer(state, asked()) == "refused"
    assert link.is_symlink() and answer(StateFile(path), asked(), refused=False) == "silenced"
    link.unlink()
    link.symlink_to(elsewhere / "nothing")
    assert answer(state, asked(), refused=False) == "silenced"
    path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    with pytest.raises(ParameterError, match="cannot be read"):
        state.all()


def test_what_is_no_file(path: Path, tmp_path: Path) -> None:
    os.mkfifo(path)
    for place in (path, tmp_path):
        with pytest.raises(ParameterError, match=r"it is no file|is a directory|Is a directory"):
            StateFile(place)
    with pytest.raises(ParameterError, match="cannot be made"):
        StateFile(tmp_path / "no folder" / "state")
    for wrong in (7, "a\0b"):
        with pytest.raises(ParameterError, match="path of an evaluator's state"):
            StateFile(wrong)  # type: ignore[arg-type]


def test_a_file_that_is_gone_is_not_made_anew(path: Path) -> None:
    state = StateFile(path)
    answer(state, asked())
    path.unlink()
    for _ in range(2):
        with pytest.raises(ParameterError, match="it is not there"):
            answer(state, asked(), refused=False)
    with pytest.raises(ParameterError, match="it is not there"):
        StateFile(path, make=False)


def test_an_older_state_is_refused_by_whoever_saw_the_newer(path: Path) -> None:
    """And by nobody else: what a copy says, nobody can tell from what was said then."""
    state = StateFile(path)
    answer(state, asked(ADA))
    copy = shutil.copy(path, path.with_name("copy"))
    answer(state, asked(BEN))
    shutil.copy(copy, path)
    with pytest.raises(DecodeError, match="put back"):
        answer(state, asked(BEN), refused=False)
    assert answer(StateFile(path), asked(BEN), refused=False) == "scores"
    assert answer(StateFile(copy), asked(ADA), refused=False) == "silenced"


def test_without_permission_nothing_is_begun(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ParameterError, match="no permission to write in its folder"):
        StateFile(path)


def test_what_cannot_be_kept_is_not_answered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither with a refusal, nor, in this process, with anything else from then on."""
    state = StateFile(path)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(ParameterError, match=r"cannot be written: No space left.*nothing was answered"):
            answer(state, asked())
    assert os.listdir(path.parent) == [path.name] and path.read_bytes() == b""
    assert answer(state, asked(), refused=False) == "silenced"
    assert answer(state, asked(BEN), refused=False) == "scores"


def test_it_is_durable_before_it_is_answered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state, calls = StateFile(path), list[str]()
    for name in ("fsync", "replace"):
        original = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *given, name=name, call=original: (calls.append(name), call(*given))[1])
    try:
        with state.answering(asked()):
            raise RefusedError("refused")
    except RefusedError:
        calls.append("answer")
    assert calls == ["fsync", "replace", "fsync", "answer"]


# -- several processes -----------------------------------------------------------------------------------------


def forked(work: Callable[[], str]) -> tuple[int, int]:
    """A child that does it and writes the answer it would give to a pipe: its id, and the end to read from."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    try:
        os.close(read)
        os.write(write, work().encode())
        os._exit(0)
    finally:
        os._exit(99)


def told(child: tuple[int, int]) -> tuple[str, int]:
    """What it answered, and how it ended."""
    with os.fdopen(child[1], "rb") as pipe:
        said = pipe.read().decode()
    return said, os.waitstatus_to_exitcode(os.waitpid(child[0], 0)[1])


def race(made: Callable[[], StateFile], rounds: int) -> list[Counter[str]]:
    """What eight processes are told that have a refusal of the same signer at once, round by round."""
    start = multiprocessing.get_context("fork").Barrier(PROCESSES)

    def work() -> str:
        state, said = made(), []
        for at in range(rounds):
            start.wait(30)
            said.append(answer(state, asked(bytes([at]) * 32)))
        return " ".join(said)

    children = [forked(work) for _ in range(PROCESSES)]
    answers = [told(child) for child in children]
    assert [code for _, code in answers] == [0] * PROCESSES
    return [Counter(said) for said in zip(*(said.split() for said, _ in answers), strict=True)]


def test_of_eight_processes_one_refuses(path: Path) -> None:
    for said in race(lambda: StateFile(path), ROUNDS):
        assert said == {"refused": 1, "silenced": PROCESSES - 1}
    assert sorted(one.signer[0] for one in StateFile(path).all()) == list(range(ROUNDS))


class WithoutLocks(StateFile):
    """The planted bug: two write over each other."""

    def _lock(self, descriptor: int, end: float) -> None:
        return None

    def _in_place(self, descriptor: int) -> bool:
        time.sleep(0.01)
        return True

    def _write(self, incidents: tuple[Incident, ...]) -> None:
        with contextlib.suppress(ParameterError):
            super()._write(incidents)


def test_the_race_finds_a_planted_bug(path: Path) -> None:
    assert max(said["refused"] for said in race(lambda: WithoutLocks(path), 3)) > 1


@contextlib.contextmanager
def dying_at(step: int) -> Iterator[None]:
    """SIGKILL before the step-th of the calls that change files."""
    counter = iter(range(10**6))

    def armed(call: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*given: Any, **named: Any) -> Any:
            if next(counter) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*given, **named)

        return instead

    before = {name: getattr(os, name) for name in CHANGING}
    for name, call in before.items():
        setattr(os, name, armed(call))
    try:
        yield
    finally:
        for name, call in before.items():
            setattr(os, name, call)


def test_no_answer_leaves_without_its_incident(path: Path) -> None:
    """Killed before every call that it makes: whoever was told something is in the file, which is whole."""
    deaths, kept = 0, Counter[bool]()
    for step in range(100):
        path.unlink(missing_ok=True)

        def work(step: int = step) -> str:
            with dying_at(step):
                return answer(StateFile(path), asked())

        said, code = told(forked(work))
        incidents = [] if not path.exists() else list(StateFile(path, make=False).all())
        assert len(incidents) <= 1 and (said == "" or incidents)
        kept[bool(incidents)] += 1
        if code == 0:
            break
        assert (said, code) == ("", -signal.SIGKILL)
        deaths += 1
        assert answer(StateFile(path), asked(BEN)) == "refused"  # what was left behind is in nobody's way
        assert os.listdir(path.parent) == [path.name]
    assert deaths >= 8 and min(kept.values()) >= 2


def test_forks_see_each_others_refusals(path: Path) -> None:
    state = StateFile(path)
    assert answer(state, asked(BEN)) == "refused"
    assert told(forked(lambda: answer(state, asked(ADA)))) == ("refused", 0)
    assert answer(state, asked(ADA), refused=False) == "silenced"
    assert told(forked(lambda: answer(state, asked(BEN), refused=False))) == ("silenced", 0)


def test_a_child_of_that_very_moment_holds_no_lock(path: Path) -> None:
    state = StateFile(path)
    with state._held():
        pid = os.fork()
        if not pid:
            time.sleep(60)
            os._exit(0)
    try:
        begun = time.monotonic()
        assert answer(state, asked()) == "refused" and time.monotonic() - begun < 5
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_a_writer_that_never_ends_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyfe.evaluator.state_file._PATIENCE", 0.05)
    state = StateFile(path)
    with state._held(), pytest.raises(ParameterError, match="another process has held it"):
        answer(StateFile(path), asked())
