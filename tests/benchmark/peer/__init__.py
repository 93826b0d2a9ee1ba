"""The peer: FastAPI and asyncpg with hand-written SQL, for the same tables, rules and checks as the service.

Written as somebody would who wants it to win, and honestly: an answer means that all it says is committed,
what the service checks is checked, what it keeps is kept. Held matches, Idempotency-Keys, `validate_only`,
tallies of replays and hints at similar identities are left out, as no workload asks for them.
"""
