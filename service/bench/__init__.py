"""In: this build on this machine. Out: its performance figures, against a naive service measured in the same run.

`texts` reads, `contest`, `stages`, `processes` and `quality` measure, `runs` joins them, `goals` and `report` show.
"""
