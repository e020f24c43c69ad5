"""GroupLens' MovieLens releases: download, files, loader."""
