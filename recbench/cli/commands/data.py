"""`recbench data`: which MovieLens files are here, and how the others come here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recbench.datasets.data_folder import data_folder
from recbench.datasets.movielens.download import BASE, DownloadError, fetch, record_terms
from recbench.datasets.movielens.files import find_archive
from recbench.datasets.movielens.releases import DOWNLOADS, Download
from recbench.results.tables import aligned
from recbench.usage import CheckFailed, Parser, UsageError, did_you_mean


def data(args: Sequence[str]) -> str:
    """List, fetch or verify MovieLens' files, or tell the folder they are in.

    Raises:
        UsageError: no such verb or release, or a download failed; the text says what can be done.
        Unmet: a file is not what GroupLens published.
    """
    parser = Parser("recbench data", "recbench data list|path|fetch RELEASE ...|verify [RELEASE ...]", add_help=False)
    parser.add_argument("what", choices=["list", "path", "fetch", "verify"])
    parser.add_argument("releases", nargs="*")
    asked = parser.parse_args(args)
    chosen = [_download(release) for release in asked.releases]
    if asked.what in ("list", "path") and chosen:
        raise UsageError(f"'recbench data {asked.what}' takes nothing more, got {' '.join(asked.releases)!r}")
    if asked.what == "path":
        return str(data_folder())
    if asked.what == "list":
        return _listed()
    if asked.what == "verify":
        return _verified(chosen)
    if not chosen:
        raise UsageError(f"'recbench data fetch' needs a release: {', '.join(DOWNLOADS)}")
    return fetched(chosen)


def _download(release: str) -> Download:
    if release not in DOWNLOADS:
        raise UsageError(
            f"no release {release!r}{did_you_mean(release, DOWNLOADS)} (there are: {', '.join(DOWNLOADS)})"
        )
    return DOWNLOADS[release]


def _listed() -> str:
    folder = data_folder()
    rows = [
        [each.release, f"{each.megabytes} MB", _here(each, folder), each.digest[:23] + "…"]
        for each in DOWNLOADS.values()
    ]
    return "\n".join([f"MovieLens in {folder}", *aligned(rows)])


def _here(download: Download, folder: Path) -> str:
    found = find_archive(download.release, folder)
    return f"here: {found.name}" if found else "not here"


def fetched(chosen: Sequence[Download], base: str = BASE) -> str:
    """Fetch the files; where they are, what to type next, and, the first time, the terms of use.

    Raises:
        UsageError: a file can't be had or kept.
    """
    folder = data_folder()
    try:
        paths = [fetch(each, folder, base) for each in chosen]
        shown = record_terms(folder)  # after the files are here, so that an error never takes the place of the terms
    except DownloadError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(
            f"can't keep files in {folder}: {error}; set RECBENCH_DATA to a folder that you may write"
        ) from error
    lines = [
        f"{path}  recbench model=mf dataset.release={each.release}" for each, path in zip(chosen, paths, strict=True)
    ]
    return "\n".join([shown, *lines] if shown else lines)


def _verified(chosen: Sequence[Download]) -> str:
    folder = data_folder()
    here = [each for each in chosen or DOWNLOADS.values() if chosen or (folder / each.file).exists()]
    lines, wrong = [], False
    for each in here:
        path = folder / each.file
        if not path.exists():
            verdict, wrong = "is not here", True
        elif each.matches(path):
            verdict = f"is what GroupLens published ({each.digest.partition(':')[0]})"
        else:
            verdict, wrong = f"is NOT what GroupLens published ({each.digest}): remove it and fetch again", True
        lines.append(f"{path} {verdict}")
    text = "\n".join(lines or [f"nothing to verify in {folder}"])
    if wrong:
        raise CheckFailed(text)
    return text
