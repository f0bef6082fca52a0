"""Composes the page: data as JSON that no HTML parser can leave, scripts and styles by their hash.

The policy allows the one script and the one style that stand in the page, images that the page
itself holds, and nothing else: no request of any kind can be made from it.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from agentbox.core.differing import TraceDiff
from agentbox.core.messages import Json
from agentbox.report.diff import diff_json
from agentbox.report.text import UNSAFE, safe
from agentbox.report.viewer.data import Opened, brief_of, embedded, encoded

_HERE = "agentbox.report.viewer"
SCRIPTS = ("events.js", "values.js", "details.js", "prompt.js", "compare.js", "viewer.js")
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
"""JSON's own escapes for what HTML would read; in JSON these stand in strings alone."""


def page(traces: Sequence[Opened], diff: TraceDiff | None = None) -> str:
    """Return the page that shows these traces, one at least; it is to be written as UTF-8.

    With `diff` there are two of them, and each is shown with what differs in the other.
    """
    briefs = _told_apart([brief_of(trace) for trace in traces])
    script = "(() => {\n'use strict';\n" + "\n".join(map(_own, SCRIPTS)) + "})();\n"
    style = _own("viewer.css")
    index = {"unsafe": UNSAFE.pattern, "diff": diff_json(diff) if diff else None}
    blocks = [_block("index", encoded({**index, "traces": briefs}))]
    blocks += [_block(f"trace{n}", embedded(trace)) for n, trace in enumerate(traces)]
    return Template(_own("viewer.html")).substitute(
        policy=_policy(script, style),
        title=_title(briefs),
        style=style,
        data="\n".join(blocks),
        script=script,
    )


def _told_apart(briefs: Sequence[dict[str, Json]]) -> list[dict[str, Json]]:
    """Return the briefs, those that would be called alike by their traces' names instead."""
    times = Counter(brief["label"] for brief in briefs)
    return [
        brief | ({"label": brief["name"]} if times[brief["label"]] > 1 else {}) for brief in briefs
    ]


def _title(briefs: Sequence[dict[str, Json]]) -> str:
    name = briefs[0]["label"] if len(briefs) == 1 else f"{len(briefs)} cases"
    return escape(safe(f"{name} · agentbox"))


def _own(name: str) -> str:
    return files(_HERE).joinpath(name).read_text("utf-8")


def _block(name: str, text: str) -> str:
    return f'<script type="application/json" id="{name}">{text.translate(_ESCAPES)}</script>'


def _policy(script: str, style: str) -> str:
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
