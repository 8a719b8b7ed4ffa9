"""In: a ticket's normalised text, and what the model tagged in it. Out: its fields, each with a normalised value.

`patterns` finds, `merge` joins what patterns and model found, `normalize_value` gives values one form. The other
modules are the finders, one a group of families, with the readers of what they find.
"""
