"""Answers repeated renders from memory, ahead of Flask, while everything they depend on is unchanged."""
