"""In: names of peers. Out: their figures in a JSON file for `deskroute bench --peers`, each trained and timed here.

Run as ``python -m load_tests.peers NAME... --data-dir DIR --out FILE``. A name that the file has already is replaced.
Environments and trained models are kept in `.cache/peers/`. Exits 1 where a peer fails, 2 on bad usage.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from load_tests.peers.environment import CACHE, ROOT, interpreter, write_lock
from load_tests.peers.job import Job, read_outcome, write_json
from load_tests.peers.measured import Tickets, figures, tickets
from load_tests.peers.roster import PEERS
from service.bench.peers import PeerFigures, read_peers, write_peers
from service.errors import DeskrouteError

_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TLDEXTRACT_PUBLIC_SUFFIX_LIST_URLS": "",
    "TLDEXTRACT_CACHE": str(CACHE / "tldextract"),
}
_ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1"),
    "TOKENIZERS_PARALLELISM": "false",
}
_TRAIN_SECONDS_FILE = "train-seconds"


def main() -> None:
    """Parse the options and measure."""
    options = _parser().parse_args()
    unknown = sorted(set(options.names) - set(PEERS))
    if unknown:
        print(f"error: no such peer: {', '.join(unknown)}; there are {', '.join(PEERS)}", file=sys.stderr)
        sys.exit(2)
    try:
        if options.lock:
            for name in options.names:
                write_lock(name)
            return
        given = tickets(options.data_dir, options.complaints, options.rounds, options.limit)
        for name in options.names:
            _add(options.out, _measure(name, given))
    except subprocess.CalledProcessError as error:
        print(f"error: {error.cmd[:4]} exited with {error.returncode}", file=sys.stderr)
        sys.exit(1)
    except (DeskrouteError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


def _measure(name: str, given: Tickets) -> PeerFigures:
    python = interpreter(name)
    with TemporaryDirectory() as folder:
        job_file, outcome_file = Path(folder) / "job.json", Path(folder) / "outcome.json"
        write_json(job_file, given.job)
        trained = _trained(name, python, given.job, job_file)
        print(f"{name}: answering", file=sys.stderr)
        _run(python, name, "answer", job_file, trained, outcome_file, environment=_ONE_THREAD)
        outcome = read_outcome(outcome_file)
    seconds_file = trained / _TRAIN_SECONDS_FILE
    train_s = float(seconds_file.read_text(encoding="ascii")) if PEERS[name].is_trained else None
    return figures(name, PEERS[name], given, outcome, train_s)


def _trained(name: str, python: Path, job: Job, job_file: Path) -> Path:
    """The folder of what this peer learned from these examples; trained now where it is not there."""
    runner = Path(__file__).parent / name / "runner.py"
    digest = hashlib.sha256(repr(job.train).encode() + runner.read_bytes()).hexdigest()[:16]
    folder = CACHE / name / f"trained-{digest}"
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        started_s = time.monotonic()
        if PEERS[name].is_trained:
            print(f"{name}: training on {len(job.train)} tickets", file=sys.stderr)
            _run(python, name, "train", job_file, partial, environment={})
        (partial / _TRAIN_SECONDS_FILE).write_text(f"{time.monotonic() - started_s:.1f}", encoding="ascii")
        partial.rename(folder)
    return folder


def _run(python: Path, name: str, *arguments: str | Path, environment: dict[str, str]) -> None:
    command = [python, "-m", f"load_tests.peers.{name}.runner", *arguments]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **_OFFLINE, **environment}, check=True)


def _add(file: Path, peer: PeerFigures) -> None:
    others = [one for one in read_peers(file) if one.name != peer.name] if file.exists() else []
    order = list(PEERS)
    write_peers(file, sorted([*others, peer], key=lambda one: order.index(one.name)))
    speed = f"{peer.tickets_per_s} tickets/s, {peer.cpu_ms_per_ticket} CPU ms a ticket"
    print(f"{peer.name}: {speed}, category {peer.category_macro_f1}, fields {peer.fields_f1}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m load_tests.peers", description=__doc__)
    add = parser.add_argument
    add("names", nargs="*", default=list(PEERS), metavar="NAME", help=f"of {', '.join(PEERS)}; all if none is given")
    add("--out", type=Path, default=CACHE / "peers.json", metavar="FILE", help="where figures are added")
    add("--data-dir", type=Path, metavar="DIR", help="folder with the public data sets, to time on CFPB texts too")
    add("--complaints", type=int, default=60, help="how many CFPB texts to time on")
    add("--rounds", type=int, default=3, help="rounds whose median is taken")
    add("--limit", type=int, help="use only so many tickets of each kind, to try a runner")
    add("--lock", action="store_true", help="resolve the requirements of these peers anew, and measure nothing")
    return parser


if __name__ == "__main__":
    main()
