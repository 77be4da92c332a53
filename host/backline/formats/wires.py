"""Wires, modulation and controls. Text <-> model, both ways.

This module knows their grammar and at which characters each word stands, so that an error can point at it. It does not know
YAML, files, or which nodes there are.

    wire          in -> comp -> out [-12 dB]      kick -> comp.sidechain      kit.snare -> out:room
    modulation    lfo -> keys.cutoff [2 oct] rate control
    control       cc 74 channel 2 -> keys.cutoff [200 Hz .. 8 kHz log]
    range         200 Hz .. 8 kHz log
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn, cast, get_args

from backline.formats.errors import did_you_mean, quoted
from backline.formats.small_texts import (
    LONGEST_NAME,
    LONGEST_TEXT,
    NAME,
    ParsedRange,
    TextError,
    Word,
    is_quantity,
    parse_channel,
    parse_integer,
    parse_key,
    parse_range,
    trimmed,
)
from backline.model.preset import (
    EVENTS,
    INPUT,
    OUTPUT,
    RESERVED_NAMES,
    Control,
    End,
    Gesture,
    GestureKind,
    Modulation,
    ModulationRate,
    Target,
    Wire,
)
from backline.sdk.units import UnitError, format_quantity, note_name, parse_quantity

LOUDEST_DB = 60.0
RATES: tuple[str, ...] = get_args(ModulationRate)
GESTURES: tuple[str, ...] = get_args(GestureKind)

_PORT = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?", re.ASCII)
_ARROW = re.compile(r"-+>")
_ODD_ARROW = re.compile(r"[-=]{1,3}>|→|⟶|➔|>")
_WORD = re.compile(r"\S+")
_BEGINS_AS_NUMBER = re.compile(r"[+-]?\.?\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hop:
    """A parsed wire and the words it came from; a word's place is where its node's name stands."""

    wire: Wire
    source: Word
    target: Word
    gain: Word | None = None


@dataclass(frozen=True, slots=True)
class ParsedModulation:
    """A parsed modulation and its words."""

    modulation: Modulation
    source: Word
    target: Word
    depth: Word


@dataclass(frozen=True, slots=True)
class ParsedControl:
    """A parsed control and its words."""

    control: Control
    source: Word
    target: Word
    range: ParsedRange | None


def parse_wire(text: str) -> list[Hop]:
    """Return the hops of a chain `a -> b -> c [-12 dB]`; the gain belongs to the last. Raises `TextError`."""
    body, bracket, after = _split_bracket(text)
    if after.text:
        after.fail(f"{quoted(after.text)} cannot follow the gain")
    words = _split_arrows(body)
    if len(words) < 2:
        _not_connected(body, "a wire")
    gain = _parse_gain(bracket) if bracket else None
    ends = [_parse_end(word, first=index == 0, last=index == len(words) - 1) for index, word in enumerate(words)]
    hops = []
    for index in range(len(words) - 1):
        is_last = index == len(words) - 2
        wire = Wire(source=ends[index], target=ends[index + 1], gain_db=gain if is_last else None)
        hops.append(Hop(wire, words[index], words[index + 1], bracket if is_last else None))
    return hops


def parse_modulation(text: str) -> ParsedModulation:
    """Return `lfo -> keys.cutoff [2 oct] rate control`. Raises `TextError`."""
    body, depth, after = _split_bracket(text)
    source, target = _two_words(body, "a modulation", "lfo -> keys.cutoff [2 oct]")
    end = _parse_end(source, first=True, last=False)
    if end.node in RESERVED_NAMES:
        source.fail(f'"{end.node}" is not a modulator')
    aim = _parse_target(target)
    if aim.node is None:
        target.fail(f'"{aim.parameter}" is no parameter; write node.parameter', f"for example {aim.parameter}.cutoff")
    if depth is None:
        body.fail("a modulation needs a depth", f"for example {body.text} [35 %]")
    if not is_quantity(depth.text) and not _BEGINS_AS_NUMBER.match(depth.text):
        depth.fail(f"{quoted(depth.text)} is not a depth", "for example [35 %], [2 oct] or [500 Hz]")
    modulation = Modulation(source=end, target=aim, depth=depth.text, rate=_parse_rate(after))
    return ParsedModulation(modulation, source, target, depth)


def parse_control(text: str) -> ParsedControl:
    """Return `cc 74 channel 2 -> keys.cutoff [200 Hz .. 8 kHz log]`. Raises `TextError`."""
    body, bracket, after = _split_bracket(text)
    if after.text:
        after.fail(f"{quoted(after.text)} cannot follow the range")
    source, target = _two_words(body, "a control", "cc 74 -> brightness")
    gesture = _parse_gesture(source)
    aim = _parse_target(target)
    span = parse_range(bracket) if bracket else None
    control = Control(source=gesture, target=aim, range=span.range if span else None)
    return ParsedControl(control, source, target, span)


def write_wires(wires: list[Wire]) -> list[str]:
    """Return texts that `parse_wire` reads back as these hops; hops that follow on one another become chains."""
    texts: list[str] = []
    last: Wire | None = None
    for wire in wires:
        follows = last is not None and last.gain_db is None and last.target == wire.source and wire.source.port is None
        if follows and len(texts[-1]) + len(str(wire.target)) < LONGEST_TEXT - 40:
            texts[-1] += f" -> {wire.target}"
        else:
            texts.append(f"{wire.source} -> {wire.target}")
        if wire.gain_db is not None:
            texts[-1] += f" [{format_quantity(wire.gain_db, 'dB')}]"
        last = wire
    return texts


def write_modulation(modulation: Modulation) -> str:
    """Return the text that `parse_modulation` reads back."""
    rate = f" rate {modulation.rate}" if modulation.rate else ""
    return f"{modulation.source} -> {modulation.target} [{modulation.depth}]{rate}"


def write_control(control: Control) -> str:
    """Return the text that `parse_control` reads back."""
    gesture = control.source
    words: list[str] = [gesture.kind]
    if gesture.number is not None:
        words.append(note_name(gesture.number) if gesture.kind == "note" else str(gesture.number))
    if gesture.channel is not None:
        words.append(f"channel {gesture.channel}")
    text = f"{' '.join(words)} -> {control.target}"
    return text if control.range is None else f"{text} [{control.range}]"


def _split_bracket(text: str) -> tuple[Word, Word | None, Word]:
    """Split `body [inside] after`."""
    if len(text) > LONGEST_TEXT:
        raise TextError(f"this is longer than {LONGEST_TEXT} characters; write several lines", 0, len(text))
    opening, closing = text.find("["), text.rfind("]")
    if opening < 0 and closing < 0:
        return trimmed(text, 0), None, Word("", len(text), len(text))
    if closing < opening or opening < 0:
        at = max(opening, closing)
        missing = "]" if opening >= 0 else "["
        raise TextError(f"the other bracket, '{missing}', is missing", at, at + 1)
    inside, after = text[opening + 1 : closing], trimmed(text[closing + 1 :], closing + 1)
    if "[" in inside or "]" in inside or "->" in after.text:
        raise TextError("one bracket stands at the end, after the last name", opening, closing + 1)
    if not inside.strip():
        raise TextError("the brackets are empty", opening, closing + 1)
    return trimmed(text[:opening], 0), trimmed(inside, opening + 1), after


def _split_arrows(body: Word) -> list[Word]:
    words, at = [], 0
    for arrow in _ARROW.finditer(body.text):
        if arrow[0] != "->":
            raise TextError(f"{quoted(arrow[0])} connects nothing", body.start + arrow.start(), body.start + arrow.end(), "write ->")
        words.append(body.part(at, arrow.start()))
        at = arrow.end()
    words.append(body.part(at))
    for index, word in enumerate(words):
        if not word.text and len(words) > 1:
            side = "before" if index == 0 else "after"
            at = max(word.start - 2, body.start) if index else body.start
            raise TextError(f"a name is missing {side} '->'", at, at + 2)
    return words


def _two_words(body: Word, what: str, example: str) -> tuple[Word, Word]:
    words = _split_arrows(body)
    if len(words) < 2:
        _not_connected(body, what, example)
    if len(words) > 2:
        words[2].fail(f"{what} has two ends, no chain", f"for example {example}")
    return words[0], words[1]


def _not_connected(body: Word, what: str, example: str = "midi -> keys -> out") -> NoReturn:
    odd = _ODD_ARROW.search(body.text)
    if odd is not None:
        start = body.start + odd.start()
        raise TextError(f"{quoted(odd[0])} connects nothing", start, start + len(odd[0]), "write ->")
    body.fail(f"{what} connects two names with '->'", f"for example {example}")


def _parse_end(word: Word, *, first: bool, last: bool) -> End:
    """Read `node`, `node.port`, `in`, `midi`, `out` or `out:NAME`."""
    odd = _ODD_ARROW.search(word.text)
    if odd is not None:
        start = word.start + odd.start()
        raise TextError(f"{quoted(odd[0])} connects nothing", start, start + len(odd[0]), "write ->")
    mark = ":" if ":" in word.text else "."
    node, found, port = word.text.partition(mark)
    if not NAME.fullmatch(node) or len(node) > LONGEST_NAME:
        word.fail(f"{quoted(word.text)} is not a name", "names have letters, digits, '_' and '-'; a port follows a dot")
    if found and (not _PORT.fullmatch(port) or len(port) > LONGEST_NAME):
        word.fail(f"{quoted(port)} is not the name of a port" if port else f"the port's name is missing after '{mark}'")
    if found and mark == ":" and node != OUTPUT:
        word.fail(f"only {OUTPUT} has further outputs, {OUTPUT}:NAME", f"write {node}.{port} for a port")
    if found and mark == "." and node in RESERVED_NAMES:
        word.fail(f'"{node}" has no ports', f"write {OUTPUT}:{port} for a further output" if node == OUTPUT else None)
    if node == OUTPUT and not last:
        word.fail(f'"{OUTPUT}" is where sound leaves; nothing can follow it')
    if node in (INPUT, EVENTS) and not first:
        word.fail(f'"{node}" is where a wire begins; nothing can lead to it')
    if found and not first and not last:
        word.fail("in the middle of a chain a port could be input or output", "write two wires")
    return End(node=node, port=port if found else None)


def _parse_target(word: Word) -> Target:
    """Read `node.parameter` or the name of a macro; a parameter may have any name without brackets."""
    node, dot, parameter = word.text.partition(".")
    if not NAME.fullmatch(node) or len(node) > LONGEST_NAME:
        word.fail(f"{quoted(word.text)} is neither node.parameter nor the name of a macro")
    if not dot:
        return Target(node=None, parameter=node)
    if not parameter.strip() or parameter != parameter.strip() or not parameter.isprintable():
        word.fail(f'the parameter\'s name is missing after "{node}."')
    return Target(node=node, parameter=parameter)


def parse_target(text: str) -> Target:
    """Return `node.parameter`, or a macro's name, as a target. Raises `TextError`."""
    if len(text) > LONGEST_TEXT or "->" in text or "[" in text or "]" in text:
        raise TextError(f"{quoted(text)} is neither node.parameter nor the name of a macro", 0, len(text))
    return _parse_target(Word(text, 0, len(text)))


