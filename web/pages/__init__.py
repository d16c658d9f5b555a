"""The HTML pages for users."""
