"""YAML text -> a small tree of scalars, sequences and mappings that know their places.

This module knows YAML and its dangers. It does not know what any document means. Every scalar is text: `on`, `no`, `012` and
`1e3` stay what was written, and only who uses them converts them.

Documents come from strangers, so the tree is composed in one pass over libyaml's event stream, which is flat: no recursion
anywhere, and nothing is built once a limit is passed. Refused: anchors, aliases, tags, duplicate keys, several documents,
more than `DEEPEST` levels, `MOST_NODES` nodes or `LARGEST` bytes. (A constructor that recurses ends the interpreter at some
30 000 nested brackets, which is a 30 KB file.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from backline.formats.errors import MOST_PROBLEMS, DocumentError, Place, Problem, line_and_column, quoted

LARGEST = 1 << 20
DEEPEST = 32
MOST_NODES = 10_000
_LONGEST_KEY = 256

# What YAML 1.2 does not let stand in a text (C0 and C1 controls, lone surrogates, non-characters).
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_TAB_INDENT = re.compile(r"^ *\t[ \t]*(?=[^\s#])", re.MULTILINE)

_SYNTAX = (
    ("found character '%'", "'%' cannot begin a value; put it in quotes"),
    ("cannot start any token", "this character cannot begin a value; put the value in quotes"),
    ("expected ',' or '}'", "a ',' or the closing '}' is missing"),
    ("expected ',' or ']'", "a ',' or the closing ']' is missing"),
    ("expected '-' indicator", "a list goes on with '- ' at the same indentation"),
    ("expected key", "the indentation does not fit the lines above"),
    ("could not find expected ':'", "a ':' is missing after this key"),
    ("unexpected end of stream", "a closing quote is missing"),
    ("unexpected document indicator", "a closing quote is missing"),
    ("expected <document start>", "this does not fit what stands above; check the indentation"),
    ("block sequence entries are not allowed", "a list cannot begin here; begin it on a new line"),
    ("block mapping", "the indentation does not fit the lines above"),
    ("unknown escape character", "unknown escape; write \\\\ for a backslash, or use single quotes"),
    ("hexdecimal number", "this escape needs hexadecimal digits"),
    ("alphabetic or numeric character", "'&' and '*' cannot begin a value; put it in quotes"),
    ("tab character", "tabs cannot indent; use spaces"),
    ("while scanning a block scalar", "the text block is not indented"),
    ("incompatible YAML document", "only YAML 1.1 and 1.2 can be read"),
    ("directive", "'%' at the start of a line begins a directive; put the text in quotes"),
    ("tag", "tags ('!') are refused; put the value in quotes"),
)


@dataclass(slots=True)
class Scalar:
    """A text. `plain` says it stands without quotes on one line; `end_line` and `end_column` are where its token ends."""

    value: str
    line: int
    column: int
    end_line: int
    end_column: int
    plain: bool = True
    quote: str = ""


@dataclass(slots=True)
class Sequence:
    """A list."""

    line: int
    column: int
    items: list[Tree] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """Keys with values, in written order, each key once."""

    line: int
    column: int
    entries: dict[str, tuple[Scalar, Tree]] = field(default_factory=dict)

    def get(self, key: str) -> Tree | None:
        """Return the value of `key`, or None."""
        entry = self.entries.get(key)
        return entry[1] if entry else None

    def items(self) -> Iterator[tuple[str, Scalar, Tree]]:
        """Yield the text of each key, the key and the value."""
        for key, (scalar, value) in self.entries.items():
            yield key, scalar, value


@dataclass(slots=True)
class Refused:
    """Stands where an alias stood; whoever meets it stays silent, since the alias was reported."""

    line: int
    column: int


Tree = Scalar | Sequence | Mapping | Refused


def decode(data: bytes, file: str) -> str:
    """Return the text of a document's bytes. Raises `DocumentError` when it is too large or not UTF-8."""
    if len(data) > LARGEST:
        raise DocumentError([Problem(Place(file, 1, 1), "the file is larger than 1 MiB, where documents end")])
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DocumentError([Problem(Place(file, 1, 1), "the file is UTF-16; save it as UTF-8")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", errors="replace")
        line, column = line_and_column(before, len(before))
        message = f"byte {data[error.start]:#04x} is not UTF-8; save the file as UTF-8"
        raise DocumentError([Problem(Place(file, line + 1, column + 1), message)], data.decode("utf-8", errors="replace")) from None


def read_yaml(text: str, file: str) -> tuple[Tree, list[Problem]]:
    """Return the tree of a YAML text, and the problems that let the reader go on (duplicate keys, anchors, tags).

    Raises `DocumentError` where the text is no YAML, is empty, or passes a limit.
    """
    text = text.removeprefix("\ufeff")
    _check_characters(text, file)
    return _Composer(text, file).compose()


def place_of(tree: Tree, file: str) -> Place:
    """Return where a node stands; its width is the scalar's token on its first line."""
    width = 1
    if isinstance(tree, Scalar) and tree.end_line == tree.line:
        width = max(tree.end_column - tree.column, 1)
    return Place(file, tree.line + 1, tree.column + 1, width)


def place_within(scalar: Scalar, start: int, end: int, file: str, lines: list[str]) -> Place:
    """Return where characters start..end of a scalar's value stand, or the whole scalar where escapes or folds hide them."""
    first = scalar.column + len(scalar.quote)
    source = lines[scalar.line] if scalar.line < len(lines) else ""
    if scalar.end_line != scalar.line or source[first : first + len(scalar.value)] != scalar.value:
        return place_of(scalar, file)
    return Place(file, scalar.line + 1, first + start + 1, max(end - start, 1))


def plain_value(tree: Tree) -> Any:
    """Return the tree as dicts, lists and strings."""
    if isinstance(tree, Mapping):
        return {key: plain_value(value) for key, _, value in tree.items()}
    if isinstance(tree, Sequence):
        return [plain_value(item) for item in tree.items]
    return tree.value if isinstance(tree, Scalar) else ""


def _check_characters(text: str, file: str) -> None:
    if len(text) > LARGEST:
        raise DocumentError([Problem(Place(file, 1, 1), "the text is larger than 1 MiB, where documents end")])
    bad = _UNPRINTABLE.search(text)
    if bad is not None:
        line, column = line_and_column(text, bad.start())
        message = f"character U+{ord(bad[0]):04X} cannot stand in a document; in double quotes it may be written as an escape"
        raise DocumentError([Problem(Place(file, line + 1, column + 1), message)], text)


class _Composer:
    """Builds the tree from the events, with its own stack of open nodes."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.problems: list[Problem] = []
        self.root: Tree | None = None
        self.open: list[Sequence | Mapping] = []
        self.keys: list[Scalar | None] = []
        self.count = 0

    def compose(self) -> tuple[Tree, list[Problem]]:
        loader = yaml.CSafeLoader(self.text)
        documents = 0
        try:
            while loader.check_event():
                event = loader.get_event()
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self.stop(event, "a second document begins here; a file holds one")
                    if event.tags:
                        self.note(event, "tags are refused, and so is %TAG")
                elif isinstance(event, yaml.NodeEvent):
                    self.begin(event)
                elif isinstance(event, yaml.CollectionEndEvent):
                    self.open.pop()
                    self.keys.pop()
        except yaml.MarkedYAMLError as error:
            raise self.syntax_error(error) from None
        except (yaml.YAMLError, UnicodeError) as error:
            raise DocumentError([*self.problems, Problem(Place(self.file, 1, 1), f"not YAML: {error}")], self.text) from None
        finally:
            loader.dispose()
        if self.root is None:
            raise DocumentError([Problem(Place(self.file, 1, 1), "the file is empty")], self.text)
        return self.root, self.problems

    def begin(self, event: Any) -> None:
        """Put the node that begins with `event` where it belongs."""
        self.count += 1
        if self.count > MOST_NODES:
            self.stop(event, f"the document has more than {MOST_NODES} values")
        if len(self.problems) >= MOST_PROBLEMS:
            raise DocumentError(self.problems, self.text)
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            self.note(event, f"aliases are refused: write the value again instead of *{event.anchor}")
            self.put(Refused(mark.line, mark.column))
            return
        if event.anchor is not None:
            self.note(event, f"anchors are refused: remove &{event.anchor}")
        if getattr(event, "tag", None) is not None:
            self.note(event, f"tags are refused: remove {quoted(_short_tag(event.tag))}")
        if isinstance(event, yaml.ScalarEvent):
            self.put(_scalar(event))
            return
        if len(self.open) >= DEEPEST:
            self.stop(event, f"nested deeper than {DEEPEST} levels")
        node: Sequence | Mapping = (Mapping if isinstance(event, yaml.MappingStartEvent) else Sequence)(mark.line, mark.column)
        self.put(node)
        self.open.append(node)
        self.keys.append(None)

    def put(self, node: Tree) -> None:
        """Hang a node under the innermost open one."""
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        key = self.keys[-1]
        if key is not None:
            parent.entries[key.value] = (key, node)
            self.keys[-1] = None
            return
        self.keys[-1] = self.checked_key(node, parent)

    def checked_key(self, node: Tree, parent: Mapping) -> Scalar:
        """Return the key that a node is; a bad or duplicate one is noted and kept under a name nobody looks up."""
        if isinstance(node, Scalar):
            earlier = parent.entries.get(node.value)
            if node.value == "<<" and node.plain:
                message = "merge keys ('<<') are refused"
            elif len(node.value) > _LONGEST_KEY:
                message = f"a key has at most {_LONGEST_KEY} characters"
            elif earlier is not None:
                message = f"{quoted(node.value)} is already there, at line {earlier[0].line + 1}"
            else:
                return node
            self.problems.append(Problem(place_of(node, self.file), message))
        else:
            self.problems.append(Problem(place_of(node, self.file), "a key must be a plain text"))
        return Scalar(f"\0{self.count}", node.line, node.column, node.line, node.column)

    def note(self, event: Any, message: str) -> None:
        self.problems.append(Problem(_event_place(event, self.file), message))

    def stop(self, event: Any, message: str) -> None:
        self.note(event, message)
        raise DocumentError(self.problems, self.text)

    def syntax_error(self, error: yaml.MarkedYAMLError) -> DocumentError:
        mark = error.problem_mark or error.context_mark
        if mark is None:
            return DocumentError([*self.problems, Problem(Place(self.file, 1, 1), _translated(error, ""))], self.text)
        line, column = mark.line, mark.column
        tab = _TAB_INDENT.search(self.text, self.text.rfind("\n", 0, mark.index) + 1)
        if tab is not None and line_and_column(self.text, tab.start())[0] <= line + 1:
            line, column = line_and_column(self.text, tab.start() + tab[0].index("\t"))
            message = "tabs cannot indent; use spaces"
        else:
            message = _translated(error, self.text[max(mark.index - column, 0) : mark.index])
            began = error.context_mark
            if began and (message.startswith(("a closing quote", "a ':' is missing")) or mark.index >= len(self.text)):
                line, column = began.line, began.column
            elif began and "or the closing" in message and began.line < line:
                message += f"; it was opened at line {began.line + 1}"
        return DocumentError([*self.problems, Problem(Place(self.file, line + 1, column + 1), message)], self.text)


def _scalar(event: Any) -> Scalar:
    start, end = event.start_mark, event.end_mark
    plain = not event.style and start.line == end.line
    quote = event.style if event.style in ("'", '"') else ""
    return Scalar(event.value, start.line, start.column, end.line, end.column, plain, quote or "")


def _event_place(event: Any, file: str) -> Place:
    start, end = event.start_mark, event.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return Place(file, start.line + 1, start.column + 1, max(width, 1))


def _short_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _translated(error: yaml.MarkedYAMLError, before: str) -> str:
    """Say in the reader's words what libyaml says in a parser's; `before` is the line up to the place."""
    said = f"{error.problem or ''} {error.context or ''}"
    if "mapping values are not allowed" in said:
        if ": " in before:
            return "a second ':' stands here; put the value in quotes, or begin a new line"
        return "a key cannot stand here: the line above lacks its ':', or this one is indented too far"
    if ("expected key" in said or "expected '-'" in said) and before.rstrip().endswith(("'", '"')):
        return "nothing may follow the closing quote but a comment"
    for part, message in _SYNTAX:
        if part in said:
            return message
    return f"not YAML: {(error.problem or 'cannot be read').strip()}"
