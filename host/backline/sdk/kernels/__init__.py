"""Kernels: the author's scalar function becomes machine code that runs blocks of audio. Nothing here knows plugins or graphs."""

from .binding import Binding, Carried
from .cache import cache_folder, kernel_address
from .source import KernelError

__all__ = ["Binding", "Carried", "KernelError", "cache_folder", "kernel_address"]
