"""Data sets, one file each. A data set comes from disk, from the network or from the kit itself;
`common.data.source` decides which and says so in one line."""
