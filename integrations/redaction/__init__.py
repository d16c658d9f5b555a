"""Masks secrets in providers' answers, in every encoding."""
