"""Real reviews of clothes with stars, where they are on disk. Ages are never read."""

from __future__ import annotations

import csv
import io
import zipfile

from common.data.source import folders
from common.errors import KitError

ARCHIVE = "womens_clothing_reviews.csv.zip"


def read(data: str | None = None) -> list[tuple[str, int]]:
    """Texts and stars (1 to 5) of all reviews that have a text, in the order of the file.

    Raises:
        KitError: when the reviews are not on disk.
    """
    for folder in folders("text", data):
        if (folder / ARCHIVE).is_file():
            with zipfile.ZipFile(folder / ARCHIVE) as opened:
                (name,) = [n for n in opened.namelist() if n.endswith(".csv") and "__" not in n]
                rows = csv.DictReader(io.StringIO(opened.read(name).decode("utf-8")))
                return [
                    (" ".join(row["Review Text"].split()), int(row["Rating"]))
                    for row in rows
                    if row["Review Text"]
                ]
    raise KitError(
        f"{ARCHIVE} is not on disk; put it into a folder `text` and name the folder above it with "
        "--data DIR or KIT_DATA"
    )
