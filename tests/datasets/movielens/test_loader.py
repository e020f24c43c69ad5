"""MovieLens: the embedded release, and GroupLens' files in every format they have."""

import os
import zipfile
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from recbench import RatingDataset
from recbench.datasets.movielens.loader import Release, load_movielens, terms

HALF_STARS = [1101, 3326, 1687, 7271, 4449, 20064, 10538, 28750, 7723, 15095]
CSV_RELEASES: list[Release] = ["latest-small", "20m", "25m", "32m"]
MOVIES_CSV = (
    'movieId,title,genres\n1,"American President, The (1995)",Comedy|Drama\n9,Café Society,(no genres listed)\n'
)
RATINGS_CSV = "userId,movieId,rating,timestamp\n4,9,0.5,30\n2,1,4.5,20\n4,1,5.0,10\n"
REAL = pytest.mark.skipif("RECBENCH_DATA" not in os.environ, reason="RECBENCH_DATA does not name the MovieLens folder")


@pytest.fixture(scope="module")
def small() -> RatingDataset:
    return load_movielens()


def columns(dataset: RatingDataset) -> dict[str, list[Any]]:
    assert dataset.item_columns is not None
    return {name: values.tolist() for name, values in dataset.item_columns.items()}


def write(folder: Path, files: dict[str, str], encoding: str = "utf-8") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding=encoding, newline="")
    return folder


def write_100k(folder: Path) -> Path:
    pairs = [(3, 1), (1, 2), (2, 2), (1, 1), (2, 1)]
    lines = [f"{user}\t{item}\t{1 + k}\t{100 + k}\n" for k, (user, item) in enumerate(pairs)]
    flags = "|".join("1" if k in (5, 8) else "0" for k in range(19))
    files = {"u.data": "".join(lines)}
    files["u.item"] = f"1|Misérables, Les (1995)|01-Jan-1995||http://x/|{flags}\n2|unknown||||{'|'.join('0' * 19)}\n"
    for k in range(5):
        files[f"u{k + 1}.test"] = lines[k]
        files[f"u{k + 1}.base"] = "".join(sorted(lines[:k] + lines[k + 1 :]))
    return write(folder, files, "latin-1")


def test_the_embedded_release_has_the_size_of_its_source(small: RatingDataset) -> None:
    assert (small.n_ratings, small.n_users, small.n_items) == (100_004, 671, 9_066)


def test_the_embedded_ratings_have_the_histogram_of_their_source(small: RatingDataset) -> None:
    assert np.bincount((2 * small.ratings).astype(int)).tolist() == [0, *HALF_STARS]
    assert small.ratings.mean(dtype=np.float64) == pytest.approx(3.54361, abs=5e-6)
    assert small.rating_scale == (0.5, 5.0)


def test_the_embedded_times_span_those_of_their_source(small: RatingDataset) -> None:
    assert small.timestamps is not None
    assert (small.timestamps.min(), small.timestamps.max()) == (789652009, 1476640644)


def test_the_embedded_rows_keep_the_order_of_their_source(small: RatingDataset) -> None:
    assert small.item_ids[small.item_idx[:4]].tolist() == [31, 1029, 1061, 1129]
    assert small.user_ids[small.user_idx[[0, -1]]].tolist() == [1, 671]


def test_seven_embedded_ratings_are_for_movies_without_title_and_year(small: RatingDataset) -> None:
    table = columns(small)
    untitled = np.array([title == "" for title in table["title"]])
    assert np.count_nonzero(untitled[small.item_idx]) == 7
    assert np.flatnonzero(np.isnan(table["year"])).tolist() == np.flatnonzero(untitled).tolist()


def test_embedded_movies_have_title_year_and_genres(small: RatingDataset) -> None:
    table = columns(small)
    at = small.item_ids.tolist().index(1029)
    assert [table[name][at] for name in ("title", "year", "genres")] == [
        "Dumbo",
        1941.0,
        "Animation|Children|Drama|Musical",
    ]
    assert "Léon: The Professional (a.k.a. The Professional) (Léon)" in table["title"]


