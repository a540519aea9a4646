"""`make bench`: the speeds that docs/performance.md names, measured on this machine."""
