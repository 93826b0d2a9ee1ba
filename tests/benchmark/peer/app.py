"""The application: a pool of connections, and plain routes, which cost less than FastAPI's own."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI

from tests.benchmark.peer.answers import RefusedError, answer_refusal
from tests.benchmark.peer.goals import get_goal, list_goals
from tests.benchmark.peer.matches import post_match, post_matches
from tests.benchmark.peer.visitors import post_identity, post_session, post_sessions

# Every statement is planned once a connection, for indexes: none of them may scan a table.
PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "jit": "off"}


class Connection(asyncpg.Connection):  # type: ignore[misc] # it has no types
    """A connection that is given back without a round trip: no statement here changes its settings."""

    def get_reset_query(self) -> str:
        return ""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await asyncpg.create_pool(
        os.environ["DATABASE_URL"],
        min_size=1,
        max_size=16,
        connection_class=Connection,
        server_settings=PLANNED_ONCE,
    )
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan, openapi_url=None)
app.add_exception_handler(RefusedError, answer_refusal)
ORGANIZATION = "/api/v5/orgs/{organization}"
app.add_route(f"{ORGANIZATION}/goals/{{goal}}/matches", post_match, methods=["POST"])
app.add_route(f"{ORGANIZATION}/matches/batch", post_matches, methods=["POST"])
app.add_route(f"{ORGANIZATION}/visitor_sessions", post_session, methods=["POST"])
app.add_route(f"{ORGANIZATION}/visitor_sessions/batch", post_sessions, methods=["POST"])
app.add_route(f"{ORGANIZATION}/visitor_identities", post_identity, methods=["POST"])
app.add_route(f"{ORGANIZATION}/goals", list_goals, methods=["GET"])
app.add_route(f"{ORGANIZATION}/goals/{{goal}}", get_goal, methods=["GET"])
