"""codex-api-proxy as it ships, with one constant changed: the base URL that it asks in ChatGPT's place.

``python codex_launcher.py BASE ARGUMENT...`` with its own arguments. It knows no option for that URL.
"""

import sys

import codex_api_proxy.auth
from codex_api_proxy.cli import main

if __name__ == "__main__":
    codex_api_proxy.auth.CHATGPT_CODEX_BASE_URL = sys.argv[1]
    raise SystemExit(main(sys.argv[2:]))
