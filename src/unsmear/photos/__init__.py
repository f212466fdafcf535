"""A person's photo in, its sharp frames out: reading, tiles, frames, videos, command and page."""
