"""From a preset to sound: graph, plan, blocks. Foreign plugins are hosted here, behind one interface."""

from .rack import Audio, Rack, load, loads

__all__ = ["Audio", "Rack", "load", "loads"]
