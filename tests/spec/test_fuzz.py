"""Whatever bytes a file holds, the reader answers with scenarios or with an AuthorError.

And the JSON Schema says the same, but for what no schema can say: `READER_ALONE`.
"""

from __future__ import annotations

import json
import re

from from_schema import values
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mutants import FRAGMENTS, TURNS, turned
from readme import EXAMPLES

from agentbox.session import KINDS
from agentbox.spec import scenario_schema
from agentbox.spec.compose import compose
from agentbox.spec.problems import Problems

READER_ALONE = {
    "files": r"^no such file|is a folder, not a file|^cannot read|not UTF-8|larger than",
    "times and zones": r"RFC 3339|IANA zone|local time|out of range|must be in|add Z",
    "names that session knows": r"^unknown loop|^nothing fills the slot",
    "names unique, and safe as a file's": r"^a second case is named|would share a file",
    "references to code": r"^`(loop|function|memory)` cannot be|is no file of tools",
    "variables": r"is not set$|is not understood$",
    "addresses and keys": r"^`(url|base_url|key)` (cannot be|is no)|^`model` is empty",
    "regular expressions, paths, schemas": r"is no (regular expression|JSONPath|JSON Schema)",
    "what a provider needs": r"^`model` has no|goes with `provider|is no setting|is scripted, but",
    "scripts": r"^`script` (is for|stands in)|has no `script`|number of tokens|`tokens` are two",
    "keys that do not go together": r"stands beside|^a past message",
    "a server's files and command": r"leads out of|run without a shell|servers` in it|has no `mcp",
    "a check's own rules": r"^`\w+`: ",
    "matrix and repeat": r"is nothing that a case can override|are played at most",
    "a whole number written 1.0": r"whole number( or null)?, but it is the number -?\d+\.0",
    "large numbers": r"too large|digits",
    "bytes shown of a result": r"^`.*` must be at least 1, but it is ",
    "mocks": r"is named like a tool of the server|_schema` is no schema of an object",
}
"""What the reader alone refuses: why, and its words."""
ALONE = re.compile("|".join(READER_ALONE.values()))
PHASES = [each for each in Phase if each is not Phase.explain]  # it traces every line of the reader
SLOW = settings(deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
SCHEMA = scenario_schema(KINDS)
LIKELY = {
    "now": "2026-01-15T09:00:00Z",
    "zone": "Europe/Berlin",
    "loop": "react",
    "slots": ["now"],
    "model": {"function": "shop/model.py:reply"},
    "servers_from": ["shop/others.json"],
    "tools": ["shop/tools.py"],
    "url": "http://127.0.0.1:8000/mcp",
    "memory": "shop/desk.py:server",
    "env": {"A": "${A:-b}"},
    "pattern": "[a-z]+",
    "path": "$.a",
    "schema": {"type": "object"},
    "input_schema": {"type": "object"},
    "output_schema": {"type": "object"},
    "contains": "a",
    "matrix": {"seed": [1, 2]},
}
"""Values that are no more wrong than the schema can tell."""


def agree(shop, text: str | bytes) -> None:
    """Refuse a file with places, or read it; as the schema does, where it can."""
    problems = shop.problems(text)
    assert all(each.mark and each.mark.width > 0 and each.message for each in problems), problems
    decoded = _decoded(text)
    if decoded is not None and shop.fits(decoded):
        assert all(ALONE.search(each.message) for each in problems), problems
    elif decoded is not None:
        assert problems, "the schema refuses what the reader reads"


def _decoded(text: str | bytes):
    """Return what the file holds; None where it is no strict YAML."""
    found = Problems()
    try:
        node = compose(text if isinstance(text, str) else text.decode(), "f", found)
    except UnicodeDecodeError:
        return None
    return node.json() if node and not found else None


@settings(SLOW, max_examples=150)
@given(value=values(SCHEMA, LIKELY))
def test_a_file_drawn_from_the_schema_is_read_or_refused_as_the_schema_does(value, shop):
    agree(shop, json.dumps(value, ensure_ascii=False))


EDITS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 6), FRAGMENTS | st.binary(max_size=4)),
    min_size=1,
    max_size=4,
)
FILES = [path.read_bytes() for path in sorted(EXAMPLES.glob("*.yaml"))]


@settings(SLOW, max_examples=100)
@given(text=st.sampled_from(FILES), edits=EDITS)
def test_a_file_with_bytes_changed_is_read_or_refused(text, edits, shop):
    for at, length, put in edits:
        start = at % (len(text) + 1)
        text = text[:start] + put + text[start + length :]
    agree(shop, text)


@settings(SLOW, max_examples=150)
@given(
    text=st.sampled_from(FILES),
    turns=st.lists(st.tuples(st.sampled_from(TURNS), st.integers(0, 200), FRAGMENTS), max_size=3),
)
def test_a_file_with_lines_changed_is_read_or_refused(text, turns, shop):
    for turn, at, put in turns:
        text = turned(text, turn, at, put)
    agree(shop, text)


def test_every_example_fits_the_schema_and_is_read(shop):
    for text in FILES:
        assert shop.fits(_decoded(text))
        assert shop.problems(text) == ()
