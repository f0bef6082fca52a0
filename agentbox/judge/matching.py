"""Pairing wanted things with found ones, each found one used once."""

from __future__ import annotations

from collections.abc import Callable


def assigned(wanted: int, found: int, fits: Callable[[int, int], bool]) -> dict[int, int]:
    """Return a largest pairing, wanted to found, by index (Kuhn's augmenting paths).

    Taking the first that fits is not enough: with globs, `a.*` could take the only `a.b` there is.
    """
    owner: dict[int, int] = {}

    def place(want: int, tried: set[int]) -> bool:
        for have in range(found):
            if have in tried or not fits(want, have):
                continue
            tried.add(have)
            if have not in owner or place(owner[have], tried):
                owner[have] = want
                return True
        return False

    for want in range(wanted):
        place(want, set())
    return {want: have for have, want in sorted(owner.items(), key=lambda pair: pair[1])}
