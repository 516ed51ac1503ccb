"""Exceptions from signal handlers, such as Ctrl-C raises, at an instruction that the test chooses.

`raised_at()` raises the exception itself, at the points where CPython 3.11 runs signal handlers. It is fast and can run
in any thread. `signalled_at()` sends a real signal to the main thread and lets the interpreter find the next point.
"""

from __future__ import annotations

import ctypes
import dis
import functools
import gc
import signal
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import pytest

if sys.implementation.name != "cpython":
    pytest.skip("needs the bytecode of CPython", allow_module_level=True)

__all__ = ["Interrupted", "raised_at", "signalled_at"]

# Notes a signal as the operating system would. As the trace function of a frame, where a function in Python would
# itself be interrupted by it.
_note_signal = ctypes.PyDLL(None).PyErr_SetInterrupt
_note_signal.argtypes = [ctypes.py_object] * 3
_note_signal.restype = None


class Interrupted(BaseException):
    """What the signal handler raises."""


@functools.cache
def _interruptible(code: CodeType) -> frozenset[int]:
    """Return the offsets in `code` before which a handler may run: after calls, and where loops and functions begin.

    The handler runs as part of the instruction before the offset. Where the two are not in the same `try` or `with`
    block, as before the call of `__exit__`, a trace function cannot raise the exception where the handler would.
    """
    table: list[Any] = getattr(dis, "_parse_exception_table")(code)  # noqa: B009
    protected = {offset: entry.target for entry in table for offset in range(entry.start, entry.end, 2)}
    found = set()
    last: dis.Instruction | None = None
    for instruction in dis.get_instructions(code):
        name = "" if last is None else last.opname
        is_point = name.startswith("CALL") or name in ("RESUME", "JUMP_BACKWARD")
        if last is not None and is_point and protected.get(last.offset) == protected.get(instruction.offset):
            found.add(instruction.offset)
        if instruction.opname not in ("CACHE", "EXTENDED_ARG", "PRECALL"):
            last = instruction
    return frozenset(found)


def _is_in_finaliser(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False


def raised_at(step: int, operation: Callable[[], object], is_ours: Callable[[CodeType], bool]) -> bool:
    """Call `operation`, and raise `Interrupted` at point number `step` of the code that is `ours`.

    Returns whether there were so many points. Finalisers are left out: the interpreter reports what they raise, and
    continues. Knows the instructions of CPython 3.11 only.
    """
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        code = frame.f_code
        if not is_ours(code) or (event == "call" and _is_in_finaliser(frame)):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode" and frame.f_lasti in _interruptible(code):
            count += 1
            if count == step:
                sys.settrace(None)
                raise Interrupted(f"{code.co_name}:{frame.f_lineno}")
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        operation()
    except Interrupted:
        return True
    finally:
        sys.settrace(previous)
    return False


def signalled_at(step: int, operation: Callable[[], object], is_ours: Callable[[CodeType], bool]) -> bool:
    """Call `operation`, and send a signal at instruction number `step` of the code that is `ours`.

    The handler raises `Interrupted` where the interpreter next looks for signals. Returns whether there were so many
    instructions. Must be called in the main thread.
    """
    count = 0
    was_interrupted = is_over = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal was_interrupted
        if is_over:
            return  # the interpreter did not look before the operation had ended
        sys.settrace(None)
        was_interrupted = True
        raise Interrupted

    def trace_frame(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "opcode"
        if count != step:
            return trace_frame
        caller: FrameType | None = frame
        while caller is not None:
            if caller.f_trace is not None:
                caller.f_trace = _note_signal
            caller = caller.f_back
        return _note_signal

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        if not is_ours(frame.f_code):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return trace_frame

    previous_handler, previous_trace = signal.signal(signal.SIGINT, handle), sys.gettrace()
    gc.disable()
    try:
        sys.settrace(trace)
        operation()
        sys.settrace(None)
    except Interrupted:
        pass
    finally:
        is_over = True
        sys.settrace(previous_trace)
        gc.enable()
        signal.signal(signal.SIGINT, previous_handler)
    return was_interrupted
