"""In: a stretch of the service's work. Out: how much of its CPU time is spent inside the model's graphs.

Python's own profiler counts it, so that the serving path carries no measuring code. The profiler slows down the Python
around the graphs, never the graphs: the share outside the model comes out a little too large, not too small.
"""

from __future__ import annotations

import cProfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from types import CodeType

_RUN_FILE = "onnxruntime_inference_collection.py"
_RUN_FUNCTION = "run"


class GraphTime:
    """CPU seconds of all threads of the process while `counted`, in all, and within onnxruntime's runs."""

    def __init__(self) -> None:
        self.total_cpu_s = 0.0
        self.graphs_cpu_s = 0.0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Add the block's time."""
        profile = cProfile.Profile(time.process_time, subcalls=False, builtins=False)
        started_s = time.process_time()
        profile.enable()
        try:
            yield
        finally:
            profile.disable()
            self.total_cpu_s += time.process_time() - started_s
            self.graphs_cpu_s += sum(entry.totaltime for entry in profile.getstats() if _is_graph_run(entry.code))


def _is_graph_run(code: CodeType | str) -> bool:
    return isinstance(code, CodeType) and code.co_name == _RUN_FUNCTION and PurePath(code.co_filename).name == _RUN_FILE
