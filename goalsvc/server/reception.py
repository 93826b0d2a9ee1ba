"""Where a worker receives requests: it reads their bodies without a thread, then hands them to its threads.

A client that sends slowly costs a connection and the bytes that have come, not a thread. Before a large or a
slow body is read, the request is tried without it: one that is refused for another reason (401, 403, 404,
413) is answered without it (goalsvc.server.rests).

It replaces asyncio's event loop between Granian and the threads. asyncio wakes two more threads for each
request: 15 % fewer goal GETs and 10 % fewer match POSTs a second. Granian's WSGI server keeps a thread for
each body that it waits for. A server that reads bodies without a thread would make this needless.
"""

import logging
import threading
import time
from asyncio import CancelledError
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from itertools import takewhile
from typing import IO, Any

from django.conf import settings

from goalsvc.api.errors import RequestTimeout, ServiceUnavailable, refusal_for
from goalsvc.api.requests import AWAITED, KEPT_BACK, REFUSAL, SEEN, UPLOAD
from goalsvc.server.environ import environ_of
from goalsvc.server.rests import Rests
from goalsvc.server.spool import Spool
from goalsvc.server.threads import Threads
from goalsvc.server.uploads import Uploads

logger = logging.getLogger(__name__)

# A body announced to be at most this large is read at once: usually it has come with the headers.
SMALL_BODY_BYTES = 64 * 1024
# A small body that takes longer is treated like a large one: the request is tried without it.
SMALL_BODY_SECONDS = 0.5
# No more is read of any body: one byte over the limit is enough to refuse it.
MAX_BODY_BYTES = settings.MAX_BATCH_BODY_BYTES + 1
# Of all large bodies together, arriving or at work. Beyond this, reading pauses.
MAX_BUFFERED_BYTES = 10 * settings.MAX_BATCH_BODY_BYTES
# Requests with bodies that are not small, or not once inflated, take turns, LARGE_AT_ONCE: more would compete
# for the GIL and for the database's processors: 8 % fewer matches in batches from eight clients, and a p99
# longer by a sixth. Bodies over LARGE_BODY_BYTES at work have together at most MAX_BYTES_AT_WORK.
LARGE_BODY_BYTES = settings.MAX_BODY_BYTES
MAX_BYTES_AT_WORK = settings.MAX_BATCH_BODY_BYTES
LARGE_AT_ONCE = 2
LONG_TURN_SECONDS = 0.3  # one that takes longer, most likely to wait for the database, no longer counts
INFLATION = 1032  # the most that gzip can shrink a body, as a factor (a limit of deflate's format)

LOOK_THREADS = 4  # that try requests without their bodies
QUEUE_SECONDS = 10  # a request that has waited longer for a thread, or in the queue, is refused
SWEEP_SECONDS = 0.05
# Requests that are answered at the same time. Each further one competes for the GIL: with 16 at a time 7 %
# fewer goal GETs and 10 % fewer match POSTs a second were answered.
FEW_THREADS = 3
# A request that takes longer is most likely waiting for the database: it no longer counts.
LONG_SECONDS = 0.05
TOO_BUSY = "The service is too busy right now. Nothing was done. Try again shortly."

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class BodyAwaited(BaseException):
    """The application reads a body that has not come yet. A BaseException, so that no handler catches it."""


class AwaitedBody:
    """The `wsgi.input` of a request that is tried without its body: reading it raises BodyAwaited."""

    def read(self, *size: int) -> bytes:
        raise BodyAwaited

    readline = read


@dataclass(slots=True, eq=False)
class Exchange:
    """A request, the part of its body that has come, and Granian's protocol that sends its answer."""

    environ: dict[str, Any]
    protocol: Any
    since: float = field(default_factory=time.monotonic)
    body: bytes | IO[bytes] | None = None  # once it has come
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0  # of the chunks
    weight: int = 0  # at work, of a body over LARGE_BODY_BYTES
    reading: Any = None  # Granian's future of what comes next
    is_over: bool = False  # whether it is answered

    @property
    def expected_size(self) -> int:
        """The announced length of the body, at most MAX_BODY_BYTES; that where none was announced."""
        length = self.environ.get("CONTENT_LENGTH", "")
        return min(int(length), MAX_BODY_BYTES) if length else MAX_BODY_BYTES


