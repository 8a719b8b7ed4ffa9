"""In: a command that shall go on running. Out: its process id, whether it still runs, and its end within a bound.

Raises `LocalPartsError` when a port is taken, a process dies while it is waited for, or a wait is over.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from deploy.local.errors import LocalPartsError

LOOPBACK: Final = "127.0.0.1"
_POLL_INTERVAL_S = 0.1
_KILL_WAIT_S = 5.0
_LOG_TAIL_CHARS = 400
# The shell starts the command in the background and exits, so the command is nobody's unreaped child.
_DETACH = '"$@" >>"$0" 2>&1 </dev/null & echo $!'


def spawn(command: Sequence[str], *, cwd: Path, log: Path) -> int:
    """Start a command that outlives this process, in a session of its own; its output is appended to `log`."""
    started = subprocess.run(
        ["/bin/sh", "-c", _DETACH, str(log), *command],
        cwd=cwd,
        start_new_session=True,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return int(started.stdout)


def is_running(pid: int, mark: str) -> bool:
    """Whether the process lives and has `mark` on its command line, so that a reused id is never taken for it."""
    if Path("/proc/self/cmdline").exists():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return os.fsencode(mark) in command  # a zombie's command line is empty
    shown = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, check=False)
    return os.fsencode(mark) in shown.stdout


def terminate(pid: int, mark: str, *, grace_s: float) -> None:
    """SIGTERM, then SIGKILL after `grace_s`; returns when the process is gone."""
    _signal(pid, mark, ((signal.SIGTERM, grace_s), (signal.SIGKILL, _KILL_WAIT_S)))


def kill(pid: int, mark: str) -> None:
    """SIGKILL at once; returns when the process is gone."""
    _signal(pid, mark, ((signal.SIGKILL, _KILL_WAIT_S),))


def _signal(pid: int, mark: str, numbers: Sequence[tuple[signal.Signals, float]]) -> None:
    for number, wait_s in numbers:
        if not is_running(pid, mark):
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if wait_until(lambda: not is_running(pid, mark), limit_s=wait_s):
            return
    raise LocalPartsError(f"process {pid} does not end, even by SIGKILL")


def wait_until(done: Callable[[], bool], *, limit_s: float) -> bool:
    """Poll `done` until it is true; False when `limit_s` has passed."""
    deadline = time.monotonic() + limit_s
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_INTERVAL_S)
    return True


def choose_port(configured: int | None, previous: int | None, variable: str) -> int:
    """The configured port, else the one used before, else any free one; a configured one that is taken is an error."""
    if configured is not None:
        if not _is_free(configured):
            raise LocalPartsError(f"port {configured} is taken by another program: set {variable} to a free one")
        return configured
    if previous is not None and _is_free(previous):
        return previous
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def accepts_connections(port: int) -> bool:
    """Whether something listens on the port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0):
            return True
    except OSError:
        return False


def log_tail(log: Path) -> str:
    """The end of a log in one line, for an error message."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return " ".join(text[-_LOG_TAIL_CHARS:].split()) or "(empty)"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
