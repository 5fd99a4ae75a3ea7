"""Signals at the moment at which a file takes the place of another."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest


def signal_at_each_replacement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send this process SIGTERM whenever one file is about to replace another."""
    replace = Path.replace

    def replace_late(path: Path, target: Path) -> Path:
        signal.raise_signal(signal.SIGTERM)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", replace_late)
