"""Answering again where another transaction got in the way."""

from collections.abc import Awaitable, Callable
from functools import wraps

import asyncpg
from fastapi import Request, Response

COLLISIONS = (
    asyncpg.DeadlockDetectedError,
    asyncpg.ForeignKeyViolationError,  # what was known a moment ago has been deleted
    asyncpg.SerializationError,
)
TRIES = 3

Handler = Callable[[Request], Awaitable[Response]]


def retried(handler: Handler) -> Handler:
    @wraps(handler)
    async def answer(request: Request) -> Response:
        for _ in range(TRIES - 1):
            try:
                return await handler(request)
            except COLLISIONS:
                continue
        return await handler(request)

    return answer
