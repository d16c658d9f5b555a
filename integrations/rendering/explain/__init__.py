"""Explains what a render would send and why, without sending anything or decrypting a secret."""
