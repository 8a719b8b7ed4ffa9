"""In: labelled tickets. Out: a model folder that the service can serve; the service never imports this package.

`public`, `written` and `generate` yield tickets, `dataset` turns them into rows, `network` and `fit` train, `calibrate`
sets temperatures and cuts on held-out rows, `export` writes the folder. `recipe` says in which order.
"""
