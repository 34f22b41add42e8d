"""Sets as GeoParquet 1.1, as other tools read them."""
