"""In: a peer's locked requirements. Out: a virtual environment that has exactly them, and the lock files themselves.

Raises `subprocess.CalledProcessError` where uv fails.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "peers"
_HERE = Path(__file__).resolve().parent
_LOCK_OPTIONS = (
    *("--universal", "--python-version=3.11", "--generate-hashes", "--no-header", "--quiet"),
    *("--no-emit-index-url", "--no-emit-find-links"),
)
_STAMP = "installed-from"


def interpreter(name: str) -> Path:
    """The Python that runs this peer; this one where it has no requirements of its own."""
    requirements = _HERE / name / "requirements.txt"
    if not requirements.exists():
        return Path(sys.executable)
    venv = CACHE / name / "venv"
    python, stamp = venv / "bin" / "python", venv / _STAMP
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="ascii") != digest:
        _uv("venv", "--clear", f"--python={sys.executable}", str(venv))
        _uv("pip", "install", f"--python={python}", "--require-hashes", f"--requirement={requirements}")
        stamp.write_text(digest, encoding="ascii")
    return python


def write_lock(name: str) -> None:
    """Resolve a peer's requirements anew."""
    _uv("pip", "compile", *_LOCK_OPTIONS, "requirements.in", "--output-file=requirements.txt", cwd=_HERE / name)


def _uv(*arguments: str, cwd: Path = ROOT) -> None:
    subprocess.run([sys.executable, "-m", "uv", *arguments], cwd=cwd, check=True)
