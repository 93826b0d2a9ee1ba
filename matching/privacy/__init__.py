"""What is held about an identity: shown, exported, erased, and deleted in time."""
