"""In: whatever keeps a local broker or database from running. Out: one line for the person at the terminal."""

from __future__ import annotations


class LocalPartsError(Exception):
    """A part cannot be started, reached or stopped; the message says why and what to do."""


class MissingProgramError(LocalPartsError):
    """A program that a part needs is not installed."""
