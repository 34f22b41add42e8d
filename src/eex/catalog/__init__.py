"""Embedding sets by name: what is published, and what is open here."""
