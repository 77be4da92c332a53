"""Boxes of a drawn graph never overlap, wires run from left to right and never through a box."""

import random

import pytest

from backline.rack.layout import lay_out


def graph_of(dice, boxes, links):
    names = [f"n{number}" for number in range(boxes)]
    sizes = {name: (dice.uniform(60, 160), dice.uniform(28, 80)) for name in names}
    pairs = {tuple(sorted(dice.sample(range(boxes), 2))) for _ in range(links)}
    return sizes, [(names[low], names[high]) for low, high in sorted(pairs)]


def overlap(one, other):
    return one.x < other.right - 1e-6 and other.x < one.right - 1e-6 and one.y < other.y + other.height and other.y < one.y + one.height


@pytest.mark.parametrize("number", range(20))
def test_nothing_overlaps_and_everything_flows_to_the_right(number, seed):
    dice = random.Random(seed * 1000 + number)
    sizes, links = graph_of(dice, dice.randint(2, 24), dice.randint(1, 40))
    layout = lay_out(sizes, links)
    frames = list(layout.frames.items())
    for place, (name, frame) in enumerate(frames):
        assert (frame.width, frame.height) == sizes[name]
        assert not any(overlap(frame, other) for _, other in frames[place + 1 :])
        assert 0 <= frame.x <= frame.right <= layout.width + 1e-6
    for (source, target), bends in zip(links, layout.bends, strict=True):
        assert layout.frames[source].right < layout.frames[target].x
        for left, right, y in bends:
            passed = [frame for frame in layout.frames.values() if left <= frame.x and frame.right <= right]
            assert not any(frame.y < y < frame.y + frame.height for frame in passed)


def test_a_chain_is_one_straight_line():
    layout = lay_out(dict.fromkeys("abcd", (100.0, 40.0)), [("a", "b"), ("b", "c"), ("c", "d")])
    assert len({frame.middle for frame in layout.frames.values()}) == 1
    assert [frame.x for frame in layout.frames.values()] == [0.0, 160.0, 320.0, 480.0]


def test_what_hears_nothing_stands_right_before_what_hears_it():
    sizes = dict.fromkeys(("midi", "keys", "tone", "lfo", "out"), (80.0, 40.0))
    links = [("midi", "keys"), ("keys", "tone"), ("lfo", "tone"), ("tone", "out")]
    layout = lay_out(sizes, links, first=("midi",), last=("out",))
    assert layout.frames["lfo"].x == layout.frames["keys"].x
    assert layout.frames["midi"].x == 0.0
    assert layout.frames["out"].right == layout.width


def test_crossings_that_can_be_avoided_are():
    sizes = dict.fromkeys("abcxyz", (80.0, 40.0))
    layout = lay_out(sizes, [("a", "z"), ("b", "y"), ("c", "x")])
    left = sorted("abc", key=lambda name: layout.frames[name].y)
    right = sorted("xyz", key=lambda name: layout.frames[name].y)
    assert [{"a": "z", "b": "y", "c": "x"}[name] for name in left] == right


def test_a_loop_is_refused():
    with pytest.raises(ValueError, match="loop"):
        lay_out(dict.fromkeys("ab", (1.0, 1.0)), [("a", "b"), ("b", "a")])


def test_nothing_is_a_layout_too():
    layout = lay_out({}, [])
    assert (layout.frames, layout.bends) == ({}, [])
