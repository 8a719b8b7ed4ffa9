"""In: this machine. Out: where its JDK, Maven and PostgreSQL server are, and how to install those that are missing.

Raises `MissingProgramError`, in one line with the command that installs what is missing.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalPartsError, MissingProgramError

MIN_JAVA = 17
MIN_POSTGRES = 15
_POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
# The first that the distribution has: Debian 12 ships 17, Debian 13 ships 21.
_JAVA_PACKAGES = ("openjdk-21-jre-headless", "openjdk-17-jre-headless", "default-jre-headless")
_APT_TIMEOUT_S = 900


@dataclass(frozen=True, slots=True)
class Account:
    """The user that PostgreSQL runs as, since it refuses to run as root."""

    name: str
    uid: int
    gid: int


def find_java() -> str:
    """A `java` of version 17 or later, that of JAVA_HOME first."""
    home = os.environ.get("JAVA_HOME")
    for candidate in ([str(Path(home) / "bin" / "java")] if home else []) + ["java"]:
        path = shutil.which(candidate)
        if path and _first_number([path, "-version"], r'version "(\d+)') >= MIN_JAVA:
            return path
    raise MissingProgramError(f"no Java runtime {MIN_JAVA} or later: apt-get install -y openjdk-17-jre-headless")


def find_maven() -> str:
    """The `mvn` on PATH; it resolves the broker's jars."""
    path = shutil.which("mvn")
    if path is None:
        raise MissingProgramError("no Maven: apt-get install -y maven")
    return path


def find_postgres() -> Path:
    """The folder with the newest `initdb`, `pg_ctl` and `postgres`; Debian keeps them off PATH."""
    folders = [folder for pattern in _POSTGRES_FOLDERS for folder in Path("/").glob(pattern.lstrip("/"))]
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    versions = {
        _first_number([str(folder / "postgres"), "--version"], r"(\d+)"): folder
        for folder in folders
        if all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres"))
    }
    newest = max(versions, default=0)
    if newest < MIN_POSTGRES:
        raise MissingProgramError(f"no PostgreSQL server {MIN_POSTGRES} or later: apt-get install -y postgresql")
    return versions[newest]


def find_account() -> Account | None:
    """`postgres` where this process is root, else None: the server then runs as the caller."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        raise MissingProgramError("root needs the user postgres to run PostgreSQL: useradd --system postgres") from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def find_missing() -> list[MissingProgramError]:
    """Everything that has to be installed before Kafka and PostgreSQL can run here."""
    missing = []
    checks: tuple[Callable[[], object], ...] = (find_java, find_maven, find_postgres)
    for check in checks:
        try:
            check()
        except MissingProgramError as error:
            missing.append(error)
    return missing


def install_missing() -> str:
    """Install by apt-get what is missing; returns what was done in one line.

    Raises `MissingProgramError` where this user or this machine has no apt-get to install with.
    """
    missing = find_missing()
    if not missing:
        return "Java, Maven and PostgreSQL are installed"
    apt_get = shutil.which("apt-get")
    sudo = shutil.which("sudo")
    is_root = os.geteuid() == 0
    may_use_sudo = os.environ.get("CI") == "true" and sudo is not None
    if apt_get is None or not (is_root or may_use_sudo):
        raise MissingProgramError("; ".join(map(str, missing)))
    prefix = [] if is_root else [str(sudo), "-n"]
    _run([*prefix, apt_get, "update", "-qq"])
    packages = [_java_package(), "maven", "postgresql"]
    _run([*prefix, "env", "DEBIAN_FRONTEND=noninteractive", apt_get, "install", "-y", "-qq", "--no-upgrade", *packages])
    still_missing = find_missing()
    if still_missing:
        raise MissingProgramError("; ".join(map(str, still_missing)))
    return f"installed {', '.join(packages)}"


def _java_package() -> str:
    for package in _JAVA_PACKAGES:
        shown = subprocess.run(["apt-cache", "show", package], capture_output=True, check=False)
        if shown.returncode == 0 and shown.stdout:
            return package
    return _JAVA_PACKAGES[-1]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_APT_TIMEOUT_S)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise LocalPartsError(f"`{' '.join(command)}` failed: {reason}")


def _first_number(command: list[str], pattern: str) -> int:
    try:
        shown = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return 0
    found = re.search(pattern, shown.stdout + shown.stderr)
    return int(found[1]) if found else 0
