"""The user's own Codex login as a setting of a port: where it lies, and what is said of ourselves.

Part of a profile, and nothing but data. The login is the user's, for the user's own requests: there
is one of it, and the proxy says who it is.
"""

from attrs import frozen

__all__ = ["CLIENT_ID", "Account"]

CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"
"""The public OAuth client that the login was made with; only it can refresh the login's tokens."""


@frozen
class Account:
    """One login.

    :param auth_file: path of ``auth.json``: ``$CODEX_HOME/auth.json``, or ``~/.codex/auth.json``.
    :param refresh_url: where tokens are refreshed (``CODEX_REFRESH_TOKEN_URL_OVERRIDE``).
    :param client_id: in whose name (``CODEX_APP_SERVER_LOGIN_CLIENT_ID``).
    :param originator: our name for the backend (``CODEX_INTERNAL_ORIGINATOR_OVERRIDE``).
    :param user_agent: likewise (``CODEX_API_PROXY_USER_AGENT``); empty is the name and
        version of this package.
    :param residency: where the backend must work, such as ``us``
        (``CODEX_API_PROXY_RESIDENCY``); ``None`` says nothing.
    :param api_base: upstream for a login that is an API key.
    :param backend_base: upstream for a ChatGPT login.
    :param client_version: for the backend's list of models, which it fits to a version of Codex.
    """

    auth_file: str
    refresh_url: str = "https://auth.openai.com/oauth/token"
    client_id: str = CLIENT_ID
    originator: str = "openaiproxy"
    user_agent: str = ""
    residency: str | None = None
    api_base: str = "https://api.openai.com"
    backend_base: str = "https://chatgpt.com/backend-api/codex"
    client_version: str = "1.0.0"
