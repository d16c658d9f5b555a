"""Tokens that a server or a login gives for settings: fetched once for all who ask, kept sealed, renewed in time."""
