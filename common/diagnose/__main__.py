"""Find the bug in this curve: `python -m common.diagnose --help`."""

from common import options
from common.diagnose.command import main

if __name__ == "__main__":
    options.run_main(main)
