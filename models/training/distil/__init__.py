"""In: a trained model folder, the teacher. Out: the same folder with a cheaper second graph, `fast.onnx`, and its cuts.

`transfer` asks the teacher once, `students` and `train` make the candidates, `pareto` measures them, `cuts` says when a
candidate's answer may stand, `outside` finds tickets that no desk handles, `folder` writes what wins.
"""
