"""The database: its configuration, the embedded server, and what stands in for Django's and psycopg's own.

DATABASES names this package as its engine: Django finds the backend in the module `base`.
"""
