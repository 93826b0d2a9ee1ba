"""What the lists of matches, held matches and refused attempts have besides those of visitors."""
