"""Runs the command line."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from .. import __version__
from .._formats import printable, size_text
from .._har import write_har
from .._record import RequestRecord
from .arguments import Arguments, parse_arguments
from .report import as_json, print_errors, print_report
from .sending import Sending

FAILED = 1
INTERRUPTED = 128 + signal.SIGINT
_REDRAW = 0.1  # seconds

# What to say while a phase goes on.
_DOING = {
    "wait_for_connection": "waiting for a connection",
    "connect.resolve": "looking the name up",
    "connect_tcp": "connecting",
    "connect.attempt": "connecting",
    "proxy.hop": "connecting through the proxy",
    "start_tls": "negotiating TLS",
    "send_request_headers": "sending",
    "send_request_body": "sending",
    "receive_response_headers": "waiting for the response",
    "receive_response_body": "receiving",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status; `--help` lists them. Raises `SystemExit` for wrong arguments."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal may lack characters; that is no reason to fail
    parsed = parse_arguments(arguments, __version__)
    messages = Console(stderr=True, highlight=False, markup=False)
    try:
        return _run(parsed, messages)
    except KeyboardInterrupt:  # a further one, during the report
        return INTERRUPTED
    except OSError as error:
        # The output cannot be written, so Python must not flush it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # that nobody reads it any more is no news
            _complain(messages, f"output: {error.strerror}")
        return FAILED


def _run(arguments: Arguments, messages: Console) -> int:
    sending = Sending(arguments)
    is_interrupted = False
    try:
        with _noted_interrupts() as interrupts, sending.running(), _progress(messages) as progress:
            _watch(sending, arguments, progress, interrupts)
    except KeyboardInterrupt:
        is_interrupted = True
    except (ImportError, RuntimeError) as error:  # of the pool: something is not installed
        _complain(messages, str(error))
        return FAILED
    is_written = _report(sending, arguments, messages)
    if is_interrupted:
        _complain(messages, "interrupted")
        return INTERRUPTED
    if sending.error is not None and not sending.summary.errors:
        _complain(messages, f"{type(sending.error).__name__}: {sending.error}")
    return 0 if is_written and sending.summary.complete == arguments.repeat else FAILED


def _report(sending: Sending, arguments: Arguments, messages: Console) -> bool:
    """Print and write what was asked for. Return whether the file could be written."""
    records, summary = sending.recorder.requests, sending.summary
    if arguments.as_json:
        print(as_json(records, arguments))
    else:
        print_report(records, summary, Console(highlight=False, markup=False))
    if sys.stdout is not None:  # otherwise it is closed
        sys.stdout.flush()
    print_errors(summary, arguments, messages)
    if len(records) < summary.begun and (arguments.as_json or arguments.har is not None):
        _complain(messages, f"only the last {len(records)} of {summary.begun} requests are listed")
    if arguments.har is not None:
        try:
            write_har(records, arguments.har)
        except OSError as error:
            _complain(messages, f"{arguments.har}: {error.strerror}")
            return False
    return True


def _progress(messages: Console) -> Progress:
    """Return a line of progress, for a terminal only. It vanishes at the end."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=messages, transient=True, disable=not messages.is_terminal)


@contextmanager
def _noted_interrupts() -> Iterator[list[int]]:
    """Note the first interrupt from the keyboard, for `_watch()`. Further ones are raised.

    As an exception, it would be lost where Python ignores exceptions: callbacks of its imports, finalisers.
    """
    noted: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if noted:
            signal.default_int_handler(number, frame)
        noted.append(number)

    usual = signal.default_int_handler
    notes = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is usual
    if notes:
        signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        if notes:
            signal.signal(signal.SIGINT, usual)


def _watch(sending: Sending, arguments: Arguments, progress: Progress, interrupts: list[int]) -> None:
    """Show how far the requests are until they have ended. Raises `KeyboardInterrupt` after an interrupt."""
    task = progress.add_task("starting", total=arguments.repeat)
    while True:
        is_over = sending.wait(_REDRAW)
        if interrupts:
            raise KeyboardInterrupt
        if is_over:
            return
        doing = _doing(sending.recorder.requests, sending.received)
        progress.update(task, completed=sending.summary.ended, description=doing)


def _doing(records: Sequence[RequestRecord], received: int) -> str:
    current = next((record for record in reversed(records) if record.ended is None and record.events), None)
    if current is None:
        return "starting"
    events = (event.rpartition(".")[0] for _, event, _ in reversed(list(current.events)))
    names = (_DOING.get(name) or _DOING.get(name.rpartition(".")[2]) for name in events)
    doing = next((name for name in names if name is not None), "starting")
    return f"{doing}, {size_text(received)}" if doing == "receiving" else doing


def _complain(messages: Console, text: str) -> None:
    messages.print(Text.assemble(("httpcore-trace: ", "bold red"), printable(text)), soft_wrap=True)
