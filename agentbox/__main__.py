"""`python -m agentbox` is `agentbox`."""

from __future__ import annotations

from agentbox.cli import main

main()
