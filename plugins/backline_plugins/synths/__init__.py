"""Synthesizers: notes in, sound made from nothing out. Each module holds one plugin."""
