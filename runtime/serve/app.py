"""The application: a page, what the model is, and predictions.

| | |
| --- | --- |
| `GET /` | the page |
| `GET /model` | name, task, classes, input |
| `POST /predict` | pictures as files of a form, or one as the body; `?top=K`. Classes, tags, values or masks |
| `GET /health` | whether it answers |
"""

from __future__ import annotations

import base64
import io
import threading
import time
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, Response

from ..data import DataError
from ..inference.answers import Mask, answers, as_dict, class_name, masks
from ..inference.given import Loaded
from ..inference.paint import as_picture, colour
from ..inference.trained import Trained
from .limits import Limited
from .received import Sent, unpacked

HERE = Path(__file__).parent

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src blob: data:; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)


class Service(NamedTuple):
    """What is served and within which limits: bytes and files of a request; `hosts` are the names it answers to."""

    name: str
    trained: Trained
    top: int = 5
    bytes: int = 20_000_000
    files: int = 32
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")


def application(service: Service) -> Any:
    """The ASGI application."""
    api = FastAPI(title=f"cnnc: {service.name}", docs_url=None, redoc_url=None)
    lock = threading.Lock()
    markup = page(service)

    @api.api_route("/", methods=["GET", "HEAD"], response_class=HTMLResponse, include_in_schema=False)
    def home() -> HTMLResponse:
        return HTMLResponse(markup, headers={"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"})

    @api.get("/favicon.ico", include_in_schema=False)
    def icon() -> Response:
        return Response(status_code=204)

    @api.api_route("/health", methods=["GET", "HEAD"])
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @api.get("/model")
    def model() -> dict[str, Any]:
        wanted = service.trained.preparation
        return {
            "model": service.name,
            "task": wanted.task,
            "classes": list(wanted.classes),
            "input": list(wanted.wanted.shape),
        }

    @api.post("/predict")
    async def predict(request: Request, top: int = service.top) -> dict[str, Any]:
        if top < 1:
            raise HTTPException(422, f"`top` is at least 1, found {top}")
        sent = await files(request, service.files)
        began = time.perf_counter()
        try:
            found = await run_in_threadpool(predictions, service, sent, top, lock)
        except DataError as error:
            raise HTTPException(422, str(error)) from None
        return {"model": service.name, "predictions": found, "seconds": round(time.perf_counter() - began, 4)}

    @api.exception_handler(RequestValidationError)
    def no_number(request: Request, error: Exception) -> Response:
        """The only parameter there is; what is wrong is a text, as everywhere."""
        found = request.query_params.get("top")
        return JSONResponse({"detail": f"`top` is a whole number, found `{found}`"}, 422)

    @api.exception_handler(ClientDisconnect)
    def gone(request: Request, error: Exception) -> Response:
        """Whoever asked went away within the request: nobody is there to be answered."""
        return Response(status_code=400)

    api.add_middleware(TrustedHostMiddleware, allowed_hosts=list(service.hosts))
    return Limited(api, service.bytes)


async def files(request: Request, most: int) -> list[Sent]:
    """The files of a form, or the body as one."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=most, max_fields=most) as form:
            parts = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
            sent = [Sent(part.filename or "picture", await part.read()) for part in parts]
    else:
        sent = [Sent("picture", await request.body())]
    if not any(one.content for one in sent):
        raise HTTPException(422, "no picture: send files of a form, or one picture as the body")
    return sent


def predictions(service: Service, sent: list[Sent], top: int, lock: threading.Lock) -> list[dict[str, Any]]:
    """Unpacked beside other requests, computed one request after the other: more at once would only be slower."""
    split = Loaded(tuple(one.name for one in sent), tuple(map(unpacked, sent))).split()
    task = service.trained.preparation.task
    with lock:
        if task == "segmentation":
            return [drawn(mask) for mask in masks(service.trained, split)]
        return [as_dict(answer, task) for answer in answers(service.trained, split, top)]


def drawn(mask: Mask) -> dict[str, Any]:
    """The shares of the classes with their colours, and the mask: a PNG whose pixels are class numbers, in base64."""
    told = as_dict(mask.answer, "segmentation")
    numbers = {class_name(mask.classes, number): number for number in range(256)}
    for one in told["top"]:
        one["colour"] = colour(numbers[one["class"]])
    content = io.BytesIO()
    as_picture(mask.numbers).save(content, "PNG")
    return told | {"mask": base64.b64encode(content.getvalue()).decode("ascii")}


def page(service: Service) -> str:
    """The page, with the name of the model in it."""
    wanted = service.trained.preparation
    told = "values" if wanted.task == "regression" else "classes"
    about = f"{wanted.task}, {len(wanted.classes):,} {told}, input {'x'.join(map(str, wanted.wanted.shape))}"
    text = (HERE / "page.html").read_text("utf-8")
    return text.replace("{{model}}", escape(service.name)).replace("{{about}}", escape(about))
