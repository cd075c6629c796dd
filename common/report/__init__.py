"""The written half of a homework as one report: `python -m common.report --help`."""
