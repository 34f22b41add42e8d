"""Ask the Earth in words, with a picture or a place."""
