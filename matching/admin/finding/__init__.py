"""Search, and what one needs to recognise what is found."""
