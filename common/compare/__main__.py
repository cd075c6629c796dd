"""One problem, five answers: `python -m common.compare --help`."""

from common import options
from common.compare.comparison import main

if __name__ == "__main__":
    options.run_main(main)
