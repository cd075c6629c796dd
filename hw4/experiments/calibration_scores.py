"""Score the calibration of the five answers to the common problem, by your own scores of problem 4.

`python -m common.compare` starts this program; without it, or before 4b and 4c are written, the
comparison goes without these two columns.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from common import options
from common.files import write_text
from common.options.command_line import Parser
from hw4.calibration import expected_calibration_error, scores


def main() -> None:
    """Read every method's probabilities and the labels; write ECE and NLL."""
    parser = Parser(
        description=__doc__.split("\n")[0],
        epilog="example:\n  python -m common.compare",
    )
    parser.add_argument(
        "--answers",
        type=Path,
        required=True,
        metavar="FILE",
        help="npz: labels [n], and for each method probabilities [n, N]",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON to write")
    chosen = parser.parse_args()

    with np.load(chosen.answers, allow_pickle=False) as file:
        given = {name: torch.from_numpy(file[name]) for name in file.files}
    labels, found = given.pop("labels"), {}
    for name, probabilities in given.items():
        nll, _ = scores(probabilities.clamp(min=1e-12), labels)
        ece = expected_calibration_error(probabilities, labels)
        found[name] = {"ece": float(ece), "nll": float(nll)}
    write_text(chosen.out, json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    options.run_main(main)
