"""Django's PostgreSQL backend, quicker where every request goes: to a connection and back."""
