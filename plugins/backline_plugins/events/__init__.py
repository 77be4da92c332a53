"""Event effects: notes and controllers in, notes and controllers out. Each module holds one plugin."""
