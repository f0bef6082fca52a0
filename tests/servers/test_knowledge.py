"""The knowledge server: passages for the model, every candidate for who looks into a mistake."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from loading import loaded
from stdio import SERVERS, called, text

KNOWLEDGE = loaded(SERVERS / "knowledge.py")
GOOD = {"query": "enterprise refund annual payment exception"}
VAGUE = {"query": "refund annual payment"}


def shown(result: Any) -> list[str]:
    return [one["clause_id"] for one in result.structured_content["passages"]]


def retrieval(result: Any) -> dict:
    return result.meta["agentbox/retrieval"]


def test_a_good_query_shows_the_clause_and_a_vague_one_finds_it_under_the_cut_line(tmp_path):
    good, vague = called("knowledge", tmp_path, ("search", GOOD), ("search", VAGUE))
    assert "BP-25.2" in shown(good)
    assert "BP-25.2" not in shown(vague)
    (found,) = [one for one in retrieval(vague)["candidates"] if one["id"] == "BP-25.2"]
    assert not found["kept"]
    assert found["rank"] > 5


def test_the_version_that_no_longer_counts_is_ranked_before_the_one_that_does(tmp_path):
    (good,) = called("knowledge", tmp_path, ("search", GOOD))
    assert shown(good).index("BP-38.2") < shown(good).index("BP-25.2")
    old = next(p for p in good.structured_content["passages"] if p["clause_id"] == "BP-38.2")
    assert old["status"] == "superseded on 2026-01-01 by page 25"


def test_candidates_are_all_that_were_considered_with_the_line_where_they_were_cut(tmp_path):
    five, all_, again = called(
        "knowledge",
        tmp_path,
        ("search", {**VAGUE, "k": 5}),
        ("search", {"query": "insolvency", "k": 20}),
        ("search", {**VAGUE, "k": 5}),
    )
    told = retrieval(five)
    assert (told["query"], told["k"]) == (VAGUE["query"], 5)
    candidates = told["candidates"]
    assert len(candidates) == KNOWLEDGE.MOST_CANDIDATES
    assert [one["rank"] for one in candidates] == list(range(1, len(candidates) + 1))
    assert [one["id"] for one in candidates if one["kept"]] == shown(five)
    scores = [one["score"] for one in candidates]
    assert scores == sorted(scores, reverse=True)
    assert told["cut"] == {"rank": 5, "score": scores[4]}
    assert retrieval(all_)["cut"] is None
    assert all(one["kept"] for one in retrieval(all_)["candidates"])
    assert retrieval(again) == told


def test_what_is_syntax_to_fts5_is_none_here(tmp_path):
    queries = ("NEAR(", "text:* OR", "a* -b ^c", "refund AND", "'; DROP TABLE page;--", "x\x00y")
    quote, *found, after = called(
        "knowledge",
        tmp_path,
        *(("search", {"query": query}) for query in ('"', *queries)),
        ("search", VAGUE),
    )
    assert quote.is_error
    assert "no word to search for" in text(quote)
    assert [one.is_error for one in found] == [False] * len(queries)
    assert shown(after)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_every_query_is_an_expression_or_has_no_word(query):
    wanted = KNOWLEDGE.matching(query)
    assert re.fullmatch(r'("\w+"( OR "\w+")*)?', wanted)


def test_every_expression_is_one_that_fts5_reads(tmp_path):
    db = KNOWLEDGE.connect(str(tmp_path / "x.db"))

    @settings(max_examples=300, deadline=None)
    @given(st.text(max_size=60))
    def searched(query):
        wanted = KNOWLEDGE.matching(query)
        if wanted and query.isprintable():
            db.execute(KNOWLEDGE._SEARCH, (wanted, 5)).fetchall()

    searched()
    db.close()


def test_there_are_fifty_pages_and_their_clauses_are_numbered_after_them():
    policy = list(KNOWLEDGE.pages(KNOWLEDGE.SEED.read_text()))
    assert [page.number for page in policy] == list(range(1, 51))
    assert policy[24].title == "Enterprise exceptions"
    for page in policy:
        found = [name for name, _ in KNOWLEDGE.clauses(page)]
        assert found == [f"BP-{page.number}.{n}" for n in range(1, len(found) + 1)]
        assert re.fullmatch(r"(in force since|superseded on) 20\d\d-\d\d-\d\d.*", page.status)
        assert re.fullmatch(r"[^\x00-\x09\x0b-\x1f]+", page.text)
    named = set(re.findall(r"BP-\d+\.\d+", " ".join(page.text for page in policy)))
    assert named == {name for page in policy for name, _ in KNOWLEDGE.clauses(page)}


def test_a_page_can_be_read_whole_and_one_that_is_not_there_is_an_error(tmp_path):
    page, below, above, far, none = called(
        "knowledge",
        tmp_path,
        ("read_page", {"number": 25}),
        ("read_page", {"number": 0}),
        ("read_page", {"number": 51}),
        ("read_page", {"number": 10**30}),
        ("read_page", {"number": "25; DROP TABLE page"}),
    )
    assert page.structured_content["title"] == "Enterprise exceptions"
    assert "within 60 days" in page.structured_content["text"]
    assert [one.is_error for one in (below, above, far, none)] == [True] * 4
    assert text(above).endswith("There is no page 51; the pages are 1 to 50.")
    assert text(far).endswith(f"There is no page {10**30}; the pages are 1 to 50.")
