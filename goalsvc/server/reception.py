"""Where a worker receives requests: bodies are awaited here, then the requests go to its threads.

A client that sends slowly costs a connection and the bytes that have come, not a thread. Before a large
body is awaited, or a small one that is slow, the request is answered as far as is possible without it: who
is refused for another reason (401, 403, 404, 413) hears it at once, and nobody waits for the body.

It stands in for the event loop of asyncio between Granian and the threads, which wakes two more threads for
each request: with it 15 % fewer goal GETs and 10 % fewer match POSTs a second were answered. Granian's WSGI
server has a thread for each body that is awaited. A server that awaits bodies by itself would let this go.
"""

import logging
import threading
import time
from asyncio import CancelledError
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO
from itertools import takewhile
from typing import Any

from django.conf import settings

from goalsvc.api.errors import RequestTimeout, ServiceUnavailable
from goalsvc.api.requests import AWAITED, KEPT_BACK, REFUSAL, SEEN
from goalsvc.server.environ import environ_of
from goalsvc.server.spool import Spool
from goalsvc.server.threads import Threads

logger = logging.getLogger(__name__)

# Sizes are bytes. A body announced to be small is awaited at once: mostly it has come with the headers.
SMALL = 64 * 1024
# For so many seconds. Then its sender has to be known.
GRACE_SECONDS = 0.5
# No more is read of any body. That is enough to tell that it is too large.
MOST_OF_A_BODY = settings.MAX_BATCH_BODY_BYTES + 1
# Of all large bodies that are arriving or at work. Beyond that no more is read for the moment.
MOST_HELD = 10 * settings.MAX_BATCH_BODY_BYTES
# Requests with bodies larger than this take turns: those at work have no more together than one may have.
LARGE = settings.MAX_BODY_BYTES
MOST_AT_WORK = settings.MAX_BATCH_BODY_BYTES
# What a compressed body may become at most, as a factor (deflate's format sets the limit).
INFLATION = 1032

# How many requests are looked at, without their bodies, at a time.
LOOKS = 4
# A request that has found no thread, or no turn, for so long is refused.
QUEUE_SECONDS = 10
SWEEP_SECONDS = 0.05
# Requests that are answered at the same time. Each more takes the interpreter from the others: with 16 at a
# time 7 % fewer goal GETs and 10 % fewer match POSTs a second were answered.
FEW = 3
# One that takes longer waits for the database, mostly. Another is answered meanwhile.
LONG_SECONDS = 0.05
TOO_BUSY = "The service is too busy right now. Nothing was done. Try again shortly."

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class BodyAwaited(BaseException):
    """Somebody reads a body that is not there yet. Not an Exception: no handler on the way may answer it."""


class AwaitedBody:
    """Stands for the body of a request that is answered as far as is possible without it."""

    def read(self, *size: int) -> bytes:
        raise BodyAwaited

    readline = read


class Exchange:
    """A request on its way, its body as far as it has come, and where its answer goes."""

    __slots__ = ("body", "chunks", "environ", "is_over", "protocol", "reading", "since", "size", "weight")

    def __init__(self, environ: dict[str, Any], protocol: Any) -> None:
        self.environ = environ
        self.protocol = protocol
        self.since = time.monotonic()
        self.body: bytes | None = None  # once it has come
        self.chunks: list[bytes] = []
        self.size = 0  # of the chunks
        self.weight = 0  # at work, of a large body
        self.reading: Any = None  # Granian's future of what comes next
        self.is_over = False  # whether it is answered

    @property
    def expected_size(self) -> int:
        """How much there is to read: what was announced, or as much as may be."""
        length = self.environ.get("CONTENT_LENGTH", "")
        return min(int(length), MOST_OF_A_BODY) if length else MOST_OF_A_BODY


