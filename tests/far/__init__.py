"""The far end: does a request cost the same beside ten thousand other organizations? See `--help`."""
