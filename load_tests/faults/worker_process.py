"""In: a worker's environment. Out: the worker as a process of its own, which can be waited for, signalled and read.

Raises `WorkerTroubleError`, with the end of its log, where it does not do in time what it is waited for.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from deploy.local.process import wait_until
from deploy.local.settings import PROJECT_ROOT
from load_tests.oracle.sampler import resident_bytes
from service.settings import PREFIX

START_LIMIT_S: Final = 60.0
END_LIMIT_S: Final = 60.0
_LOG_TAIL_CHARS = 3_000


class WorkerTroubleError(AssertionError):
    """A worker does not do what it was waited for."""


class WorkerProcess:
    """A started launcher. Whoever makes one must `discard` it."""

    def __init__(self, environment: Mapping[str, str], log_file: Path, arguments: Sequence[str] = ()) -> None:
        self._log_file = log_file
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        with log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "load_tests.faults.launcher", *arguments],
                cwd=PROJECT_ROOT,
                env=_compiled_once(inherited, log_file.parent) | dict(environment),
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """What it ended with, a signal as a negative number; None while it runs or is stopped."""
        return self._process.poll()

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log_file.read_text(encoding="utf-8", errors="replace")

    @property
    def log_file(self) -> Path:
        """Where it says it."""
        return self._log_file

    @property
    def rss_bytes(self) -> int:
        """Its resident memory; 0 where it has ended."""
        return resident_bytes(self.pid) or 0

    def wait_for(self, event: str, limit_s: float = START_LIMIT_S) -> None:
        """Return when the log holds this event."""
        said = f'"{event}"'
        if not wait_until(lambda: said in self.log or self.exit_status is not None, limit_s=limit_s):
            raise WorkerTroubleError(f"no {event} within {limit_s} s\n{self.log[-_LOG_TAIL_CHARS:]}")
        if said not in self.log:
            raise WorkerTroubleError(f"ended with {self.exit_status} before {event}\n{self.log[-_LOG_TAIL_CHARS:]}")

    def wait_until_stopped(self, limit_s: float = START_LIMIT_S) -> None:
        """Return when it has sent itself SIGSTOP."""
        state = Path(f"/proc/{self.pid}/stat")
        if not wait_until(
            lambda: state.read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T", limit_s=limit_s
        ):
            raise WorkerTroubleError(f"not stopped within {limit_s} s\n{self.log[-_LOG_TAIL_CHARS:]}")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; one that has ended does not mind."""
        self._process.send_signal(number)

    def wait(self, limit_s: float = END_LIMIT_S) -> int:
        """Its exit status, when it has ended."""
        try:
            return self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise WorkerTroubleError(f"did not end within {limit_s} s\n{self.log[-_LOG_TAIL_CHARS:]}") from None

    def stop(self, limit_s: float = END_LIMIT_S) -> float:
        """SIGTERM; returns the seconds until it had ended, which must be with status 0."""
        started_s = time.monotonic()
        self.signal(signal.SIGTERM)
        status = self.wait(limit_s)
        if status != 0:
            raise WorkerTroubleError(f"ended with {status} on SIGTERM\n{self.log[-_LOG_TAIL_CHARS:]}")
        return time.monotonic() - started_s

    def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        self.signal(signal.SIGKILL)
        self.wait()

    def discard(self) -> None:
        """End it, however it stands."""
        if self.exit_status is None:
            self.kill()


def _compiled_once(environment: dict[str, str], folder: Path) -> dict[str, str]:
    """Dozens of processes are started: where Python may not keep its byte code, each would compile everything anew."""
    if environment.pop("PYTHONDONTWRITEBYTECODE", None):
        environment.setdefault("PYTHONPYCACHEPREFIX", str(folder.parent / "byte-code"))
    return environment
