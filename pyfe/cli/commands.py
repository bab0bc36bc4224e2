"""The commands put together, and every failure turned into one line and an exit code."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from pyfe import __version__
from pyfe.cli import (
    asking,
    audit,
    authority,
    batches,
    clock,
    console,
    demo,
    doctor,
    encrypt_evaluate,
    evaluating,
    evaluator,
    handing_over,
    identity,
    info,
    issuing,
    keeping,
    leakage,
    owner,
    prepare,
    publish,
    recommending,
    reporting,
    schema_compile,
    schemas,
    suggest,
    verifying,
)
from pyfe.errors import ParameterError, PyfeError

__all__ = ["app", "run"]

BAD_INPUT, WRONG_USAGE, INTERRUPTED = 1, 2, 130
_NO_VARIABLE = ""
"""The environment variable that turns a command into a shell's completion: there is none of this name."""

app = typer.Typer(
    name="pyfe",
    help="Exact model scores on encrypted rows. A data owner encrypts, a key authority issues a key for one model, "
    "an evaluator gets that model's scores and nothing else.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        console.say(f"pyfe {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """What stands before every command."""


schema_app = typer.Typer(help="Schemas: which columns are encrypted, in which ranges.", no_args_is_help=True)
schema_app.command("fit")(schema_compile.fit)
schema_app.command("publish")(publish.publish)
schema_app.command("show")(schemas.show_file)
schema_app.command("from")(schemas.from_file)
schema_app.command("describe")(schemas.describe)
schema_app.command("diff")(schemas.diff)
schema_app.callback()(lambda: None)
app.add_typer(schema_app, name="schema")
app.command("prepare")(prepare.prepare_model)
app.command("compile")(schema_compile.compile_model)
app.command("suggest")(suggest.suggest)
app.command("recommend")(recommending.recommend)
app.command("leakage")(leakage.leakage)
app.command("report")(reporting.report)
app.command("keygen")(authority.keygen)
app.command("public-key")(authority.public_key)
app.command("check")(issuing.check)
app.command("issue")(issuing.issue)
app.command("ledger")(keeping.ledger)
authority_app = typer.Typer(help="Key authorities: their folders, and who may ask them for what.", no_args_is_help=True)
authority_app.command("init")(authority.keygen)
authority_app.command("status")(keeping.status)
authority_app.command("policy")(keeping.policy)
authority_app.command("request")(asking.request)
authority_app.command("approve")(asking.approve)
authority_app.command("issue")(issuing.issue)
authority_app.command("revoke")(keeping.revoke)
authority_app.command("rotate")(keeping.rotate)
authority_app.command("retire")(keeping.retire)
authority_app.command("epochs")(keeping.epochs)
authority_app.command("clock")(clock.clock)
authority_app.command("passphrase")(keeping.passphrase)
authority_app.command("backup")(keeping.back_up)
authority_app.command("restore")(keeping.restored)
authority_app.command("migrate")(authority.migrate)
app.add_typer(authority_app, name="authority")
identity_app = typer.Typer(
    help="People: who signs requests and approvals, and opens sealed keys.", no_args_is_help=True
)
identity_app.command("init")(identity.init)
identity_app.command("passphrase")(identity.passphrase)
identity_app.command("open")(identity.open_key)
identity_app.command("revoke")(identity.revoke)
app.add_typer(identity_app, name="identity")
audit_app = typer.Typer(help="The log of an authority, for whoever checks it.", no_args_is_help=True)
audit_app.command("export")(audit.export)
audit_app.command("head")(audit.head)
audit_app.command("verify")(audit.verify_log)
audit_app.command("show")(audit.show_log)
app.add_typer(audit_app, name="audit")
owner_app = typer.Typer(help="Data owners: one secret, and the ledger of their patients.", no_args_is_help=True)
owner_app.command("init")(owner.init)
owner_app.command("passphrase")(owner.passphrase)
owner_app.command("status")(owner.status)
owner_app.command("pseudonyms")(owner.pseudonyms)
app.add_typer(owner_app, name="owner")
app.command("encrypt")(encrypt_evaluate.encrypt)
evaluator_app = typer.Typer(help="Evaluators: whom they answer no more.", no_args_is_help=True)
evaluator_app.command("show")(evaluator.show_state)
evaluator_app.command("release")(evaluator.release)
app.add_typer(evaluator_app, name="evaluator")
app.command("concat")(batches.concat)
app.command("append")(batches.append)
app.command("slice")(batches.slice_rows)
app.command("evaluate")(evaluating.evaluate)
app.command("verify-cohort")(handing_over.verify_cohort)
app.command("verify-scores")(verifying.verify_scores)
app.command("info")(info.info)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)


def run(arguments: list[str]) -> int:
    """Run the command of the arguments; see :func:`pyfe.cli.main`."""
    _fill_standard_descriptors()
    command, notes = typer.main.get_command(app), list[str]()
    try:
        with console.plain_warnings(), _noting(command, notes):
            result = command.main(arguments, prog_name="pyfe", complete_var=_NO_VARIABLE, standalone_mode=False)
    except PyfeError as error:
        return _fail(arguments, type(error).__name__, str(error), BAD_INPUT)
    except OSError as error:
        return _fail(arguments, "OSError", str(error), BAD_INPUT)
    except MemoryError:
        return _fail(arguments, "MemoryError", "the memory does not suffice for this input", BAD_INPUT)
    except (KeyboardInterrupt, EOFError):
        return _interrupted(arguments, notes)
    except SystemExit:  # how the option parser meets a reader that went away
        return _fail(arguments, "OSError", f"cannot print the result: {os.strerror(errno.EPIPE)}", BAD_INPUT)
    except Exception as error:
        return _usage(arguments, error)
    if result == INTERRUPTED:  # the option parser makes an exit code of Ctrl-C, and says nothing
        return _interrupted(arguments, notes)
    return result if isinstance(result, int) else 0


@contextlib.contextmanager
def _noting(command: Any, notes: list[str]) -> Iterator[None]:
    """While a command runs keep the notes of what interrupts it, which the option parser loses."""
    invoke = command.invoke  # the parser may give the same command again: it is left as it was

    def invoked(*args: Any, **rest: Any) -> Any:
        try:
            return invoke(*args, **rest)
        except KeyboardInterrupt as interruption:
            notes.extend(getattr(interruption, "__notes__", []))
            raise

    command.invoke = invoked
    try:
        yield
    finally:
        command.invoke = invoke


def _interrupted(arguments: list[str], notes: Sequence[str] = ()) -> int:
    return _fail(arguments, "Interrupted", "; ".join(["interrupted", *notes]), INTERRUPTED)


def _usage(arguments: list[str], error: Exception) -> int:
    """Errors of the option parser, whose classes typer and click share; a bug is raised as it is."""
    if type(error).__name__ == "Abort":
        return _interrupted(arguments)
    if type(error).__name__ == "NoArgsIsHelpError":
        with contextlib.suppress(ParameterError):  # standard error is gone: the exit code still tells
            console.say(str(error), apart=True)
        return WRONG_USAGE
    text: Any = getattr(error, "format_message", None)
    if text is None:
        raise error
    return _fail(arguments, "UsageError", " ".join(text().split()), WRONG_USAGE)


def _fail(arguments: list[str], kind: str, message: str, code: int) -> int:
    if "--json" in arguments:
        with contextlib.suppress(ParameterError):  # standard output is gone: stderr and the exit code still tell
            console.say_json({"error": {"kind": kind, "message": message}})
    console.complain(kind, message)
    _silence_broken_output()
    return code


def _fill_standard_descriptors() -> None:
    """Where a standard stream is closed, open /dev/null: else the next file opened takes its number, and its text."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _silence_broken_output() -> None:
    """Let nothing be tried again at the end of the process on an output that cannot be written to."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, stream.fileno())
            os.close(sink)
