"""What a script holds: a node, its parameters, the macros of a rack.

This module knows how names become attributes and items. It does not know blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from backline.formats.errors import did_you_mean
from backline.sdk.units import Beats

from .native_node import NativeNode
from .node import Parameter, RackNode, Value

if TYPE_CHECKING:
    from .engine import Engine

OWN = frozenset({"bypass", "mix"})


class NodeHandle:
    """One node of a rack. Parameters are attributes (`rack["keys"].cutoff = "2 kHz"`) and items (`rack["comp"]["Threshold"] = -18`).

    Reading gives a number in the parameter's unit (or a note length). The attributes `bypass` (True or False) and `mix` (0..1) are the
    node's own; a plugin's parameter of such a name is the item. Raises AttributeError or KeyError for a name that is none, ValueError for a
    value that does not fit.
    """

    def __init__(
        self,
        name: str,
        engine: Callable[[], Engine],
        changed: Callable[[str, str, Value], None],
        blend: Callable[[str, str, bool | float], None],
    ) -> None:
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_engine", engine)
        object.__setattr__(self, "_changed", changed)
        object.__setattr__(self, "_blend", blend)

    @property
    def _node(self) -> RackNode:
        node: RackNode = self._engine().node(self._name)
        return node

    @property
    def name(self) -> str:
        """The node's name in the rack."""
        return str(self._name)

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Parameters by id."""
        return dict(self._node.parameters)

    @property
    def plugin(self) -> Any:
        """The running plugin itself, for those who know what they do."""
        return getattr(self._node, "plugin", None)

    def meter(self, name: str) -> float:
        """What a read-only output of an in-house plugin shows. KeyError when there is none."""
        node = self._node
        if isinstance(node, NativeNode):
            return node.meter(name)
        raise KeyError(name)

    def state(self) -> dict[str, str]:
        """Every parameter as text by id."""
        return self._node.state()

    def _find(self, key: str) -> Parameter:
        try:
            return self._node.find(key)
        except KeyError:
            hint = did_you_mean(key, list(self._node.parameters))
            raise AttributeError(f'{self._name} has no parameter "{key}"' + (f"; {hint}" if hint else "")) from None

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        if key == "bypass":
            return self._node.bypassed
        if key == "mix":
            return self._node.mix
        return self._node.value(self._find(key).id)

    def __setattr__(self, key: str, value: float | str | bool | Beats) -> None:
        if key in OWN:
            self._blend(self._name, key, _own_value(key, value))
            return
        self._set(self._find(key), value)

    def _set(self, parameter: Parameter, value: float | str | Beats) -> None:
        self._changed(self._name, parameter.id, parameter.parse(value))

    def __getitem__(self, key: str) -> Value:
        return self._node.value(self._item(key).id)

    def __setitem__(self, key: str, value: float | str | Beats) -> None:
        self._set(self._item(key), value)

    def _item(self, key: str) -> Parameter:
        try:
            return self._find(key)
        except AttributeError as error:
            raise KeyError(str(error)) from None

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._node.parameters, *OWN})

    def __repr__(self) -> str:
        values = ", ".join(f"{key}={text}" for key, text in list(self._node.state().items())[:6])
        return f"<node {self._name}: {values}>"


def _own_value(key: str, value: float | str | bool | Beats) -> bool | float:
    from backline.sdk.units import parse_quantity

    if key == "bypass":
        if isinstance(value, str):
            words = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
            if value.strip().lower() not in words:
                raise ValueError(f"bypass is on or off, not {value}")
            return words[value.strip().lower()]
        return bool(value)
    amount = parse_quantity(str(value), "%") if isinstance(value, str) else float(value)
    if isinstance(amount, Beats) or not 0.0 <= amount <= 1.0:
        raise ValueError(f"mix is 0 % to 100 %, not {value}")
    return float(amount)


class Macros(MutableMapping[str, float]):
    """The macros of a rack by name, each 0..1. Those of nested racks are called `lead/brightness`."""

    def __init__(self, engine: Callable[[], Engine], turn: Callable[[str, float], None]) -> None:
        self._engine, self._turn = engine, turn

    def __getitem__(self, name: str) -> float:
        knobs = self._engine().knobs.macros
        if name not in knobs:
            hint = did_you_mean(name, list(knobs))
            raise KeyError(f'there is no macro "{name}"' + (f"; {hint}" if hint else ""))
        return knobs[name].value

    def __setitem__(self, name: str, value: float | str) -> None:
        from backline.sdk.units import parse_quantity

        self[name]  # KeyError with a hint
        position = parse_quantity(value, "%")
        if isinstance(position, Beats) or not 0.0 <= position <= 1.0:
            raise ValueError(f"macro {name} goes from 0 to 1, not {value}")
        self._turn(name, float(position))

    def __delitem__(self, name: str) -> None:
        raise TypeError("a macro belongs to its preset and cannot be deleted")

    def __iter__(self) -> Iterator[str]:
        return iter(self._engine().knobs.macros)

    def __len__(self) -> int:
        return len(self._engine().knobs.macros)

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name}: {value:.0%}" for name, value in self.items()) + "}"
