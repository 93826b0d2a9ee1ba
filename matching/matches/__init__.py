"""Matches as they are posted: recorded once, or pending, or refused."""
