"""A query becomes scores of every tile and the best rows."""
