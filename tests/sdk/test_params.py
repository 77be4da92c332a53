"""Parameters: what a class body may say, how text and numbers become values, and how values lie in their range."""

from __future__ import annotations

import contextlib
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.sdk import Beats, Effect, Param, UnitError
from backline.sdk.params import DelayLine, Memory, Phase, State

FINITE = st.floats(-1e6, 1e6, allow_nan=False, allow_subnormal=False)


@st.composite
def float_params(draw: st.DrawFn) -> Param:
    """Any float parameter: unit, range and curve."""
    curve = draw(st.sampled_from(("linear", "log", "db")))
    low = draw(st.floats(1e-3, 1e3) if curve == "log" else FINITE)
    high = low + draw(st.floats(1e-3, 1e6))
    unit = draw(st.sampled_from(("", "Hz", "s", "dB", "%", "st", "x")))
    return Param(low, low, high, unit=unit, curve=curve)


@given(float_params(), st.floats(0.0, 1.0))
def test_text_reads_back_exactly(param: Param, position: float) -> None:
    value = param.denormalise(position)
    assert param.parse(param.format(value)) == value


@given(float_params(), st.floats(0.0, 1.0))
def test_positions_and_values_are_inverse(param: Param, position: float) -> None:
    value = param.denormalise(position)
    assert param.minimum <= value <= param.maximum
    assert param.denormalise(param.normalise(value)) == pytest.approx(value, rel=1e-9, abs=1e-9 * (param.maximum - param.minimum))


@given(float_params(), st.lists(st.floats(0.0, 1.0), min_size=2, max_size=5))
def test_higher_positions_are_higher_values(param: Param, positions: list[float]) -> None:
    values = [param.denormalise(position) for position in sorted(positions)]
    assert values == sorted(values)


@given(float_params(), st.floats())
def test_what_lies_outside_is_refused_and_can_be_held(param: Param, value: float) -> None:
    inside = param.minimum <= value <= param.maximum
    if inside:
        assert param.parse(value) == value
    else:
        with pytest.raises(ValueError, match=r"outside|not a|finite|nan|inf"):
            param.parse(value)
    if not math.isnan(value):
        assert param.minimum <= param.clamp(value) <= param.maximum
        assert param.clamp(value) == value or not inside


@given(st.text(max_size=12))
def test_any_text_is_a_value_or_a_value_error(text: str) -> None:
    for param in (Param("1 kHz", "20 Hz", "20 kHz", synced=True), Param(4, 1, 8), Param(True), Param("saw", choices=("saw", "sine"))):
        value: object = None
        with contextlib.suppress(ValueError):
            value = param.parse(text)
        if value is not None:
            assert isinstance(value, Beats) or (isinstance(value, float) and param.minimum <= value <= param.maximum)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300])
@pytest.mark.parametrize("param", [Param(4, 1, 8), Param(True), Param("saw", choices=("saw", "sine")), Param(0.5, 0.0, 1.0)])
def test_numbers_that_are_none_are_refused_as_such(param: Param, value: float) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        param.parse(value)


def test_kinds_are_told_by_their_defaults() -> None:
    kinds = {
        Param(True).kind,
        Param(8, 1, 64).kind,
        Param("saw", choices=("saw",)).kind,
        Param(0.5, 0.0, 1.0).kind,
        Param("4 Hz", 0, 9).kind,
    }
    assert [Param(True).kind, Param(8, 1, 64).kind, Param("a", choices=("a", "b")).kind] == ["bool", "int", "enum"]
    assert kinds == {"bool", "int", "enum", "float"}


@pytest.mark.parametrize(("given", "value"), [("on", 1.0), ("Off", 0.0), ("yes", 1.0), ("false", 0.0), (True, 1.0), (0, 0.0), ("1", 1.0)])
def test_switches(given: str | bool | int, value: float) -> None:
    assert Param(False).parse(given) == value
    assert Param(False).format(value) == ("on" if value else "off")


@pytest.mark.parametrize(("given", "value"), [("saw", 0.0), (" Super Saw ", 1.0), ("super-saw", 1.0), (2, 2.0), (1.0, 1.0)])
def test_choices_by_word_or_number(given: str | float, value: float) -> None:
    param = Param("saw", choices=("saw", "super_saw", "sine"))
    assert param.parse(given) == value
    assert param.parse(param.format(value)) == value


