"""Visitor identities and sessions, merged as they are reported."""
