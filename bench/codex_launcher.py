"""codex-api-proxy as it ships, with two constants changed: the base URLs that it asks.

``python codex_launcher.py BASE ARGUMENT...`` with its own arguments. It knows no option for those URLs: with an API key
it asks OpenAI's, with ChatGPT's tokens that of Codex.
"""

import sys

import codex_api_proxy.auth
from codex_api_proxy.cli import main

if __name__ == "__main__":
    codex_api_proxy.auth.OPENAI_API_BASE_URL = sys.argv[1]
    codex_api_proxy.auth.CHATGPT_CODEX_BASE_URL = sys.argv[1]
    raise SystemExit(main(sys.argv[2:]))
