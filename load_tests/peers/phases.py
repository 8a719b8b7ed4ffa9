"""In: a runner's two functions and its command line. Out: a trained folder, or an outcome with times.

``train JOB FOLDER`` trains, ``answer JOB FOLDER OUTCOME`` answers and times what was trained; both read a job file.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from load_tests.peers.job import Answer, Example, Job, Outcome, Text, read_job, write_json

Train = Callable[[Sequence[Example], Path], None]
Answerer = Callable[[Sequence[Text]], list[Answer]]
Clock = Callable[[], float]
OpenWays = Callable[[Path], Mapping[str, Answerer]]

_WARM_UP_TEXTS = 4


def run(train: Train | None, open_ways: OpenWays, packages: Sequence[str]) -> None:
    """Do what the command line says. ``packages`` are those whose versions are worth noting."""
    phase, job_file, folder, *out = sys.argv[1:]
    job = read_job(Path(job_file))
    if phase == "train":
        if train is not None:
            train(job.train, Path(folder))
        return
    versions = {name: version(name) for name in packages}
    write_json(Path(out[0]), answer(job, open_ways(Path(folder)), versions))


def answer(
    job: Job,
    ways: Mapping[str, Answerer],
    versions: Mapping[str, str],
    clocks: tuple[Clock, Clock] = (time.perf_counter, time.process_time),
) -> Outcome:
    """Time every way on every set in turns, and keep the fastest. ``clocks``: that on the wall, that of the CPU."""
    wall, cpu = clocks
    wall_s: dict[str, dict[str, list[float]]] = {way: {name: [] for name in job.timed} for way in ways}
    cpu_s: dict[str, dict[str, list[float]]] = {way: {name: [] for name in job.timed} for way in ways}
    for answer_all in ways.values():
        answer_all(job.held_out[:_WARM_UP_TEXTS])
    for _ in range(job.rounds):
        for way, answer_all in ways.items():
            for name, texts in job.timed.items():
                wall_started_s, cpu_started_s = wall(), cpu()
                answer_all(texts)
                cpu_s[way][name].append(cpu() - cpu_started_s)
                wall_s[way][name].append(wall() - wall_started_s)
    fastest = min(ways, key=lambda way: sum(statistics.median(times) for times in cpu_s[way].values()))
    return Outcome(fastest, ways[fastest](job.held_out), wall_s[fastest], cpu_s[fastest], versions)
