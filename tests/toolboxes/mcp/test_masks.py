"""Paths and the words that stand for them."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from agentbox.toolboxes.mcp.masks import Masks

HOME, CWD = Path("/srv/bü x/home"), Path("/srv/bü x/home/cwd")
MASKS = Masks({HOME: "«home»", CWD: "«cwd»"})
words = st.lists(st.sampled_from([str(HOME), str(CWD), "/etc", "«", "ü", '"', "\\", "a"])).map(
    "".join
)


def hidden(line):
    return json.loads(MASKS.hide(line.encode()))


@given(words)
def test_a_path_is_hidden_however_json_is_written_and_comes_back(text):
    clean = text.replace(str(CWD), "«cwd»").replace(str(HOME), "«home»")
    for line in (
        json.dumps(text),
        json.dumps(text, ensure_ascii=False),
        json.dumps(text).replace("/", r"\/"),
    ):
        assert hidden(line) == clean
    assert MASKS.hide_text(text) == clean
    assert json.loads(MASKS.show(json.dumps(clean).encode())) == text


def test_the_root_of_all_files_is_no_path_to_mask():
    assert Masks({Path("/"): "«cwd»"}).hide(b'"/etc"') == b'"/etc"'
