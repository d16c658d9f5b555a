"""Backups of the data folder: made while the server runs, restored into an empty folder, made on schedule."""
