"""A plain forwarder on FastAPI, uvicorn and httpx, for comparison: no keys, no limits, no log.

``python fastapi_forwarder.py PORT UPSTREAM`` with an upstream such as ``http://127.0.0.1:8000``.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from fastapi import FastAPI, Request
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse

CONNECTION_FIELDS = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


@asynccontextmanager
async def _client(app: FastAPI) -> AsyncIterator[None]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=1000)
    async with httpx.AsyncClient(
        base_url=sys.argv[2], timeout=600, limits=limits, trust_env=False
    ) as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=_client)


@app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def forward(path: str, request: Request) -> StreamingResponse:
    """Pass a request on and its answer back."""
    client: httpx.AsyncClient = app.state.client
    fields = [pair for pair in request.headers.items() if pair[0].lower() not in CONNECTION_FIELDS]
    asked = client.build_request(
        request.method, f"/{path}", headers=fields, content=await request.body()
    )
    answer = await client.send(asked, stream=True)
    kept = {name: value for name, value in answer.headers.items() if name != "transfer-encoding"}
    return StreamingResponse(
        answer.aiter_raw(), answer.status_code, kept, background=BackgroundTask(answer.aclose)
    )


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")
