"""The demo world: a cast that is named, and ninety days of customers around it."""
