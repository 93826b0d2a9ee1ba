"""What still comes of a body whose request is answered: it is read and dropped, within limits.

Most clients and proxies read an answer when they have sent everything. Were the connection closed at once,
they would find it reset, and never learn why. nginx does the same (`lingering_close`). Proxies written in Go
close the client's connection once they have an answer, so it also waits a moment for the rest.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import Any

from django.conf import settings

PAUSE_SECONDS = 1.0  # how long an answer waits for the rest of the body, and for how long nothing may come
# Of each body, in BODY_TIMEOUT_SECONDS at most. Then the connection is closed, whatever comes.
MOST_BYTES = 64 * 1024 * 1024


@dataclass(slots=True, eq=False)
class Rest:
    """Of one body; `protocol` is Granian's of its request."""

    protocol: Any
    send: Callable[[], None] | None  # sends the answer; None once it was called
    since: float = field(default_factory=time.monotonic)
    came: float = 0  # when the last part did
    size: int = 0  # bytes that were dropped
    reading: Any = None  # Granian's future of what comes next


class Rests:
    """The bodies that nobody reads any more."""

    def __init__(self, result_of: Callable[[Any], bytes]) -> None:
        self.result_of = result_of
        self.lock = threading.Lock()
        self.coming: dict[Rest, None] = {}  # the oldest first

    def take(self, protocol: Any, reading: Any, send: Callable[[], None]) -> None:
        """Send the answer and drop what comes of a request's body.

        Args:
            protocol: Granian's, of the request.
            reading: Granian's future of the body's next part, if it has one.
            send: sends the answer.
        """
        rest = Rest(protocol, send, reading=reading)
        with self.lock:
            self.coming[rest] = None
        if reading is not None:
            reading.add_done_callback(partial(self.read_on, rest))  # in the place of the one that it had
            return
        with suppress(RuntimeError):  # it has begun to be read
            aiter(protocol)
        self.read_on(rest)

    def read_on(self, rest: Rest, done: Any = None) -> None:
        """Drop the part that has come, and what else is there; call this for the next one."""
        while done is None or self.drops(rest, self.result_of(done)):
            with self.lock:
                if rest not in self.coming:
                    return
                with suppress(StopAsyncIteration):
                    rest.reading = done = rest.protocol.__anext__()
            if rest.reading is None:
                break
            if not done.done():
                done.add_done_callback(partial(self.read_on, rest))
                return
        self.end(rest)

    def drops(self, rest: Rest, part: bytes) -> bool:
        """Count a part; return whether to read on."""
        rest.reading = None
        rest.size += len(part)
        rest.came = time.monotonic()
        return bool(part) and rest.size <= MOST_BYTES

    def end(self, rest: Rest) -> None:
        """Let go of a body: it has ended, or come to the limits."""
        with self.lock:
            self.coming.pop(rest, None)
            reading, rest.reading = rest.reading, None
        self.answer(rest)
        if reading is not None:
            reading.cancel()  # else Granian keeps the connection open for a body that nobody reads

    def answer(self, rest: Rest) -> None:
        with self.lock:
            send, rest.send = rest.send, None
        if send is not None:
            send()

    def sweep(self, now: float) -> None:
        """Answer those that are slow, and let go of those that are silent or take too long."""
        with self.lock:
            slow = list(takewhile(lambda rest: rest.since < now - PAUSE_SECONDS, self.coming))
        for rest in slow:
            self.answer(rest)
            if rest.came < now - PAUSE_SECONDS or rest.since < now - settings.BODY_TIMEOUT_SECONDS:
                self.end(rest)
