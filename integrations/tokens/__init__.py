"""Tokens from token requests and logins: one fetch for all callers, stored sealed, renewed before they expire."""
