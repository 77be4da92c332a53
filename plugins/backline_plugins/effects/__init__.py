"""Effects: audio in, audio out. Each module holds one plugin and knows nothing of the others, unless they share a law."""
