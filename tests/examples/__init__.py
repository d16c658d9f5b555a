"""Tests of the example plugins, the sandbox and the demo."""
