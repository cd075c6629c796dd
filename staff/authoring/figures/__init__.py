"""The figures of the handouts, drawn from the kit's own data: `python -m staff figures`."""
