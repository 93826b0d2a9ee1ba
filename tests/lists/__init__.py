"""Lists of an organization with very many rows, whose filters find what is rare, old, or common and old."""
