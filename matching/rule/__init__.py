"""The matching rule: which session a match belongs to, or why to none."""
