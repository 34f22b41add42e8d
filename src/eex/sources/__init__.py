"""Where tiles come from; one file per kind of source."""
