"""Python's collector of reference cycles, told what it need not look at.

It goes through everything that is reachable, time and again, and by far the most of that is modules and configuration,
which stay to the end. That costs a fifth of a request's time. What requests leave behind has no cycles, and goes at
once; Twisted leaves a few for each connection that it opens, which can wait.
"""

import gc

__all__ = ["settle"]

#: Objects made and not yet gone upon which the youngest are looked through; Python's own number is 700.
_YOUNG = 10_000


def settle() -> None:
    """Have all that there is now left alone for good. Called once, when the ports are open."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
