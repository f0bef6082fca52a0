"""The hash of a tool list; `test_servers.py` has what becomes of its tools."""

from __future__ import annotations

from agentbox.toolboxes.mcp.tools import tools_hash


def test_the_hash_is_of_the_content_and_not_of_its_spelling():
    assert tools_hash([{"name": "a", "x": 1}]) == tools_hash([{"x": 1, "name": "a"}])


def test_one_changed_word_changes_the_hash():
    before, after = ({"name": "a", "description": word} for word in ("read", "read all"))
    assert tools_hash([before]) != tools_hash([after])
