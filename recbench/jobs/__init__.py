"""Jobs: one configuration in, one record out."""
