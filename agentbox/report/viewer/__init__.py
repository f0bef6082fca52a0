"""A page for people: traces in, one HTML file out, which opens anywhere and asks nobody.

The page's own parts lie beside this file and are read as package data: `viewer.html` is its frame,
`viewer.css` its looks, and the scripts, in the order of `SCRIPTS`, all that it does. What comes
from a trace is only ever data in it.
"""

from __future__ import annotations

from agentbox.report.viewer.data import Opened
from agentbox.report.viewer.page import page

__all__ = ["Opened", "page"]
