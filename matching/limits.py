"""How much of one thing matching takes."""

# An identity that more visitors have names nobody: no more are accepted. The rule looks at the newest so
# many, should an older version have let more through.
MAX_VISITORS = 1000

# Pending matches of one identity at a time: each arriving session or identity looks through all of them.
# An arrival settles as many; the others wait for the command resolve_pending.
MAX_PENDING = 1000

# Items of a batch.
MAX_BATCH_ITEMS = 5000

# Characters of a visitor identity.
MAX_IDENTITY_LENGTH = 255