def _parse_gain(word: Word) -> float:
    try:
        gain = parse_quantity(word.text, "dB")
    except UnitError as error:
        word.fail(f"a wire's gain is in dB: {error}")
    if gain > LOUDEST_DB:
        word.fail(f"a wire's gain ends at {format_quantity(LOUDEST_DB, 'dB')}; {quoted(word.text)} would be a mistake")
    return float(gain)


def _parse_rate(after: Word) -> ModulationRate | None:
    words = [after.part(match.start(), match.end()) for match in _WORD.finditer(after.text)]
    if not words:
        return None
    if words[0].text != "rate":
        words[0].fail(f'only "rate audio" or "rate control" may follow the depth, not {quoted(after.text)}')
    if len(words) != 2 or words[1].text not in RATES:
        (words[1] if len(words) > 1 else words[0]).fail("the rate is audio or control", 'write "rate audio" or "rate control"')
    return "audio" if words[1].text == "audio" else "control"


def _parse_gesture(word: Word) -> Gesture:
    words = [word.part(match.start(), match.end()) for match in _WORD.finditer(word.text)]
    kind = words[0]
    number = channel = None
    rest = words[1:]
    if kind.text in ("cc", "note"):
        if not rest or rest[0].text == "channel":
            kind.fail(f'"{kind.text}" needs a number', "for example cc 74" if kind.text == "cc" else "for example note C2")
        number = parse_integer(rest[0], "a controller", 0, 127) if kind.text == "cc" else parse_key(rest[0])
        rest = rest[1:]
    elif kind.text not in GESTURES:
        kind.fail(f"{quoted(kind.text)} is no gesture; known are {', '.join(GESTURES)}", did_you_mean(kind.text, GESTURES))
    if rest and rest[0].text == "channel":
        if len(rest) == 1:
            rest[0].fail("the channel's number is missing", "for example channel 2")
        channel = parse_channel(rest[1])
        rest = rest[2:]
    if rest:
        rest[0].fail(f"{quoted(rest[0].text)} cannot follow here", 'only "channel" and a number from 1 to 16')
    return Gesture(kind=cast("GestureKind", kind.text), number=number, channel=channel)
