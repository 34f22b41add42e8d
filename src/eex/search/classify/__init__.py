"""Tiles that are marked become a classifier, its tiles polygons with their area."""
