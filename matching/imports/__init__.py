"""Files of matches and sessions."""
