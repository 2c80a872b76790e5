"""Makes ``twistd openaiproxy`` known. Imports nothing of ours, so that ``twistd --help`` stays fast."""

from twisted.application.service import ServiceMaker

openaiproxy = ServiceMaker(
    "openaiproxy",
    "openaiproxy.tap",
    "A streaming proxy between OpenAI or Anthropic clients and OpenAI.",
    "openaiproxy",
)
