"""List, download and verify MovieLens releases."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from recbench.cli.command import Parser
from recbench.datasets.data_folder import data_folder
from recbench.datasets.movielens.download import BASE, DownloadError, fetch, record_terms
from recbench.datasets.movielens.files import find_archive
from recbench.datasets.movielens.releases import DOWNLOADS, Download
from recbench.results.tables import aligned
from recbench.usage import CheckFailed, UsageError, did_you_mean

EXAMPLES = (
    ("recbench data fetch 1m", "download MovieLens 1M from GroupLens and check its digest"),
    ("recbench data list", "list the releases: which are downloaded, their sizes and digests"),
)


def add_arguments(parser: Parser) -> None:
    """Declare the action and the releases."""
    parser.add_argument(
        "action",
        choices=["list", "path", "fetch", "verify"],
        help="list the releases, print the folder, download releases, or check downloaded files against their digests",
    )
    parser.add_argument(
        "releases", nargs="*", metavar="RELEASE", help=f"for fetch and verify, of {', '.join(DOWNLOADS)}"
    )


def run(options: Namespace) -> str:
    """Do the action and return what to print.

    Raises:
        UsageError: a release is unknown, or a download failed; the text says what to do.
        CheckFailed: a file differs from the one that GroupLens published.
    """
    chosen = [_download(release) for release in options.releases]
    if options.action in ("list", "path") and chosen:
        received = " ".join(options.releases)
        raise UsageError(f"'recbench data {options.action}' takes no releases, got {received!r}", "leave them out")
    if options.action == "path":
        return str(data_folder())
    if options.action == "list":
        return _listed()
    if options.action == "verify":
        return _verified(chosen)
    if not chosen:
        raise UsageError("'recbench data fetch' needs a release", f"give one or more of {', '.join(DOWNLOADS)}")
    return fetched(chosen)


def _download(release: str) -> Download:
    if release not in DOWNLOADS:
        known = ", ".join(DOWNLOADS)
        raise UsageError(f"unknown release {release!r}{did_you_mean(release, DOWNLOADS)} (releases: {known})")
    return DOWNLOADS[release]


def _listed() -> str:
    folder = data_folder()
    rows = [
        [each.release, f"{each.megabytes} MB", _state(each, folder), each.digest[:23] + "…"]
        for each in DOWNLOADS.values()
    ]
    return "\n".join([f"MovieLens in {folder}", *aligned(rows)])


def _state(download: Download, folder: Path) -> str:
    found = find_archive(download.release, folder)
    return f"downloaded: {found.name}" if found else "not downloaded"


def fetched(chosen: Sequence[Download], base: str = BASE) -> str:
    """Download the files; return where they are, what to type next and, the first time, the terms of use.

    Raises:
        UsageError: a download failed, or the folder can't be written.
    """
    folder = data_folder()
    try:
        paths = [fetch(each, folder, base) for each in chosen]
        shown = record_terms(folder)  # after the download: if it fails, the terms are shown the next time
    except DownloadError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        problem = f"can't write files to {folder}: {error}"
        raise UsageError(problem, "set RECBENCH_DATA to a folder that you may write") from error
    lines = [
        f"{path}  recbench model=mf dataset.release={each.release}" for each, path in zip(chosen, paths, strict=True)
    ]
    return "\n".join([shown, *lines] if shown else lines)


def _verified(chosen: Sequence[Download]) -> str:
    folder = data_folder()
    lines = []
    failed = False
    for each in chosen or [each for each in DOWNLOADS.values() if (folder / each.file).exists()]:
        path = folder / each.file
        matches = path.exists() and each.matches(path)
        failed |= not matches
        if matches:
            lines.append(f"{path} is what GroupLens published ({each.digest.partition(':')[0]})")
        elif path.exists():
            lines.append(f"{path} is NOT what GroupLens published ({each.digest}): remove it and fetch it again")
        else:
            lines.append(f"{path} is not downloaded")
    text = "\n".join(lines or [f"nothing to verify in {folder}"])
    if failed:
        raise CheckFailed(text)
    return text
