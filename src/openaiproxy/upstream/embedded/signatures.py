"""The signatures of thinking blocks: made from the thinking, so that one that was changed shows."""

import base64
import hashlib
from typing import Any

__all__ = ["signature"]


def signature(thinking: Any) -> str:
    """What signs a thinking, empty or not."""
    sealed = hashlib.shake_128(f"embedded/{thinking or ''}".encode()).digest(96)
    return "Eo" + base64.b64encode(sealed).decode()
