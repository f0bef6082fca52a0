from __future__ import annotations

from pathlib import Path

import pytest
from planting import SAMPLE, planted
from played import Played

from agentbox.core.errors import AuthorError
from agentbox.core.events import unknown
from agentbox.session import Host, Runs, Scanned, scan_for_secrets
from agentbox.trace import read_trace

VALUE = "Zk3v9QmX2LbT7w"


def scanned(root: Path, *names: str, secrets: tuple[str, ...] = (), **environ: str) -> Scanned:
    return scan_for_secrets(names, secrets, Host(root, environ), Runs.of(root))


def kinds(found: Scanned) -> list[str]:
    return [leak.kind for _, leak in found.leaks]


@pytest.fixture
def leaky(tmp_path: Path) -> str:
    path = tmp_path / "leaky.jsonl"
    path.write_bytes(planted(f"it is {VALUE}."))
    return str(path)


@pytest.mark.parametrize(
    "name",
    ["API_KEY", "GITHUB_TOKEN", "CLIENT_SECRET", "DB_PASSWORD", "db_pass", "GH_PAT", "APIKEY2",
     "HTTP_AUTH", "AWS_CREDENTIALS"],
)  # fmt: skip
def test_a_variable_that_looks_secret_is_looked_for(tmp_path: Path, leaky: str, name: str) -> None:
    assert kinds(scanned(tmp_path, leaky, **{name: VALUE})) == [f"value of {name}"]


def test_a_variable_that_does_not_is_looked_for_when_it_is_named(
    tmp_path: Path, leaky: str
) -> None:
    for name in ("KEYBOARD", "MONKEY", "PATH", "COMPASS"):
        assert kinds(scanned(tmp_path, leaky, **{name: VALUE})) == []
        assert kinds(scanned(tmp_path, leaky, secrets=(name,), **{name: VALUE}))


def test_a_name_that_is_not_set_is_refused_with_the_nearest(tmp_path: Path, leaky: str) -> None:
    with pytest.raises(AuthorError, match="`API_KEI` is not set") as caught:
        scanned(tmp_path, leaky, secrets=("API_KEI",), API_KEY=VALUE)
    assert caught.value.problems[0].note == "did you mean `API_KEY`?"


def test_what_is_short_or_a_path_that_is_there_is_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(planted(f"none, and {SAMPLE}"))
    assert kinds(scanned(tmp_path, str(path), SSH_KEY=str(SAMPLE), A_KEY="none")) == []


def test_the_projects_own_env_file_is_looked_into_and_is_no_leak(
    tmp_path: Path, leaky: str
) -> None:
    (tmp_path / ".env").write_text(f"# keys\nexport SERVICE_TOKEN='{VALUE}' # mine\nMODE=plain\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x").write_text(VALUE)
    (tmp_path / "link").symlink_to(leaky)
    found = scanned(tmp_path, str(tmp_path), leaky)
    assert [(path.name, leak.kind) for path, leak in found.leaks] == [
        ("leaky.jsonl", "value of SERVICE_TOKEN")
    ]
    assert found.files == 1


def test_variables_that_a_trace_names_are_looked_for_in_it(tmp_path: Path) -> None:
    (tmp_path / "tools.json").write_text('[{"name": "x", "url": "https://a/${FROM_TOOLS}"}]')
    environ = {"NAMED": "ma7e", "PUT_IN": "wo8rds", "FROM_TOOLS": "th9ird", "NEITHER": "fou1rth"}
    header = {
        "secrets": ["NAMED", "NOT_SET"],
        "servers": {"a": {"env": {"X": "${PUT_IN}"}}},
        "tools": ["tools.json", "gone.json", "code.py"],
    }
    text = " ".join(environ.values())
    content = planted(text) + b""
    path = tmp_path / "t.jsonl"
    path.write_bytes(content)
    assert kinds(scanned(tmp_path, str(path), **environ)) == []
    path.write_bytes(planted(header, "scenario", "run.start").replace(b"there is no order C-3",
                                                                      text.encode()))  # fmt: skip
    assert sorted(kinds(scanned(tmp_path, str(path), **environ))) == [
        "value of FROM_TOOLS", "value of NAMED", "value of PUT_IN",
    ]  # fmt: skip
    path.write_bytes(planted("rubbish", "scenario", "run.start"))
    assert kinds(scanned(tmp_path, str(path), **environ)) == []


def test_a_run_is_all_of_its_folder_and_a_case_its_trace(tmp_path: Path) -> None:
    run = Runs.of(tmp_path).new()
    (run / "s__a.jsonl").write_bytes(planted(VALUE))
    (run / "s__b.jsonl").write_bytes(SAMPLE.read_bytes())
    (run / "world").mkdir()
    (run / "world" / "notes.txt").write_text(f"{VALUE}\n")
    found = scanned(tmp_path, "last", A_TOKEN=VALUE)
    assert (found.files, [path.name for path, _ in found.leaks]) == (3, ["s__a.jsonl", "notes.txt"])
    assert scanned(tmp_path, "last::b", A_TOKEN=VALUE).leaks == []
    with pytest.raises(AuthorError, match="no run `nothing`"):
        scanned(tmp_path, "nothing")


def test_what_cannot_be_read_is_a_problem_and_the_rest_is_scanned(
    tmp_path: Path, leaky: str
) -> None:
    (tmp_path / "newer.jsonl").write_bytes(planted(99, "format", "run.start"))
    with (tmp_path / "huge.txt").open("wb") as huge:
        huge.truncate(600 * 1024 * 1024)
    found = scanned(tmp_path, str(tmp_path), A_TOKEN=VALUE)
    assert kinds(found) == ["value of A_TOKEN"]
    huge_one, newer = (problem.message for problem in found.problems)
    assert "is a trace of format 99; this agentbox reads up to" in newer
    assert "huge.txt was not scanned: it has more than" in huge_one


def test_stored_traces_hold_nothing(tmp_path: Path) -> None:
    found = scanned(tmp_path, str(SAMPLE.parents[1]))
    assert (found.leaks, found.problems) == ([], [])
    assert found.files >= 6


def test_a_clean_run_holds_nothing_and_only_what_is_known(tmp_path: Path) -> None:
    """With every feature that writes something of its own: tools, plans, limits, checks."""
    played = Played(tmp_path)
    head = (
        "version: 1\nnow: 2026-03-20T14:30:00Z\nmodel: {provider: scripted}\ntools: [mine.py]\n"
        "secrets: [API_TOKEN]\n"
    )
    host = Host(tmp_path, {"API_TOKEN": VALUE})
    played.host = host
    cases = f"""
cases:
  - name: a
    turns:
      - user: My token is {VALUE}.
        script:
          - {{calls: [{{tool: put, args: {{key: token, value: {VALUE}}}}}, look]}}
          - {{call: look, args: {{key: token}}}}
          - {{say: It is {VALUE}.}}
        checks: [{{says: {VALUE}}}]
"""
    (verdict,) = played(cases, head=head)
    found = scan_for_secrets([verdict.trace], (), host, Runs.of(tmp_path))
    assert (found.leaks, found.problems) == ([], [])
    assert unknown(read_trace(Path(verdict.trace)).events) == []
