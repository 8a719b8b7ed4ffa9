"""In: a folder and, where given, a port. Out: one PostgreSQL server that answers there, with one empty database.

Raises `LocalPartsError` when the server is missing, the port is taken or it does not come up. As root it runs as the
user postgres, which owns its data.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Final

from deploy.local.databases import check_server, create_database
from deploy.local.errors import LocalPartsError
from deploy.local.host import Account, find_account, find_postgres
from deploy.local.process import LOOPBACK, choose_port, log_tail, wait_until

DATABASE: Final = "deskroute"
USER: Final = "deskroute"
START_LIMIT_S: Final = 60
STOP_LIMIT_S: Final = 30
_REAP_LIMIT_S = 2.0
# Where the data goes when user postgres cannot enter the project's folder, for instance because it is below /root.
_OPEN_FOLDER = "/var/tmp"  # noqa: S108 -- mkdtemp makes a fresh folder in it
_FAST_OPTIONS = " -c fsync=off -c full_page_writes=off"
_COMMAND_LIMIT_S = 120


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """What a later call needs to know about the server of a folder."""

    port: int
    data: str
    password: str = field(repr=False)


class PostgresServer:
    """The server whose record and log lie in `folder`. It outlives the process that starts it.

    `durable=False` does not wait for the disk: quicker, and safe as long as only processes are killed.
    """

    def __init__(self, folder: Path, port: int | None = None, *, durable: bool = True) -> None:
        self._folder = folder.absolute()
        self._configured_port = port
        self._durable = durable
        self._record_file = self._folder / "server.json"
        self._log = self._folder / "server.log"

    @property
    def address(self) -> str | None:
        """A SQLAlchemy URL; None if the server was never started."""
        record = self._record()
        return _url(record, DATABASE) if record else None

    @property
    def is_running(self) -> bool:
        """Whether the server's process lives."""
        record = self._record()
        return record is not None and _pg_ctl(record, "status").returncode == 0

    def start(self) -> str:
        """Start the server if it does not run, wait until it answers and return the URL of its database."""
        record = self._record()
        if record is None or _pg_ctl(record, "status").returncode != 0:
            record = self._launch(record)
        maintenance_url = _url(record, "postgres")
        check_server(maintenance_url)
        create_database(maintenance_url, DATABASE)
        return _url(record, DATABASE)

    def stop(self) -> bool:
        """Stop the server, at the latest after twice `STOP_LIMIT_S`; False if it did not run."""
        record = self._record()
        if record is None or _pg_ctl(record, "status").returncode != 0:
            return False
        for mode in ("fast", "immediate"):
            if _pg_ctl(record, "stop", f"--mode={mode}", f"--timeout={STOP_LIMIT_S}").returncode == 0:
                return True
        raise LocalPartsError(f"PostgreSQL does not stop, see {self._log}")

    def kill(self) -> None:
        """End the postmaster by SIGKILL, as a crash would, and wait until its children have noticed."""
        record = self._record()
        if record is None:
            return
        pid_file = Path(record.data, "postmaster.pid")
        postmaster = int(pid_file.read_text(encoding="ascii").split()[0])
        family = {postmaster} | {pid for pid, (parent, _) in _processes().items() if parent == postmaster}
        os.kill(postmaster, signal.SIGKILL)
        if not wait_until(lambda: not family & _living(), limit_s=STOP_LIMIT_S):
            raise LocalPartsError(f"PostgreSQL's processes do not end after their postmaster, see {self._log}")
        # Where nobody reaps it, the dead postmaster keeps its process id, and PostgreSQL takes it for a living one.
        if not wait_until(lambda: postmaster not in _processes(), limit_s=_REAP_LIMIT_S):
            pid_file.unlink()

    def delete(self) -> None:
        """Delete the data of a stopped server, wherever it lies."""
        record = self._record()
        if record is not None:
            shutil.rmtree(Path(record.data).parent)
            self._record_file.unlink()

    def _record(self) -> ServerRecord | None:
        try:
            return ServerRecord(**json.loads(self._record_file.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def _launch(self, previous: ServerRecord | None) -> ServerRecord:
        self._folder.mkdir(parents=True, exist_ok=True)
        port = choose_port(self._configured_port, previous.port if previous else None, "DESKROUTE_POSTGRES_PORT")
        if previous is not None and Path(previous.data, "PG_VERSION").exists():
            record = ServerRecord(port, previous.data, previous.password)
        else:
            record = ServerRecord(port, str(self._make_cluster_folder() / "data"), secrets.token_urlsafe(18))
            _initialize(record)
        self._record_file.touch(mode=0o600)
        self._record_file.write_text(json.dumps(asdict(record)), encoding="utf-8")
        options = f"-p {port} -c listen_addresses={LOOPBACK} -c unix_socket_directories="
        if not self._durable:
            options += _FAST_OPTIONS
        self._log.unlink(missing_ok=True)
        with self._log.open("wb") as log:
            started = _pg_ctl(record, "start", f"--options={options}", f"--timeout={START_LIMIT_S}", output=log)
        if started.returncode != 0:
            raise LocalPartsError(f"PostgreSQL did not come up, see {self._log}: {log_tail(self._log)}")
        return record

    def _make_cluster_folder(self) -> Path:
        account = find_account()
        inside = self._folder / "cluster"
        inside.mkdir(exist_ok=True)
        if account is None:
            return inside
        os.chown(inside, account.uid, account.gid)
        if _can_enter(account, inside):
            return inside
        inside.rmdir()
        outside = Path(tempfile.mkdtemp(prefix="deskroute-postgres-", dir=_OPEN_FOLDER))
        os.chown(outside, account.uid, account.gid)
        return outside


def _url(record: ServerRecord, database: str) -> str:
    return f"postgresql+psycopg://{USER}:{record.password}@{LOOPBACK}:{record.port}/{database}"


def _initialize(record: ServerRecord) -> None:
    password_file = Path(record.data).with_name("password")
    password_file.touch(mode=0o600)
    password_file.write_text(record.password, encoding="utf-8")
    account = find_account()
    if account is not None:
        os.chown(password_file, account.uid, account.gid)
    try:
        done = _run(
            record,
            "initdb",
            *(f"--pgdata={record.data}", f"--username={USER}", f"--pwfile={password_file}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"),
        )
    finally:
        password_file.unlink()
    if done.returncode != 0:
        raise LocalPartsError(f"initdb failed: {' '.join(done.stderr.decode(errors='replace').split())}")


def _pg_ctl(
    record: ServerRecord, action: str, *options: str, output: IO[bytes] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return _run(record, "pg_ctl", action, f"--pgdata={record.data}", *options, output=output)


def _run(
    record: ServerRecord, program: str, *arguments: str, output: IO[bytes] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run one of PostgreSQL's programs as the right user; a server must be given a file as `output` to write to."""
    account = find_account()
    written_to = output or subprocess.PIPE
    return subprocess.run(
        [str(find_postgres() / program), *arguments],
        cwd=Path(record.data).parent,
        env={name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"},
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        stdin=subprocess.DEVNULL,
        stdout=written_to,
        stderr=written_to,
        check=False,
        timeout=_COMMAND_LIMIT_S,
    )


def _processes() -> dict[int, tuple[int, str]]:
    """Of every process its parent and its state."""
    shown = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in shown.stdout.splitlines()]
    return {int(pid): (int(parent), state) for pid, parent, state in rows}


def _living() -> set[int]:
    return {pid for pid, (_, state) in _processes().items() if not state.startswith("Z")}


def _can_enter(account: Account, folder: Path) -> bool:
    tried = subprocess.run(
        ["test", "-x", str(folder)], cwd="/", user=account.uid, group=account.gid, extra_groups=[], check=False
    )
    return tried.returncode == 0
