"""In: `deploy/kafka/pom.xml`. Out: a folder with the jars that it names, resolved by Maven once and then kept.

Raises `LocalPartsError` when Maven is missing or cannot resolve them.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from deploy.local.errors import LocalPartsError
from deploy.local.host import find_maven
from deploy.local.settings import PROJECT_ROOT

_POM = PROJECT_ROOT / "deploy" / "kafka" / "pom.xml"
_TARGET = _POM.parent / "target"
_TIMEOUT_S = 600


def resolve_jars() -> Path:
    """The folder of the jars; a changed pom gets a new one, and a half-filled one is never seen."""
    folder = _TARGET / f"jars-{hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    maven = find_maven()
    _TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_TARGET) as scratch:
        fresh = Path(scratch) / "jars"
        _copy_dependencies(maven, fresh)
        try:
            fresh.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process was faster
                raise
    for old in _TARGET.glob("jars-*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def _copy_dependencies(maven: str, folder: Path) -> None:
    command = [
        *(maven, "--quiet", "--batch-mode", "--strict-checksums", f"--file={_POM}"),
        *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise LocalPartsError(f"Maven did not resolve Kafka's jars within {_TIMEOUT_S} s") from None
    if done.returncode != 0:
        errors = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        raise LocalPartsError(f"Maven cannot resolve Kafka's jars: {' '.join(errors[:1]) or done.stderr.strip()}")
