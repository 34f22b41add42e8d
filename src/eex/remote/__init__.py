"""Bytes from afar: parts of files over HTTP, checked, bounded, kept on disk."""