class Reception:
    """The requests of a worker, from their headers to their answers."""

    def __init__(self, application: Application, *, threads: int) -> None:
        self.application = application
        self.threads = Threads(threads, self.answer, few=FEW)
        # For looks at requests without their bodies: thousands of slow clients keep nobody else waiting.
        self.looks = Threads(LOOKS, self.answer)
        self.spool = Spool()
        # Whatever the others wait for, such as a database that does not answer, probes are answered.
        self.probes = {"/healthz": Threads(1, self.answer), "/readyz": Threads(4, self.answer)}
        self.lock = threading.Lock()  # of all that follows, and of what changes in exchanges
        self.fresh: dict[Exchange, None] = {}  # small bodies are awaited, in the order of their requests
        self.awaited: dict[Exchange, None] = {}  # bodies of requests that were seen are awaited
        self.stalled: deque[Exchange] = deque()  # those that are read no further until there is room
        self.held = 0  # bytes
        self.queue: deque[Exchange] = deque()  # large ones that wait for their turn
        self.at_work = 0  # bytes
        self.kept_back: list[tuple[float, Callable[[], None]]] = []  # answers, and when they are sent
        threading.Thread(target=self.sweep, daemon=True, name="reception").start()

    def receive(self, scope: Any, protocol: Any) -> None:
        """Take a request from Granian (RSGI's scope and protocol), before its body. Waits for nothing."""
        environ = environ_of(scope)
        exchange = Exchange(environ, protocol)
        length = environ.get("CONTENT_LENGTH")
        if length == "0" or (length is None and "HTTP_TRANSFER_ENCODING" not in environ):
            exchange.body = b""
            self.probes.get(environ["PATH_INFO"].rstrip("/"), self.threads).take(exchange)
        elif length is not None and int(length) <= SMALL:
            with self.lock:
                self.fresh[exchange] = None
            exchange.reading = reading = protocol()
            reading.add_done_callback(lambda done: self.take_small(exchange, done))
        else:
            self.looks.take(exchange)

    # How bodies come.

    def take_small(self, exchange: Exchange, done: Any) -> None:
        """Go on with a request whose body has come, or will not: the application tells from its length."""
        body = result_of(done)
        with self.lock:
            exchange.reading = None  # it knows this method, and through it the exchange: a circle
            if exchange.is_over:
                return
            exchange.body = body
            is_free = exchange in self.fresh or exchange in self.awaited
            self.fresh.pop(exchange, None)
            self.awaited.pop(exchange, None)
        if is_free:  # else a thread is looking at it, and will find the body
            self.begin(exchange)

    def read_on(self, exchange: Exchange) -> None:
        """Read the next parts of a large body, as long as they are there, and see to those to come."""
        while True:
            with self.lock:
                if exchange.is_over:
                    return
                if self.held > MOST_HELD:
                    self.stalled.append(exchange)
                    return
            exchange.reading = reading = exchange.protocol.__anext__()
            if not reading.done():
                reading.add_done_callback(lambda done: self.take_chunk(exchange, done))
                return
            if not self.keep(exchange, result_of(reading)):
                return

    def take_chunk(self, exchange: Exchange, done: Any) -> None:
        if self.keep(exchange, result_of(done)):
            self.read_on(exchange)

    def keep(self, exchange: Exchange, chunk: bytes) -> bool:
        """Keep a part of a body; tell whether there is more to read. If not, go on with the request."""
        with self.lock:
            exchange.reading = None
            if exchange.is_over:
                return False
            exchange.chunks.append(chunk)
            exchange.size += len(chunk)
            self.held += len(chunk)
            if chunk and exchange.size < exchange.expected_size:
                return True
            self.awaited.pop(exchange, None)
        if "CONTENT_LENGTH" not in exchange.environ:
            # A connection that broke off looks like the end. But then half a body is not a shorter one.
            is_whole = exchange.size >= MOST_OF_A_BODY or has_ended(exchange.protocol)
            exchange.environ["CONTENT_LENGTH"] = str(exchange.size + (not is_whole))
        exchange.body = b"".join(exchange.chunks)
        exchange.chunks = []
        self.begin(exchange)
        return False

    # How requests get their turns.

    def begin(self, exchange: Exchange) -> None:
        """Have a thread answer a request whose body has come; a large one when it is its turn."""
        size = len(exchange.body or b"")
        if "HTTP_CONTENT_ENCODING" in exchange.environ:
            size = min(size * INFLATION, MOST_AT_WORK)
        if size > LARGE:
            with self.lock:
                exchange.weight = size
                exchange.since = time.monotonic()
                self.queue.append(exchange)
            self.take_turns()
        else:
            self.threads.take(exchange)

    def take_turns(self) -> None:
        """Let the large ones go whose turn it is."""
        while True:
            with self.lock:
                if not self.queue or (self.at_work and self.at_work + self.queue[0].weight > MOST_AT_WORK):
                    return
                exchange = self.queue.popleft()
                self.at_work += exchange.weight
            self.threads.take(exchange)

    def end(self, exchange: Exchange, *, was_at_work: bool = False) -> None:
        """Let go of a request that is answered. Those go on that have waited for what it took."""
        with self.lock:
            exchange.is_over = True
            reading, exchange.reading = exchange.reading, None
            exchange.chunks = []
            self.held -= exchange.size
            self.at_work -= exchange.weight if was_at_work else 0
            resumed = list(self.stalled) if self.held <= MOST_HELD else []
            if resumed:
                self.stalled.clear()
        if reading is not None:
            reading.cancel()  # a body that nobody wants keeps no connection open
        self.take_turns()
        for stalled in resumed:
            self.read_on(stalled)

    def sweep(self) -> None:
        """Look again and again for those that have waited for too long."""
        while True:
            time.sleep(SWEEP_SECONDS)
            try:
                self.look_at_waiting(time.monotonic())
            except Exception:
                logger.exception("the reception could not look at those who wait")

    def look_at_waiting(self, now: float) -> None:
        with self.lock:
            slow = since_before(self.fresh, now - GRACE_SECONDS)
            for exchange in slow:
                del self.fresh[exchange]
            late = since_before(self.awaited, now - settings.BODY_TIMEOUT_SECONDS)
            for exchange in late:
                del self.awaited[exchange]
                exchange.is_over = True
            due = [send for moment, send in self.kept_back if moment <= now]
            self.kept_back = [kept for kept in self.kept_back if kept[0] > now]
            tired = since_before(self.queue, now - QUEUE_SECONDS)
            tired += [exchange for exchange in self.stalled if exchange.since < now - QUEUE_SECONDS]
            for exchange in tired:
                exchange.is_over = True
                self.awaited.pop(exchange, None)
            self.queue = deque(exchange for exchange in self.queue if not exchange.is_over)
            self.stalled = deque(exchange for exchange in self.stalled if not exchange.is_over)
        self.threads.pass_over(now - LONG_SECONDS)
        self.spool.sweep(now)
        for send in due:
            send()
        for exchange in slow:
            self.looks.take(exchange)
        for exchange in late:
            self.refuse(exchange, RequestTimeout())
        for exchange in tired:
            self.refuse(exchange, ServiceUnavailable(TOO_BUSY))
        for threads in (self.threads, self.looks):
            for exchange in threads.give_up(now - QUEUE_SECONDS):
                self.refuse(exchange, ServiceUnavailable(TOO_BUSY), was_at_work=True)

    # How they are answered.

    def answer(self, exchange: Exchange) -> None:
        """Answer a request in this thread, or find that it cannot be answered without its body."""
        body, exchange.body = exchange.body, None
        if body is None:
            self.look_at(exchange)
            return
        exchange.environ["wsgi.input"] = BytesIO(body)
        del body
        self.respond(exchange, exchange.environ)
        if exchange.size or exchange.weight:
            self.end(exchange, was_at_work=True)

    def look_at(self, exchange: Exchange) -> None:
        """Answer a request as far as is possible without its body, or await that."""
        environ = {"CONTENT_LENGTH": "1", **exchange.environ, "wsgi.input": AwaitedBody(), AWAITED: True}
        try:
            self.respond(exchange, environ)
        except BodyAwaited:
            exchange.environ[SEEN] = True
        else:
            self.end(exchange)
            return
        with self.lock:
            has_come = exchange.body is not None  # meanwhile
            if not has_come:
                self.awaited[exchange] = None
        if has_come:
            self.begin(exchange)
        elif "CONTENT_LENGTH" not in exchange.environ or exchange.expected_size > SMALL:
            aiter(exchange.protocol)
            self.read_on(exchange)

    def respond(self, exchange: Exchange, environ: dict[str, Any]) -> None:
        """Send the application's answer. Raises: BodyAwaited."""
        status = 500
        headers: list[tuple[str, str]] = []
        content: bytes | str = b""

        def start_response(line: str, given: list[tuple[str, str]], exc_info: Any = None) -> None:
            nonlocal status, headers
            status, headers = int(line[:3]), given

        try:
            content = self.spool.take(self.application(environ, start_response))
        except Exception:
            logger.exception("the application did not answer")
            status, headers = 500, []
        is_file = isinstance(content, str)
        respond = exchange.protocol.response_file if is_file else exchange.protocol.response_bytes
        send = partial(respond, status, headers, content)
        if seconds := environ.get(KEPT_BACK):
            with self.lock:
                self.kept_back.append((time.monotonic() + seconds, send))
        else:
            send()

    def refuse(self, exchange: Exchange, refusal: Exception, *, was_at_work: bool = False) -> None:
        """Answer a request of which nothing was done."""
        environ = {**exchange.environ, "CONTENT_LENGTH": "", "wsgi.input": BytesIO(), REFUSAL: refusal}
        self.respond(exchange, environ)
        self.end(exchange, was_at_work=was_at_work)


def since_before(exchanges: Iterable[Exchange], moment: float) -> list[Exchange]:
    """Return those that have waited since before a moment; the longest waiting come first."""
    return list(takewhile(lambda exchange: exchange.since < moment, exchanges))


def result_of(reading: Any) -> bytes:
    """Return what Granian has read; nothing where the connection broke off, or nobody wants it any more."""
    try:
        read: bytes = reading.result()
    except (Exception, CancelledError):
        return b""
    return read


def has_ended(protocol: Any) -> bool:
    """Tell whether a body is at its end, after an empty part: a broken connection gives one more."""
    try:
        protocol.__anext__().cancel()
    except StopAsyncIteration:
        return True
    return False
