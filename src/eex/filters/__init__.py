"""What may be ranked: a record that says which tiles, and the mask of rows it becomes."""
