"""A pretend plug-in: not installed, found because its folder is on the path."""
