"""Tiles that are marked become a query, round after round."""