@pytest.mark.parametrize("given", ["square", 3, -1, 0.5, True])
def test_other_choices_are_refused_with_the_list(given: str | float) -> None:
    with pytest.raises(ValueError, match="none of saw, super_saw, sine"):
        Param("saw", choices=("saw", "super_saw", "sine")).parse(given)


def test_whole_numbers_stay_whole() -> None:
    param = Param(8, 1, 64)
    with pytest.raises(ValueError, match="not a whole number"):
        param.parse(8.5)
    assert param.format(8.0) == "8"
    assert param.clamp(8.4) == 8.0
    assert {param.denormalise(place / 100) for place in range(101)} <= set(map(float, range(1, 65)))


def test_note_lengths_only_where_they_make_sense() -> None:
    synced, free = Param("250 ms", "1 ms", "2 s", synced=True), Param("250 ms", "1 ms", "2 s")
    assert synced.parse("1/8D") == Beats(Fraction(3, 4))
    assert synced.resolve(synced.parse("1/8"), 120.0) == pytest.approx(0.25)
    assert synced.resolve(synced.parse("4 bars"), 60.0) == 2.0, "held inside the range"
    with pytest.raises(ValueError, match=r"\S"):
        free.parse("1/8D")
    with pytest.raises(UnitError, match="cannot follow the tempo"):
        free.parse(Beats(1))


def test_a_synced_rate_is_a_frequency() -> None:
    rate = Param("2 Hz", "0.01 Hz", "40 Hz", synced=True)
    assert rate.resolve(rate.parse("1/4"), 120.0) == pytest.approx(2.0)


@pytest.mark.parametrize(
    "given",
    [
        {"default": 2.0, "minimum": 0.0, "maximum": 1.0},
        {"default": 0.0, "minimum": 0.0, "maximum": 1.0, "curve": "log"},
        {"default": 0.0, "minimum": 1.0, "maximum": 1.0},
        {"default": 0.0},
        {"default": 0.0, "minimum": 0.0, "maximum": math.inf},
        {"default": "drum", "choices": ("saw", "sine")},
        {"default": "4 Hz", "minimum": "1 s", "maximum": "2 s"},
        {"default": 0.5, "minimum": 0.0, "maximum": 1.0, "smoothing": "soon"},
    ],
)
def test_a_wrong_declaration_is_refused_where_it_stands(given: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Param(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["plugin", "mix", "bypass", "state", "handle", "process_block", "sample_rate", "inputs"])
def test_names_with_a_meaning_are_refused(name: str) -> None:
    with pytest.raises(TypeError, match=f"cannot be called '{name}'"):
        type("Named", (Effect,), {name: Param(0.5, 0.0, 1.0), "__doc__": "Named."})


def test_a_class_body_names_its_parameters() -> None:
    class Named(Effect):
        """Named."""

        cut_off = Param("1 kHz", "20 Hz", "20 kHz")
        other = Param(0.5, 0.0, 1.0, label="Something else")

    assert (Named.cut_off.id, Named.cut_off.label, Named.cut_off.unit) == ("cut_off", "Cut off", "Hz")
    assert Named.other.label == "Something else"
    assert list(Named.parameters) == ["cut_off", "other"]
    assert repr(Named.cut_off) == "Param('cut_off', float, 1 kHz)"


def test_classes_pass_their_declarations_on() -> None:
    class Base(Effect):
        """Base."""

        first = Param(0.5, 0.0, 1.0)
        second = Param(0.5, 0.0, 1.0)

    class Derived(Base):
        """Derived."""

        second = Param(0.25, 0.0, 1.0)
        third = Param(0.5, 0.0, 1.0)

    assert list(Derived.parameters) == ["first", "second", "third"]
    assert Derived.parameters["second"].default == 0.25
    assert Base.parameters["second"].default == 0.5


def test_memories_know_their_length_at_a_rate() -> None:
    assert Memory(16).frames(96000.0) == 16
    line = DelayLine("250 ms")
    for rate in (22050.0, 48000.0, 192000.0):
        ring = line.frames(rate) - 1
        assert ring >= 0.25 * rate + 4
        assert ring & (ring - 1) == 0
    assert isinstance(Phase(), State)
