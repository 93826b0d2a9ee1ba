"""Matches as they are posted: recorded once, held, refused, remembered."""
