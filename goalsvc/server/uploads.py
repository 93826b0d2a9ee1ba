"""Bodies that are files: written to disk as they come, without a thread or memory for each.

The file has no name, so nothing is left of it, whatever ends the process.
"""

import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any

from django.conf import settings

from goalsvc.api.errors import RequestTimeout, ServiceUnavailable
from goalsvc.server.threads import Threads

# At the same time in this process: each takes disk, and there may be a file of 2 GB for each.
MOST_UPLOADS = 16
# Reading pauses while so many bytes are written.
PART_BYTES = 1024 * 1024
# So many have to come in BODY_TIMEOUT_SECONDS: a slow line brings them, a stalled client does not.
LEAST_BYTES = 16 * 1024
TOO_MANY = "Too many files are being uploaded right now. Nothing was kept. Try again shortly."
FULL = (
    "The storage for uploads is full, or cannot be written to. Nothing of the file was kept. Try again later."
)


class UploadStalled(RequestTimeout):
    default_detail = (
        f"The upload stalled: less than {LEAST_BYTES >> 10} KB came within {settings.BODY_TIMEOUT_SECONDS} "
        "seconds. Nothing of it was kept."
    )


@dataclass(slots=True, eq=False)
class Arrival:
    """A file that is coming; `protocol` is Granian's of its request."""

    protocol: Any
    limit: int  # bytes
    arrived: Callable[[IO[bytes], int, bool], None]  # called with the file, its size, and whether it is whole
    refused: Callable[[Exception], None]
    file: IO[bytes]
    parts: list[bytes] = field(default_factory=list)  # not written yet
    size: int = 0
    since: float = field(default_factory=time.monotonic)  # when LEAST_BYTES had come once more
    size_then: int = 0
    reading: Any = None  # Granian's future of what comes next
    is_over: bool = False


class Uploads:
    """The files that are coming to a worker."""

    def __init__(self, result_of: Callable[[Any], bytes], has_ended: Callable[[Any], bool]) -> None:
        self.result_of = result_of
        self.has_ended = has_ended
        self.lock = threading.Lock()
        self.coming: dict[Arrival, None] = {}
        self.disk: Threads[Callable[[], None]] = Threads(2, lambda job: job())

    def take(
        self,
        protocol: Any,
        limit: int,
        arrived: Callable[[IO[bytes], int, bool], None],
        refused: Callable[[Exception], None],
    ) -> None:
        """Read a request's body into a file; see Arrival for the arguments."""
        if len(self.coming) >= MOST_UPLOADS:
            refused(ServiceUnavailable(TOO_MANY))
            return
        try:
            os.makedirs(settings.UPLOADS_DIR, mode=0o700, exist_ok=True)
            file = tempfile.TemporaryFile(dir=settings.UPLOADS_DIR)  # noqa: SIM115 - until it is answered
        except OSError:
            refused(ServiceUnavailable(FULL))
            return
        arrival = Arrival(protocol, limit, arrived, refused, file)
        with self.lock:
            self.coming[arrival] = None
        aiter(protocol)
        self.read_on(arrival)

    def read_on(self, arrival: Arrival, done: Any = None) -> None:
        """Keep the part that has come, and what else is there; call this for the next one."""
        while done is None or self.keep(arrival, self.result_of(done)):
            with self.lock:
                if arrival.is_over:
                    return
                arrival.reading = done = arrival.protocol.__anext__()
            if not done.done():
                done.add_done_callback(partial(self.read_on, arrival))
                return

    def keep(self, arrival: Arrival, part: bytes) -> bool:
        """Keep a part; return whether to read on at once."""
        if arrival.is_over:
            return False
        arrival.reading = None
        arrival.parts.append(part)
        arrival.size += len(part)
        if arrival.size >= arrival.size_then + LEAST_BYTES:
            arrival.since, arrival.size_then = time.monotonic(), arrival.size
        # One byte more than the limit is enough to refuse it.
        if not part or arrival.size > arrival.limit:
            is_whole = bool(part) or self.has_ended(arrival.protocol)
            self.disk.submit(partial(self.write, arrival, then=lambda: self.hand_over(arrival, is_whole)))
            return False
        if sum(map(len, arrival.parts)) >= PART_BYTES:
            self.disk.submit(partial(self.write, arrival, then=lambda: self.read_on(arrival)))
            return False
        return True

    def write(self, arrival: Arrival, then: Callable[[], None]) -> None:
        """Write what has come, in a thread of its own: a busy disk holds up nobody else."""
        parts, arrival.parts = arrival.parts, []
        try:
            arrival.file.writelines(parts)
            arrival.file.flush()
        except (OSError, ValueError):  # the latter: it was refused meanwhile
            self.refuse(arrival, ServiceUnavailable(FULL))
        else:
            arrival.since = time.monotonic()  # the disk's time is not the client's
            then()

    def hand_over(self, arrival: Arrival, is_whole: bool) -> None:
        if self.ends(arrival):
            arrival.file.seek(0)
            arrival.arrived(arrival.file, arrival.size, is_whole)

    def refuse(self, arrival: Arrival, refusal: Exception) -> None:
        if self.ends(arrival):
            arrival.file.close()
            arrival.refused(refusal)

    def ends(self, arrival: Arrival) -> bool:
        """Note that a file is not coming any more; return whether it was until now."""
        with self.lock:
            was_coming = self.coming.pop(arrival, arrival) is None
            arrival.is_over = True
            reading, arrival.reading = arrival.reading, None
        if reading is not None:
            reading.cancel()  # else Granian keeps the connection open for a body that nobody reads
        return was_coming

    def sweep(self, now: float) -> None:
        """Refuse what has stalled."""
        with self.lock:
            before = now - settings.BODY_TIMEOUT_SECONDS
            late = [arrival for arrival in self.coming if arrival.since < before]
        for arrival in late:
            self.refuse(arrival, UploadStalled())
