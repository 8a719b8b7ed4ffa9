"""In: settings and messages. Out: how soon a fresh process has answered, and how much memory it holds.

The process is `deskroute classify`, which opens the model and the rules and joins the same parts as a worker. Raises
`BenchError` where it fails.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.errors import DeskrouteError
from service.settings import Settings

WORKER_TICKETS = 256
_HELLO = b'{"ticket_id": "1", "body": "hello"}\n'
_KIB_PER_MB = 1_024 / 1e6
_EXIT_TIMEOUT_S = 60.0


class BenchError(DeskrouteError):
    """What should be measured did not run."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory in megabytes (10^6 bytes): now, and at most so far."""

    resident_mb: float
    peak_mb: float


def ready_s(settings: Settings) -> float:
    """Seconds from starting a fresh interpreter until it has classified one ticket and ended."""
    started_s = time.perf_counter()
    done = subprocess.run(  # noqa: S603  our own module
        _command(settings), input=_HELLO, stdout=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        raise BenchError(f"deskroute classify exited with {done.returncode}")
    return time.perf_counter() - started_s


def worker_memory(settings: Settings, messages: Sequence[bytes]) -> Memory | None:
    """Of a fresh process that has just answered these messages and waits for more; None where there is no /proc.

    There must be `WORKER_TICKETS` messages, which is what the process takes as one batch.
    """
    if len(messages) != WORKER_TICKETS:
        raise ValueError(f"{WORKER_TICKETS} messages are needed, not {len(messages)}")
    with subprocess.Popen(  # noqa: S603  our own module
        _command(settings), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise BenchError("deskroute classify has no pipes")
        try:
            process.stdin.write(b"".join(message + b"\n" for message in messages))
            process.stdin.flush()
            answered = sum(1 for _ in zip(messages, process.stdout, strict=False))
            memory = _memory_of(process.pid) if answered == len(messages) else None
            process.stdin.close()
            process.stdout.read()
            process.wait(_EXIT_TIMEOUT_S)
        except BrokenPipeError:
            answered = 0
        finally:
            if process.poll() is None:
                process.kill()
    if answered != len(messages) or process.returncode != 0:
        raise BenchError(f"deskroute classify answered {answered} tickets and exited with {process.returncode}")
    return memory


def _command(settings: Settings) -> list[str]:
    command = [sys.executable, "-m", "service.cli", "classify"]
    if settings.model_dir is not None:
        command += ["--model", str(settings.model_dir)]
    if settings.rules_file is not None:
        command += ["--rules", str(settings.rules_file)]
    return [*command, "-"]


def _memory_of(process_id: int) -> Memory | None:
    """From /proc, since what `getrusage` says of a child's peak includes its parent's."""
    status = Path(f"/proc/{process_id}/status")
    if not status.exists():
        return None
    sizes = dict(line.split(":", 1) for line in status.read_text(encoding="ascii", errors="replace").splitlines())
    resident_mb, peak_mb = (round(int(sizes[key].split()[0]) * _KIB_PER_MB, 1) for key in ("VmRSS", "VmHWM"))
    return Memory(resident_mb, peak_mb)
