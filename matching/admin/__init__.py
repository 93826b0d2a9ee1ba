"""The admin of what the API receives: to be looked at and found, and corrected by named actions alone."""

from matching.admin import imports, matches, unmatched, visitors

__all__ = ["imports", "matches", "unmatched", "visitors"]
