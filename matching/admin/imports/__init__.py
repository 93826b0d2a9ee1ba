"""The admin of imported files: uploading one, looking at it, importing it, and what became of its rows."""
