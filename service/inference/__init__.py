"""In: normalised texts. Out: each head's probabilities and the tagged spans, from one ONNX model in a verified folder.

`manifest` opens the folder, `encode` makes windows of tokens, `engine` runs them in length-sorted slices, `spans` reads
the tags.
"""
