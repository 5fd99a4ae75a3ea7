"""Choosing scales and rewriting a float model into integers."""
