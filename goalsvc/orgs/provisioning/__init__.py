"""Organizations and what belongs to them, as a command or a file states it."""
