"""Example plugins for well-known services, a sandbox that imitates their providers, and a demo that runs both."""
