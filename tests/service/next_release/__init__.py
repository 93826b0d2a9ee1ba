"""A release after this one: the same code, with migrations as docs/development.md admits them."""
