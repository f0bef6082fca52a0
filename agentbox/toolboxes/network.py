"""What tools that send requests may reach, and where their secrets come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Network:
    """What requests may reach: this machine alone, unless live."""

    environ: Mapping[str, str] = field(default_factory=dict[str, str])
    live: bool = False
