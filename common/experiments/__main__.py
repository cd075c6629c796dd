"""Run every required experiment: `python -m common.experiments --help`."""

from common import options
from common.experiments.runner import main

if __name__ == "__main__":
    options.run_main(main)
