"""Pixels: of a tile, for making vectors and for showing results, and of pictures that users give."""
