"""Whatever bytes a file holds, the reader answers with scenarios or with an AuthorError."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentbox.core.errors import AuthorError, Problem

FRAGMENTS = st.sampled_from(
    [b"{", b"}", b"[", b"]", b": ", b"- ", b"\n", b"\t", b"  ", b"#", b"'", b'"', b"\\", b"&a ",
     b"*a", b"!", b"|", b">", b"%", b"? ", b"---\n", b"<<: ", b",", b"\xff", b"\x00", b"\xc3",
     b"\xe2\x80\xa8", b"null", b".nan", b"${", b"file:", b"cases:", b"\\U9999", b"9" * 400]
)  # fmt: skip
EDITS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 6), FRAGMENTS | st.binary(max_size=4)),
    min_size=1,
    max_size=5,
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(edits=EDITS)
def test_a_mutated_file_is_read_or_refused_with_places(edits, project, sample):
    text = sample.encode()
    for at, length, put in edits:
        start = at % (len(text) + 1)
        text = text[:start] + put + text[start + length :]
    problems: tuple[Problem, ...] = ()
    try:
        scenarios = project.read(text)
    except AuthorError as error:
        problems = error.problems
    else:
        assert all(len(scenario.cases) == 1 for scenario in scenarios)
        return
    assert problems
    assert all(problem.mark and problem.mark.width > 0 and problem.message for problem in problems)
