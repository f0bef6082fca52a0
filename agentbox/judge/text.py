"""Checks on words: what was said, what must never be, what the answer is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from agentbox.core.scenario import AtLeast, Short
from agentbox.judge.check import Check
from agentbox.judge.evidence import Evidence, Utterance
from agentbox.judge.failure import Failure
from agentbox.judge.wording import one_line, parting, quoted, sentence


@dataclass(frozen=True, slots=True)
class Says:
    """The parameters of `says`."""

    text: Annotated[
        str, "What the assistant must say, in any of its messages.", Short(), AtLeast(1)
    ] = ""
    any: Annotated[tuple[str, ...], "In place of `text`: one of these.", AtLeast(1)] = ()
    all: Annotated[tuple[str, ...], "In place of `text`: each of these.", AtLeast(1)] = ()
    ignore_case: Annotated[bool, "Capital and small letters are the same."] = False

    def __post_init__(self) -> None:
        """Refuse what says nothing, and what says two things."""
        _refuse_unclear(self)

    @property
    def title(self) -> str:
        """Its title in a verdict."""
        return _title(self)


@dataclass(frozen=True, slots=True)
class NeverSays:
    """The parameters of `never_says`."""

    text: Annotated[str, "What no message of the assistant may contain.", Short(), AtLeast(1)] = ""
    any: Annotated[tuple[str, ...], "In place of `text`: none of these.", AtLeast(1)] = ()
    all: Annotated[tuple[str, ...], "In place of `text`: not all of these.", AtLeast(1)] = ()
    ignore_case: Annotated[
        bool, "Capital and small letters are the same: `Tomorrow` is `tomorrow`."
    ] = True

    def __post_init__(self) -> None:
        """Refuse what says nothing, and what says two things."""
        _refuse_unclear(self)

    @property
    def title(self) -> str:
        """Its title in a verdict."""
        return _title(self)


@dataclass(frozen=True, slots=True)
class Equals:
    """The parameters of `equals`."""

    text: Annotated[str, "The whole final answer; blanks around it do not count.", Short()]


@dataclass(frozen=True, slots=True)
class Regex:
    """The parameters of `regex`."""

    pattern: Annotated[
        str, "A regular expression (Python's) that some message must fit.", Short(), AtLeast(1)
    ]
    last: Annotated[bool, "Look at the final answer alone."] = False
    ignore_case: Annotated[bool, "Capital and small letters are the same."] = False

    def __post_init__(self) -> None:
        """Refuse a pattern that is none."""
        compiled(self.pattern)


@dataclass(frozen=True, slots=True)
class Length:
    """The parameters of `length`, which is that of the final answer."""

    min: Annotated[int | None, "How long it must be.", AtLeast(0)] = None
    max: Annotated[int | None, "How long it may be.", AtLeast(0)] = None
    unit: Annotated[Literal["words", "characters"], "What is counted."] = "words"

    def __post_init__(self) -> None:
        """Refuse bounds that bound nothing, and bounds that cannot both hold."""
        if self.min is None and self.max is None:
            raise ValueError("give `min`, `max` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"`min: {self.min}` is more than `max: {self.max}`")

    @property
    def title(self) -> str:
        """Its title in a verdict."""
        least = "" if self.min is None else f"at least {self.min}"
        most = "" if self.max is None else f"at most {self.max}"
        return f"{' and '.join(filter(None, (least, most)))} {self.unit}"


def says(params: Says, seen: Evidence) -> Failure | None:
    """Hold if messages contain what they must."""
    wanted = _wanted(params)
    missing = [text for text in wanted if _hit(text, params, seen) is None]
    if not missing or (params.any and len(missing) < len(wanted)):
        return None
    told = " or ".join(map(quoted, missing)) if params.any else ", ".join(map(quoted, missing))
    if not seen.said:
        return Failure(f"nothing was said, so not {told}", seen.at)
    last = seen.said[-1]
    return Failure(
        f"{told} was not said ({_mode(ignore_case=params.ignore_case)})"
        f"{_other_case(missing, params, seen)}; the last answer: {quoted(last.text, 240)}",
        last.at,
    )


def never_says(params: NeverSays, seen: Evidence) -> Failure | None:
    """Hold if messages contain nothing that they must not."""
    wanted = _wanted(params)
    hits = [(text, hit) for text in wanted if (hit := _hit(text, params, seen))]
    if not hits or (params.all and len(hits) < len(wanted)):
        return None
    mode = _mode(ignore_case=params.ignore_case)
    told = hits if params.all else hits[:1]
    quotes = [
        f"{quoted(text)} was said ({mode}): {sentence(one.text, *found.span())}"
        for text, (one, found) in told
    ]
    return Failure("; ".join(quotes), told[-1][1][0].at)


def equals(params: Equals, seen: Evidence) -> Failure | None:
    """Hold if the final answer is the text."""
    wanted, answer = params.text.strip(), seen.answer.strip()
    if wanted == answer:
        return None
    there, here, first = parting(answer, wanted)
    return Failure(
        f"the answer is {there}, not {here} (they differ from character {first} on)",
        seen.answer_at,
    )


def regex(params: Regex, seen: Evidence) -> Failure | None:
    """Hold if some message, or the final answer, fits the pattern."""
    pattern = re.compile(params.pattern, re.IGNORECASE if params.ignore_case else 0)
    texts = [seen.answer] if params.last else [one.text for one in seen.said]
    if any(map(pattern.search, texts)):
        return None
    what = "the answer" if params.last else "no message"
    does = "does not fit" if params.last else "fits"
    mode = _mode(ignore_case=params.ignore_case)
    last = quoted(texts[-1], 240) if texts else "nothing was said"
    pattern_text = one_line(params.pattern, 120)
    return Failure(f"{what} {does} /{pattern_text}/ ({mode}): {last}", seen.answer_at)


def length(params: Length, seen: Evidence) -> Failure | None:
    """Hold if the final answer is as long as it must and may be."""
    answer = seen.answer.strip()
    size = len(answer.split() if params.unit == "words" else answer)
    if params.min is not None and size < params.min:
        bound = f"fewer than {params.min}"
    elif params.max is not None and size > params.max:
        bound = f"more than {params.max}"
    else:
        return None
    return Failure(f"the answer has {size} {params.unit}, {bound}", seen.answer_at)


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a regular expression.

    Raises:
        ValueError: it is none.
    """
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{quoted(pattern)} is no regular expression: {error}") from None


