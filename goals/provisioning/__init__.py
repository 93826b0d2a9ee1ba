"""Goals as a command or a file states them, and whole files."""
