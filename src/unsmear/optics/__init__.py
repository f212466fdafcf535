"""Blurry image formation: PSFs of a camera, its response, and the exposure that joins them.

Nothing is imported here, so that a short job pays only for what it uses.
"""
