"""Keeps this thread's floating-point mode what it is while a library is opened.

Many plugins are compiled with `-ffast-math`; opening such a library switches the whole thread to flushing denormals to zero (GCC's
`crtfastmath`). Everything computed in it afterwards would come out a little different, our own renders included. This module knows only
that.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_MOST_BYTES = 512  # of `fenv_t` on any system


@contextmanager
def floating_point_mode_kept() -> Iterator[None]:
    """Restore rounding and denormal mode at the end of the block. Where C offers no way to ask (Windows), nothing is done."""
    try:
        library = ctypes.CDLL(None)
        ask, restore = library.fegetenv, library.fesetenv
    except (TypeError, OSError, AttributeError):
        yield
        return
    mode = ctypes.create_string_buffer(_MOST_BYTES)
    ask(mode)
    try:
        yield
    finally:
        restore(mode)
