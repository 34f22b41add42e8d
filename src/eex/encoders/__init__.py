"""Pixels, words or places become unit vectors; one file per family."""
