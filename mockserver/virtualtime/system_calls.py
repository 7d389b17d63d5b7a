"""The system call that each thread of this process is blocked in, as Linux's `/proc` has it."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

_BYTES, _OPEN_FILES = 256, 128


class SystemCalls:
    """Looks by files that stay open, and without letting go of the interpreter, which others would take meanwhile."""

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(_BYTES)
        self._files: dict[int, int] = {}

    def of(self, native_id: int | None) -> str | None:
        """The call that a thread is in, with its arguments, or `running`; None where nobody can tell."""
        number = native_id or 0
        call = self._read_call(number) if number in self._files else None
        if call is None:  # the thread may have ended, and another one have its number
            self._forget(number)
            call = self._read_call(number) if self._open(number) else None
        if call is None or len(self._files) > _OPEN_FILES:
            self._forget(number)
        return call

    def close(self) -> None:
        """Close the files."""
        for number in list(self._files):
            self._forget(number)

    def _open(self, number: int) -> bool:
        try:
            self._files[number] = os.open(f"/proc/self/task/{number}/syscall", os.O_RDONLY)
        except OSError:
            return False
        return True

    def _read_call(self, number: int) -> str | None:
        length = _pread()(self._files[number], self._buffer, _BYTES, 0)
        return self._buffer.raw[:length].decode("ascii").strip() if length > 0 else None

    def _forget(self, number: int) -> None:
        if (file := self._files.pop(number, None)) is not None:
            os.close(file)


@cache
def _pread() -> Any:
    pread = ctypes.PyDLL(None).pread
    pread.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long)
    pread.restype = ctypes.c_ssize_t
    return pread
