"""The benchmark: `python -m tests.benchmark`. A command, not a test; see `--help`."""
