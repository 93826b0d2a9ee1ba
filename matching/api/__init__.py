"""The endpoints of matches and visitors."""
