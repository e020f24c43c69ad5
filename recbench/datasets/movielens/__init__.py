"""The MovieLens datasets of GroupLens: releases, download, files, loader, tags."""
