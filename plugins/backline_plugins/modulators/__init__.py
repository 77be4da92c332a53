"""Modulators: control signals for the parameters of other plugins. Each module holds one plugin."""
