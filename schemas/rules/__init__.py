"""Rules that a value must keep: kinds of text, numbers and lists, named once for schemas, lint and editors."""
