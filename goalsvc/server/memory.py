"""The memory of a worker: what a large request took goes back to the system.

Left to themselves glibc and the server's own allocator keep it, once for each thread that had such a request.
"""

import ctypes

# Parameters of glibc's `mallopt` (malloc.h).
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8

# For the server's own allocator, jemalloc: the value of _RJEM_MALLOC_CONF, which it reads when it is loaded.
SERVER_OPTIONS = "narenas:1,dirty_decay_ms:0,muzzy_decay_ms:0"

# A request with a body of so many bytes is large.
LARGE = 64 * 1024

_libc = ctypes.CDLL(None)
_is_glibc = hasattr(_libc, "gnu_get_libc_version")


def economize() -> None:
    """Have this process keep little of what it frees. With Python's lock its threads need no arenas each."""
    if _is_glibc:
        _libc.mallopt(M_ARENA_MAX, 1)
        _libc.mallopt(M_TRIM_THRESHOLD, 1_000_000)
        # Left alone it has grown to what `serve` itself has freed, up to 32 MB. Blocks below it come from the
        # heap, where one small block above a large one keeps it.
        _libc.mallopt(M_MMAP_THRESHOLD, 1_000_000)


def give_back() -> None:
    """Give back what is free. Takes about a millisecond."""
    if _is_glibc:
        _libc.malloc_trim(0)
