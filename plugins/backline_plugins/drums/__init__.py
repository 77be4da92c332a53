"""Drum instruments. Each module holds one plugin."""
