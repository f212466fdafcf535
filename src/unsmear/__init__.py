"""Sharp frames from one motion-blurred picture.

The package knows nothing of the workflow: every function takes paths, arrays or
configuration objects and can be used from Python alone.
"""

__version__ = "0.1.0"
