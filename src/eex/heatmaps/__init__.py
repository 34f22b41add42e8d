"""Where in a picture a query fits: a grid of cosines, drawn over the picture and exported."""
