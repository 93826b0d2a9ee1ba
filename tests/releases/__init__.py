"""What each release leaves in a database, from which the tests upgrade."""
