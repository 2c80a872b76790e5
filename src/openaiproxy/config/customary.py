"""How chatgpt-proxy's variables are read: times in milliseconds, counts in digits, and nothing else.

What can't be read there never kept it from starting; see :class:`openaiproxy.config.setting.Setting`.
"""

import re

__all__ = ["count", "milliseconds"]

_DIGITS = re.compile(r"[0-9]{1,12}")


def count(raw: object) -> int:
    """Read a customary number."""
    text = str(raw).strip()
    if _DIGITS.fullmatch(text) and int(text) > 0:
        return int(text)
    raise ValueError("expected a whole number above 0")


def milliseconds(raw: object) -> float:
    """Read a customary time, to seconds."""
    return count(raw) / 1000
