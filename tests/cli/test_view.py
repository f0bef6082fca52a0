from __future__ import annotations

import pytest


@pytest.fixture
def ran(project):
    project.agentbox("run", "scenario.yaml")
    return project


def test_the_page_of_a_trace_stands_beside_it_and_its_path_is_printed(ran) -> None:
    done = ran.agentbox("view", "last::adds")
    page = ran.traces[0].with_suffix(".html")
    assert (done.code, done.out, done.err) == (0, f"{page}\n", "")
    assert "What is 1 and 2?" in page.read_text("utf-8")
    assert ran.agentbox("show", "last::adds").code == 0


def test_a_run_is_one_page_of_all_its_cases_and_can_go_elsewhere(ran) -> None:
    run = ran.traces[0].parent
    assert ran.agentbox("view").out == f"{run / 'index.html'}\n"
    assert ran.agentbox("view", str(run), "-o", "all.html").out == "all.html\n"
    written = (ran.root / "all.html").read_text("utf-8")
    assert written == (run / "index.html").read_text("utf-8")
    assert ran.agentbox("view", "-o", "-").out == written
    for said in ("What is 1 and 2?", "What is 2 and 2?", "scenario__adds"):
        assert said in written


def test_a_trace_can_be_shown_against_another(ran) -> None:
    ran.agentbox("run", "scenario.yaml", "-k", "adds", "--now", "2026-03-21T09:00:00Z")
    old, new = ran.traces[0], ran.traces[-1]
    done = ran.agentbox("view", "last", "--against", str(old))
    assert done.out == f"{new.with_suffix('.html')}\n"
    written = new.with_suffix(".html").read_text("utf-8")
    for path in (old, new):
        assert f"{path.stem}@{path.parent.name}" in written
    assert "means 2 traces" in ran.agentbox("view", str(new), "--against", str(old.parent)).err


def test_a_torn_trace_has_a_page_that_says_so(ran) -> None:
    path = ran.traces[0]
    path.write_bytes(path.read_bytes()[:-30])
    assert ran.agentbox("view", str(path)).code == 0
    assert "the last line is torn" in path.with_suffix(".html").read_text("utf-8")


def test_what_cannot_be_read_or_written_is_said(ran) -> None:
    assert "no run `nope`" in ran.agentbox("view", "nope").err
    done = ran.agentbox("view", "last", "-o", "no/such/folder.html")
    assert done.code == 2
    assert "cannot write no/such/folder.html: No such file or directory" in done.err
