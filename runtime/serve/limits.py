"""Requests are held to a size, also those that do not say how large they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Limited:
    """An ASGI application whose requests have at most so many bytes."""

    def __init__(self, app: App, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        said = dict(scope.get("headers", ())).get(b"content-length", b"0")
        if said.isdigit() and int(said) > self.most:
            await JSONResponse({"detail": too_large(self.most)}, 413)(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self.most:
                raise HTTPException(413, too_large(self.most))
            return message

        await self.app(scope, counted, send)


def too_large(most: int) -> str:
    return f"a request has at most {most / 1e6:g} MB"
