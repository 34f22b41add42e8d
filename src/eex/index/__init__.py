"""Vectors to scores and nearest rows. `base` says what an index does; one file each does it."""
