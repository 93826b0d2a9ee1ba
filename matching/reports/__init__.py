"""What the matches brought: figures by day, week or month, and downloads of rows."""
