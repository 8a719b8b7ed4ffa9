"""In: what is asked for, and this processor. Out: whether matrices are multiplied in int8 or in float32.

Int8 wins only where the processor multiplies int8 by dot products (VNNI on x86). Measured on one machine, with these
instructions and with them hidden from onnxruntime (docs/model.md): 0.72 of the time of float32, and 1.4 times it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Precision = Literal["int8", "float32"]
PrecisionChoice = Literal["auto", "int8", "float32"]

CPU_INFO_FILE = Path("/proc/cpuinfo")
_DOT_PRODUCT_FLAGS = frozenset({"avx512_vnni", "avx_vnni"})


def choose_precision(choice: PrecisionChoice, cpu_info: Path = CPU_INFO_FILE) -> Precision:
    """The precision asked for; ``auto`` is int8 where Linux says that the processor has VNNI, else float32."""
    if choice != "auto":
        return choice
    return "int8" if _DOT_PRODUCT_FLAGS & _flags(cpu_info) else "float32"


def _flags(cpu_info: Path) -> set[str]:
    try:
        lines = cpu_info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set())
