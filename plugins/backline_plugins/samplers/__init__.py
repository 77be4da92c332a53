"""Samplers: notes in, recorded sound out. Each module holds one plugin, or what several share."""
