"""In: written tickets. Out: how public alternatives that a team would pick do on them, in the same form as deskroute.

Each alternative is a folder with a `runner` and locked requirements of its own; `deskroute` is run the same way.
"""
