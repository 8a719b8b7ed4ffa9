"""In: what is known of a ticket, and a rules file. Out: the ticket's queue, priority, SLA, tags, and why.

`rules` reads the file; `positions` knows its lines, `values`, `conditions` and `actions` check it, and `problems` tells
what is wrong; `engine` applies it to `facts`. Raises `RuleError`, at start-up only.
"""
