"""Signals that come at any instruction, as Ctrl-C does, in an order that a test chooses."""

from __future__ import annotations

import ctypes
import gc
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["Interrupted", "interrupted_at"]

# Notes a signal as the operating system would. As the trace function of a frame, where a function in Python would
# itself be interrupted by it.
_note_signal = ctypes.PyDLL(None).PyErr_SetInterrupt
_note_signal.argtypes = [ctypes.py_object] * 3
_note_signal.restype = None


class Interrupted(BaseException):
    """What the signal handler raises."""


def interrupted_at(step: int, operation: Callable[[], object], is_ours: Callable[[FrameType], bool]) -> bool:
    """Call `operation`, and let a signal come at instruction number `step` of the frames that are `ours`.

    The handler raises `Interrupted` where the interpreter next looks for signals. Returns whether there were so many
    instructions. To be called in the main thread.
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
        if not is_ours(frame):
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
