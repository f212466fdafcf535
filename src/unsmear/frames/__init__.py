"""Sharp frames: where they come from, how they are checked, and the stores that hold them.

`reds` and `download` fetch, `archive` and `video` read, `extract` writes one store a sequence,
`grouping` cuts the stores into frame groups, `layout` says which sequences go where.
"""
