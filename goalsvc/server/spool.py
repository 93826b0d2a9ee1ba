"""Long answers are kept in files until they are sent: a few slow readers would fill the memory."""

import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import IO

MAX_IN_MEMORY = 1024 * 1024  # a longer answer, in bytes, goes to a file
OPENED_SECONDS = 30  # how long a file stays open here: by then Granian has opened it for itself


class Spool:
    """Files of answers that are being sent. They have no names, so that none is left behind."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.files: deque[tuple[float, IO[bytes]]] = deque()  # since when

    def collect(self, parts: Iterable[bytes]) -> bytes | str:
        """Return an answer's bytes; of a long one, the path of a file with them."""
        chunks, size = [], 0
        parts = iter(parts)
        for part in parts:
            chunks.append(part)
            size += len(part)
            if size > MAX_IN_MEMORY and len(chunks) > 1:
                break
        else:
            return b"".join(chunks)
        file = tempfile.TemporaryFile()  # noqa: SIM115 - it stays open until Granian has it
        file.writelines(chunks)
        file.writelines(parts)
        file.flush()
        with self.lock:
            self.files.append((time.monotonic(), file))
        return f"/dev/fd/{file.fileno()}"

    def sweep(self, now: float) -> None:
        """Close the files that Granian has opened."""
        with self.lock:
            while self.files and self.files[0][0] < now - OPENED_SECONDS:
                self.files.popleft()[1].close()
