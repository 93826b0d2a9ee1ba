"""How much of one thing matching takes."""

# An identity that more visitors have names nobody: no more are accepted. The rule looks at the newest so
# many, should an older version have let more through.
MAX_VISITORS = 1000

# Pending matches of one identity at a time: each arriving session or identity looks through all of them.
# An arrival settles as many; the others wait for the command resolve_pending.
MAX_PENDING = 1000

# Items of a batch.
MAX_BATCH_ITEMS = 5000

# Characters of an id of somebody else's, whose columns have no room for more.
MAX_IDENTITY_LENGTH = 255
MAX_EXTERNAL_ID_LENGTH = 255
MAX_TRACKING_ID_LENGTH = 64  # of visitors and sessions

# Characters of an Idempotency-Key.
MAX_KEY_LENGTH = 255

# Rooms of a match or a session.
MAX_ROOMS = 100

# Characters of the reason of a correction.
MAX_REASON_LENGTH = 500
