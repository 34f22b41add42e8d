"""Pixels: of tiles, for making vectors and for showing results, and of users' pictures."""
