"""Names beside points do not hide each other."""

from __future__ import annotations

import re

import numpy as np

from brainbench.leaderboard.site.scatter import Line, Point, draw_scatter

_NAME = re.compile(
    r'<text x="([\d.-]+)" y="([\d.-]+)" class="(?:name|tick[^"]*)"[^>]*>([^<]+)</text>'
)


def boxes(drawn: str) -> list[tuple[float, float, float, float]]:
    """Of names of models and of lines; ticks are elsewhere."""
    return [
        (float(x), float(y) - 12, float(x) + 7.0 * len(text), float(y) + 2)
        for x, y, text in _NAME.findall(drawn)
        if text.strip("0123456789.\N{MINUS SIGN}")
    ]


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return min(one[2], other[2]) > max(one[0], other[0]) and min(one[3], other[3]) > max(
        one[1], other[1]
    )


def test_names_do_not_collide_and_stay_inside() -> None:
    rng = np.random.default_rng(0)
    points = [
        Point(f"some-model-{i}-instruct", f"m{i}.html", (float(x), (x - 0.1, x + 0.1)), (y, None))
        for i, (x, y) in enumerate(rng.normal(scale=0.02, size=(6, 2)).tolist())
    ]
    lines = [
        Line("people among themselves", 0.32, True, "people"),
        Line("always True", 0.3, True),
        Line("untrained networks", 0.0, False),
    ]
    drawn = str(draw_scatter("s", ("x", "y"), points, lines))
    found = boxes(drawn)
    assert len(found) == 9
    for place, one in enumerate(found):
        assert min(one[:2]) >= 0
        assert one[2] <= 760
        assert not any(overlap(one, other) for other in found[place + 1 :])


def test_it_is_told_to_those_who_do_not_see_it() -> None:
    point = Point("<b>", "m.html", (0.1, (0.0, 0.2)), (3.0, None))
    drawn = str(draw_scatter("s", ("κ", "z"), [point], [Line("people", 0.3, True)]))
    assert "&lt;b&gt;: κ 0.10 (0.00 to 0.20), z 3.00. Lines: people 0.300." in drawn
    assert "<b>" not in drawn
    assert 'href="m.html"' in drawn
