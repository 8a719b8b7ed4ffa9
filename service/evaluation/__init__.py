"""In: labelled tickets and a model. Out: how good its labels, fields and confidences are, and how fast they come.

`data` reads labelled rows, `metrics` and `field_metrics` measure, `evaluate` runs the model, `report` prints.
"""