class Reception:
    """The requests of a worker, from their headers to their answers."""

    def __init__(self, application: Application, *, threads: int) -> None:
        self.application = application
        self.threads = Threads(threads, self.answer, few=FEW_THREADS)
        # For requests without their bodies, so that thousands of slow clients do not occupy the others.
        self.looks = Threads(LOOK_THREADS, self.answer)
        self.spool = Spool()
        self.uploads = Uploads(result_of, has_ended)
        self.rests = Rests(result_of)
        # Probes have threads of their own: they are answered even while the others wait for the database.
        self.probes = {"/healthz": Threads(1, self.answer), "/readyz": Threads(4, self.answer)}
        self.lock = threading.Lock()  # of all that follows, and of what changes in exchanges
        self.fresh: dict[Exchange, None] = {}  # small bodies that are being read, oldest request first
        self.awaited: dict[Exchange, None] = {}  # bodies that are being read after a try without them
        self.stalled: deque[Exchange] = deque()  # large bodies whose reading pauses
        self.buffered = 0  # bytes of large bodies
        self.queue: deque[Exchange] = deque()  # requests with large bodies that wait for their turn
        self.turns: set[Exchange] = set()  # requests with large bodies that threads have
        self.kept_back: list[tuple[float, Callable[[], None]]] = []  # answers, and when they are sent
        threading.Thread(target=self.sweep, daemon=True, name="reception").start()

    def receive(self, scope: Any, protocol: Any) -> None:
        """Take a request from Granian (RSGI's scope and protocol), before its body. Never blocks."""
        environ = environ_of(scope)
        exchange = Exchange(environ, protocol)
        length = environ.get("CONTENT_LENGTH")
        if length == "0" or (length is None and "HTTP_TRANSFER_ENCODING" not in environ):
            exchange.body = b""
            self.probes.get(environ["PATH_INFO"].rstrip("/"), self.threads).submit(exchange)
        elif length is not None and int(length) <= SMALL_BODY_BYTES:
            with self.lock:
                self.fresh[exchange] = None
            exchange.reading = reading = protocol()
            reading.add_done_callback(lambda done: self.small_body_came(exchange, done))
        else:
            self.looks.submit(exchange)

    # Reading bodies.

    def small_body_came(self, exchange: Exchange, done: Any) -> None:
        """Hand on a request whose body has come, or has broken off: its length tells the application."""
        body = result_of(done)
        with self.lock:
            exchange.reading = None  # its callback refers to the exchange: a reference cycle
            if exchange.is_over:
                return
            exchange.body = body
            is_free = exchange in self.fresh or exchange in self.awaited
            self.fresh.pop(exchange, None)
            self.awaited.pop(exchange, None)
        if is_free:  # else a thread is trying it without the body, and will find it
            self.begin(exchange)

    def read_on(self, exchange: Exchange, done: Any = None) -> None:
        """Keep the part of a large body that has come, and what else is there; call this for the next one."""
        while done is None or self.keep(exchange, result_of(done)):
            with self.lock:
                if exchange.is_over:
                    return
                if self.buffered > MAX_BUFFERED_BYTES:
                    self.stalled.append(exchange)
                    return
                exchange.reading = done = exchange.protocol.__anext__()
            if not done.done():
                done.add_done_callback(partial(self.read_on, exchange))
                return

    def keep(self, exchange: Exchange, chunk: bytes) -> bool:
        """Keep a part of a body; return whether there is more to read. If not, hand the request on."""
        with self.lock:
            exchange.reading = None
            if exchange.is_over:
                return False
            exchange.chunks.append(chunk)
            exchange.size += len(chunk)
            self.buffered += len(chunk)
            if chunk and exchange.size < exchange.expected_size:
                return True
            self.awaited.pop(exchange, None)
        if "CONTENT_LENGTH" not in exchange.environ:
            # A broken connection looks like the end of the body: one byte more is announced than has come, so
            # that the application refuses it.
            is_whole = exchange.size >= MAX_BODY_BYTES or has_ended(exchange.protocol)
            exchange.environ["CONTENT_LENGTH"] = str(exchange.size + (not is_whole))
        exchange.body = b"".join(exchange.chunks)
        exchange.chunks = []
        self.begin(exchange)
        return False

    # Queueing for threads.

    def begin(self, exchange: Exchange) -> None:
        """Give a request whose body has come to a thread; queue one with a large body."""
        assert isinstance(exchange.body, bytes)
        size = inflated = len(exchange.body)
        if "HTTP_CONTENT_ENCODING" in exchange.environ:
            inflated = size * INFLATION
        if size > SMALL_BODY_BYTES or inflated > LARGE_BODY_BYTES:
            with self.lock:
                exchange.weight = min(inflated, MAX_BYTES_AT_WORK) if inflated > LARGE_BODY_BYTES else 0
                exchange.since = time.monotonic()
                self.queue.append(exchange)
            self.take_turns()
        else:
            self.threads.submit(exchange)

    def take_turns(self) -> None:
        """Give queued requests to threads, as far as LARGE_AT_ONCE and MAX_BYTES_AT_WORK allow."""
        while True:
            with self.lock:
                now = time.monotonic()
                if sum(each.since > now - LONG_TURN_SECONDS for each in self.turns) >= LARGE_AT_ONCE:
                    return
                room = MAX_BYTES_AT_WORK - sum(each.weight for each in self.turns)
                # Those without a weight pass one for which there is no room.
                exchange = next((each for each in self.queue if each.weight <= room), None)
                if exchange is None:
                    return
                self.queue.remove(exchange)
                exchange.since = now
                self.turns.add(exchange)
            self.threads.submit(exchange)

    def end(self, exchange: Exchange, send: Callable[[], None]) -> None:
        """Send an answer. Release what the request held, and resume those that waited for it."""
        with self.lock:
            exchange.is_over = True
            reading, exchange.reading = exchange.reading, None
            exchange.chunks = []
            self.buffered -= exchange.size
            self.turns.discard(exchange)
            resumed: Iterable[Exchange] = ()
            if self.buffered <= MAX_BUFFERED_BYTES:
                resumed, self.stalled = self.stalled, deque()
        if "HTTP_EXPECT" in exchange.environ and reading is None and not exchange.size:
            send()  # in the place of `100 Continue`, so there is no body to come
        else:
            self.rests.take(exchange.protocol, reading, send)
        self.take_turns()
        for stalled in resumed:
            self.read_on(stalled)

    def sweep(self) -> None:
        """Check every SWEEP_SECONDS for requests that have waited too long. Runs in a thread of its own."""
        while True:
            time.sleep(SWEEP_SECONDS)
            try:
                self.look_at_waiting(time.monotonic())
            except Exception:
                logger.exception("the reception could not check the waiting requests")

    def look_at_waiting(self, now: float) -> None:
        with self.lock:
            slow = since_before(self.fresh, now - SMALL_BODY_SECONDS)
            for exchange in slow:
                del self.fresh[exchange]
            late = since_before(self.awaited, now - settings.BODY_TIMEOUT_SECONDS)
            for exchange in late:
                del self.awaited[exchange]
                exchange.is_over = True
            due = [send for moment, send in self.kept_back if moment <= now]
            self.kept_back = [kept for kept in self.kept_back if kept[0] > now]
            starved = since_before(self.queue, now - QUEUE_SECONDS)
            starved += [exchange for exchange in self.stalled if exchange.since < now - QUEUE_SECONDS]
            for exchange in starved:
                exchange.is_over = True
                self.awaited.pop(exchange, None)
            self.queue = deque(exchange for exchange in self.queue if not exchange.is_over)
            self.stalled = deque(exchange for exchange in self.stalled if not exchange.is_over)
        self.take_turns()
        self.threads.pass_over(now - LONG_SECONDS)
        self.spool.sweep(now)
        self.uploads.sweep(now)
        self.rests.sweep(now)
        for send in due:
            send()
        for exchange in slow:
            self.looks.submit(exchange)
        for exchange in late:
            self.refuse(exchange, RequestTimeout())
        for exchange in starved:
            self.refuse(exchange, ServiceUnavailable(TOO_BUSY))
        for threads in (self.threads, self.looks):
            for exchange in threads.withdraw(now - QUEUE_SECONDS):
                self.refuse(exchange, ServiceUnavailable(TOO_BUSY))

    # Answering.

    def answer(self, exchange: Exchange) -> None:
        """Answer a request in this thread; where its body has not come, try it without."""
        body, exchange.body = exchange.body, None
        if body is None:
            self.look_at(exchange)
            return
        is_file = not isinstance(body, bytes)
        with BytesIO(body) if isinstance(body, bytes) else body as stream:
            del body
            exchange.environ["wsgi.input"] = stream
            send = self.answer_to(exchange, exchange.environ)
        if exchange.size or exchange.weight or is_file:
            self.end(exchange, send)
        else:
            send()

    def look_at(self, exchange: Exchange) -> None:
        """Try a request without its body; if the application asks for it, read it."""
        environ = {"CONTENT_LENGTH": "1", **exchange.environ, "wsgi.input": AwaitedBody(), AWAITED: True}
        try:
            send = self.answer_to(exchange, environ)
        except BodyAwaited:
            exchange.environ[SEEN] = True
        else:
            self.end(exchange, send)
            return
        with self.lock:
            is_coming = exchange.reading is not None or exchange.body is not None
        if (limit := environ.get(UPLOAD)) and not is_coming:
            arrived, refuse = partial(self.file_arrived, exchange), partial(self.refuse, exchange)
            self.uploads.take(exchange.protocol, limit, arrived, refuse)
            return
        with self.lock:
            has_come = exchange.body is not None  # meanwhile
            if not has_come:
                self.awaited[exchange] = None
        if has_come:
            self.begin(exchange)
        elif "CONTENT_LENGTH" not in exchange.environ or exchange.expected_size > SMALL_BODY_BYTES:
            aiter(exchange.protocol)
            self.read_on(exchange)

    def file_arrived(self, exchange: Exchange, file: IO[bytes], size: int, is_whole: bool) -> None:
        """Hand on a request whose body is a file."""
        if "CONTENT_LENGTH" not in exchange.environ:
            # As `keep` does.
            exchange.environ["CONTENT_LENGTH"] = str(size + (not is_whole))
        exchange.body = file
        self.threads.submit(exchange)

    def answer_to(self, exchange: Exchange, environ: dict[str, Any]) -> Callable[[], None]:
        """Return a function that sends the application's answer. Raises: BodyAwaited."""
        status = 500
        headers: list[tuple[str, str]] = []
        content: bytes | str = b""

        def start_response(line: str, given: list[tuple[str, str]], exc_info: Any = None) -> None:
            nonlocal status, headers
            status, headers = int(line[:3]), given

        try:
            content = self.spool.collect(self.application(environ, start_response))
        except Exception as error:  # of a streaming answer: none of it has been sent
            logger.exception("the application did not answer")
            status, headers = 500, []
            with suppress(Exception):
                refused = environ | refused_with(refusal_for(error))
                content = self.spool.collect(self.application(refused, start_response))
        is_file = isinstance(content, str)
        respond = exchange.protocol.response_file if is_file else exchange.protocol.response_bytes
        send = partial(respond, status, headers, content)
        seconds = environ.get(KEPT_BACK)
        return partial(self.keep_back, send, seconds) if seconds else send

    def keep_back(self, send: Callable[[], None], seconds: float) -> None:
        with self.lock:
            self.kept_back.append((time.monotonic() + seconds, send))

    def refuse(self, exchange: Exchange, refusal: Exception) -> None:
        """Answer a request with `refusal`, before the application has done anything."""
        send = self.answer_to(exchange, exchange.environ | refused_with(refusal))
        self.end(exchange, send)


def refused_with(refusal: Exception) -> dict[str, Any]:
    """Return what changes in the environ of a request that the application is to answer with `refusal`."""
    return {"CONTENT_LENGTH": "", "wsgi.input": BytesIO(), REFUSAL: refusal}


def since_before(exchanges: Iterable[Exchange], moment: float) -> list[Exchange]:
    """Return the exchanges that have waited since before a moment; they are ordered by age."""
    return list(takewhile(lambda exchange: exchange.since < moment, exchanges))


def result_of(reading: Any) -> bytes:
    """Return what Granian has read; nothing if the connection broke off or the reading was cancelled."""
    try:
        read: bytes = reading.result()
    except (Exception, CancelledError):
        return b""
    return read


def has_ended(protocol: Any) -> bool:
    """Tell whether a body has ended, after an empty part: a broken connection gives another empty part."""
    try:
        protocol.__anext__().cancel()
    except StopAsyncIteration:
        return True
    return False