def test_the_embedded_files_are_small_and_not_pickles() -> None:
    import recbench.datasets

    folder = Path(recbench.datasets.__file__).parent / "data"
    files = [file for file in folder.iterdir() if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 1_000_000
    assert {file.suffix for file in files} <= {".npz", ".gz", ".txt", ".py"}


def test_terms_state_grouplens_conditions() -> None:
    for demand in ("endorse", "cit", "10.1145/2827872", "same conditions", "commercial", "warranty", "Minnesota"):
        assert demand.lower() in terms().lower()


def test_100k_is_read_from_its_folder(tmp_path: Path) -> None:
    dataset = load_movielens("100k", str(write_100k(tmp_path)))
    assert dataset.user_ids[dataset.user_idx].tolist() == [3, 1, 2, 1, 2]
    assert dataset.ratings.tolist() == [1, 2, 3, 4, 5]
    assert dataset.rating_scale == (1.0, 5.0)


def test_100k_movies_are_latin_1_with_genres_from_flags(tmp_path: Path) -> None:
    table = columns(load_movielens("100k", str(write_100k(tmp_path))))
    assert (table["title"], table["genres"]) == (["Misérables, Les", "unknown"], ["Comedy|Drama", ""])
    np.testing.assert_array_equal(table["year"], [1995, np.nan])


def test_100k_folds_are_rows_of_u_data(tmp_path: Path) -> None:
    folds = load_movielens("100k", str(write_100k(tmp_path))).folds
    assert folds is not None
    assert [(train.tolist(), test.tolist()) for train, test in folds] == [
        ([1, 2, 3, 4], [0]),
        ([0, 2, 3, 4], [1]),
        ([0, 1, 3, 4], [2]),
        ([0, 1, 2, 4], [3]),
        ([0, 1, 2, 3], [4]),
    ]


def test_100k_without_fold_files_has_no_folds(tmp_path: Path) -> None:
    write_100k(tmp_path)
    for file in [*tmp_path.glob("u?.base"), *tmp_path.glob("u?.test")]:
        file.unlink()
    assert load_movielens("100k", str(tmp_path)).folds is None


def test_100k_with_a_fold_file_missing_is_refused(tmp_path: Path) -> None:
    write_100k(tmp_path)
    (tmp_path / "u3.test").unlink()
    with pytest.raises(FileNotFoundError, match=r"no file u3\.test"):
        load_movielens("100k", str(tmp_path))


def test_a_fold_row_that_is_not_in_u_data_is_refused(tmp_path: Path) -> None:
    write_100k(tmp_path)
    (tmp_path / "u1.test").write_text("3\t2\t1\t1\n")
    with pytest.raises(ValueError, match=r"1 ratings of .*u1\.test are not in u\.data, first at line 1"):
        load_movielens("100k", str(tmp_path))


@pytest.mark.parametrize(("release", "scale"), [("1m", (1.0, 5.0)), ("10m", (0.5, 5.0))])
def test_files_with_colons_are_read(release: Release, scale: tuple[float, float], tmp_path: Path) -> None:
    files = {"ratings.dat": "4::9::3::30\n2::1::4::20\n4::1::5::10\n"}
    files["movies.dat"] = "1::Star Wars: Episode IV (1977)::Action|Sci-Fi\n9::Pokémon (1998)::Animation\n"
    folder = write(tmp_path, files, "latin-1" if release == "1m" else "utf-8")
    dataset = load_movielens(release, str(folder))
    assert (dataset.user_ids.tolist(), dataset.item_ids.tolist(), dataset.rating_scale) == ([2, 4], [1, 9], scale)
    assert columns(dataset)["title"] == ["Star Wars: Episode IV", "Pokémon"]
    assert columns(dataset)["genres"] == ["Action|Sci-Fi", "Animation"]


@pytest.mark.parametrize("release", CSV_RELEASES)
def test_files_with_commas_are_read(release: Release, tmp_path: Path) -> None:
    dataset = load_movielens(release, str(write(tmp_path, {"ratings.csv": RATINGS_CSV, "movies.csv": MOVIES_CSV})))
    assert dataset.ratings.tolist() == [0.5, 4.5, 5.0]
    assert dataset.item_ids[dataset.item_idx].tolist() == [9, 1, 1]
    assert columns(dataset)["title"] == ["American President, The", "Café Society"]
    assert columns(dataset)["genres"] == ["Comedy|Drama", "(no genres listed)"]


def test_a_zip_is_read_like_its_folder(tmp_path: Path) -> None:
    folder = write(tmp_path / "ml-20m", {"ratings.csv": RATINGS_CSV, "movies.csv": MOVIES_CSV})
    with zipfile.ZipFile(tmp_path / "ml-20m.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"ml-20m/{file.name}")
    zipped = load_movielens("20m", str(tmp_path / "ml-20m.zip"))
    assert zipped.digest == load_movielens("20m", str(folder)).digest


def test_the_parent_folder_works_too(tmp_path: Path) -> None:
    write(tmp_path / "ml-25m", {"ratings.csv": RATINGS_CSV, "movies.csv": MOVIES_CSV})
    assert load_movielens("25m", str(tmp_path)).n_ratings == 3


def test_files_are_looked_for_in_recbench_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_100k(tmp_path / "ml-100k")
    monkeypatch.setenv("RECBENCH_DATA", str(tmp_path))
    assert load_movielens("100k").n_ratings == 5


@pytest.mark.parametrize("release", [release for release in get_args(Release) if release != "small-2016"])
def test_a_release_without_path_says_where_to_get_it(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECBENCH_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match=rf"{release} is not in .*grouplens.org/.*set path"):
        load_movielens(release)


def test_a_missing_file_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"no MovieLens 100k at .*: no file u\.data; download it from grouplens"
    ):
        load_movielens("100k", str(tmp_path))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no MovieLens 1m at .*nowhere: no such folder or zip"):
        load_movielens("1m", str(tmp_path / "nowhere"))


def test_a_path_for_the_embedded_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'small-2016' is in the package and takes no path, got .*; set release"):
        load_movielens(path=str(tmp_path))


def test_a_rating_outside_the_scale_is_refused_with_its_line(tmp_path: Path) -> None:
    files = {"ratings.csv": RATINGS_CSV + "4,2,5.5,1\n", "movies.csv": MOVIES_CSV}
    with pytest.raises(ValueError, match=r"are outside the rating scale \(0\.5, 5\.0\), first 5\.5 at line 5"):
        load_movielens("20m", str(write(tmp_path, files)))


@pytest.mark.realdata
@REAL
def test_real_100k_has_five_folds_whose_test_rows_partition_it() -> None:
    dataset = load_movielens("100k")
    assert (dataset.n_users, dataset.n_items, dataset.n_ratings) == (943, 1_682, 100_000)
    folds = dataset.folds or ()
    assert [(len(train), len(test)) for train, test in folds] == [(80_000, 20_000)] * 5
    assert np.array_equal(np.sort(np.concatenate([test for _, test in folds])), np.arange(100_000))
    assert not any(np.isin(train, test).any() for train, test in folds)


@pytest.mark.realdata
@REAL
@pytest.mark.parametrize("inside", ["ml-latest-small", "ml-latest-small/ml-latest-small.zip"])
def test_real_latest_small_is_read_from_folder_and_zip(inside: str) -> None:
    dataset = load_movielens("latest-small", str(Path(os.environ["RECBENCH_DATA"]) / inside))
    assert (dataset.n_users, dataset.n_items, dataset.n_ratings) == (610, 9_724, 100_836)