# -- one text, any of several, all of several


def _refuse_unclear(params: Says | NeverSays) -> None:
    given = [each for each in (params.text, params.any, params.all) if each]
    if len(given) != 1:
        raise ValueError("give exactly one of `text`, `any`, `all`")
    if "" in _wanted(params):
        raise ValueError("a text is empty: every message contains that")


def _wanted(params: Says | NeverSays) -> Sequence[str]:
    return params.any or params.all or (params.text,)


def _title(params: Says | NeverSays) -> str:
    word = "any of " * bool(params.any) + "all of " * bool(params.all)
    return word + ", ".join(_wanted(params))


def _hit(
    text: str, params: Says | NeverSays, seen: Evidence
) -> tuple[Utterance, re.Match[str]] | None:
    return next(_hits(_pattern(text, ignore_case=params.ignore_case), seen), None)


def _hits(pattern: re.Pattern[str], seen: Evidence) -> Iterator[tuple[Utterance, re.Match[str]]]:
    for one in seen.said:
        if found := pattern.search(one.text):
            yield one, found


def _pattern(text: str, *, ignore_case: bool) -> re.Pattern[str]:
    return re.compile(re.escape(text), re.IGNORECASE if ignore_case else 0)


def _mode(*, ignore_case: bool) -> str:
    return "case ignored" if ignore_case else "case counts"


def _other_case(missing: Sequence[str], params: Says, seen: Evidence) -> str:
    """Say which of the missing texts were said in other letters."""
    if params.ignore_case:
        return ""
    hits = [next(_hits(_pattern(text, ignore_case=True), seen), None) for text in missing]
    near = [quoted(hit[1].group()) for hit in hits if hit]
    return f", but {', '.join(near)} was" if near else ""


CHECKS: Mapping[str, Check] = {
    "says": Check(Says, "Some message of the assistant contains the text.", says),
    "never_says": Check(NeverSays, "No message of the assistant contains the text.", never_says),
    "equals": Check(Equals, "The final answer is exactly the text.", equals),
    "regex": Check(Regex, "Some message of the assistant fits the pattern.", regex),
    "length": Check(Length, "The final answer is as long as it must and may be.", length),
}
