"""Plugins that people recognise, a stand-in for their providers, and a demo that runs both."""
