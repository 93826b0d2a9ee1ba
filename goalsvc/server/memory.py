"""Gives the memory of large requests back to the system.

glibc's malloc and the server's jemalloc would keep it, once for each thread that had such a request.
"""

import ctypes

# Parameters of glibc's `mallopt` (malloc.h).
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8

# For the server's jemalloc, which reads _RJEM_MALLOC_CONF when it is loaded.
SERVER_OPTIONS = "narenas:1,dirty_decay_ms:0,muzzy_decay_ms:0"

LARGE_REQUEST_BYTES = 64 * 1024  # after a request with a larger body the heap is trimmed

_libc = ctypes.CDLL(None)
_is_glibc = hasattr(_libc, "gnu_get_libc_version")


def limit_free_memory() -> None:
    """Use one malloc arena and trim it early: with the GIL more arenas gain nothing."""
    if _is_glibc:
        _libc.mallopt(M_ARENA_MAX, 1)
        _libc.mallopt(M_TRIM_THRESHOLD, 1_000_000)
        # glibc raises this threshold to the largest block that was freed, up to 32 MB. Blocks below it come
        # from the heap, which cannot be trimmed while a small block lies above them.
        _libc.mallopt(M_MMAP_THRESHOLD, 1_000_000)


def trim() -> None:
    """Return the free part of the heap to the system; takes about a millisecond."""
    if _is_glibc:
        _libc.malloc_trim(0)
