"""What the plays of a repeated case came to, for people and as JSON."""

from __future__ import annotations

import json

from agentbox.core.verdict import Rate, Repeated
from agentbox.report import plain, repeat_lines, repeated_json

RATES = tuple(Rate(k, 1 - 0.2**k, (0.4901626, 1.0), 0.8**k, (0.0, 0.9433179)) for k in range(1, 11))
ONE = Repeated("s.yaml::refund", 10, 8, 0, 8, enough=True, rates=RATES)


def test_a_repeated_case_has_a_line_and_one_for_some_k() -> None:
    assert plain(repeat_lines([ONE])) == (
        "  s.yaml::refund   8 of 10 passed, 8 required\n"
        "    pass@1  80% (95 %: 49% to 100%)   pass^1  80% (95 %: 0% to 94%)\n"
        "    pass@2  96% (95 %: 49% to 100%)   pass^2  64% (95 %: 0% to 94%)\n"
        "    pass@4 100% (95 %: 49% to 100%)   pass^4  41% (95 %: 0% to 94%)\n"
        "    pass@8 100% (95 %: 49% to 100%)   pass^8  17% (95 %: 0% to 94%)\n"
    )


def test_plays_that_could_not_be_judged_are_told_and_left_out() -> None:
    (line,) = repeat_lines([Repeated("s.yaml::a", 0, 0, 2, 2, enough=False)])
    assert (
        plain([line]) == "  s.yaml::a   0 of 0 passed, 2 required, 2 plays errored and left out\n"
    )
    assert ("0 of 0 passed, 2 required", "bad") in line
    assert repeat_lines([]) == []


def test_the_json_has_every_k() -> None:
    told = repeated_json(ONE)
    assert [rate["k"] for rate in told["rates"]] == list(range(1, 11))
    assert told["rates"][1] == {
        "k": 2,
        "pass_at_k": 0.96,
        "pass_at_k_interval": [0.490163, 1.0],
        "pass_hat_k": 0.64,
        "pass_hat_k_interval": [0.0, 0.943318],
    }
    assert list(told)[:6] == ["group", "played", "passed", "errored", "require", "enough"]
    json.dumps(told)
