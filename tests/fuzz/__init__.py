"""Requests made up from the OpenAPI description, as many as one likes: `python -m tests.fuzz`."""
