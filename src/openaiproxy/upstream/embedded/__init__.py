"""A stand-in for OpenAI's API: deterministic, and able to misbehave on request."""

from openaiproxy.upstream.embedded.door import resource, site

__all__ = ["resource", "site"]
