"""Predictions over HTTP: the same as at home, and nothing a stranger sends does harm."""

from __future__ import annotations

import asyncio
import io
import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cnnc.runtime.serve.app import Service, application
from fastapi.testclient import TestClient
from PIL import Image

import cnnc
from cnnc.cli import main

LIMIT = 100_000


@pytest.fixture(scope="module")
def client(run: cnnc.Run) -> TestClient:
    service = Service("<Tiny>", run._trained, bytes=LIMIT, files=4)
    return TestClient(application(service), base_url="http://127.0.0.1")


def form(*contents: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", (f"{i}.png", content)) for i, content in enumerate(contents)]


def test_files_of_a_form_get_the_answers_of_predict(client: TestClient, run: cnnc.Run, digits: list[Path]) -> None:
    sent = digits[:3]
    found = client.post("/predict?top=2", files=form(*(path.read_bytes() for path in sent))).json()["predictions"]
    for answer, expected in zip(found, run.predict(sent, top=2), strict=True):
        assert [(one["class"], pytest.approx(one["probability"], abs=1e-6)) for one in answer["top"]] == list(
            expected.top
        )
    assert [answer["file"] for answer in found] == ["0.png", "1.png", "2.png"]


def test_a_picture_may_be_the_body(client: TestClient, digits: list[Path]) -> None:
    found = client.post("/predict", content=digits[0].read_bytes()).json()["predictions"]
    assert len(found) == 1
    assert len(found[0]["top"]) == 5


def test_many_at_once_each_get_their_own(client: TestClient, run: cnnc.Run, digits: list[Path]) -> None:
    expected = [answer.label for answer in run.predict(digits)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda path: client.post("/predict", content=path.read_bytes()).json(), digits))
    assert [answer["predictions"][0]["top"][0]["class"] for answer in answers] == expected


def test_the_model_says_what_it_is(client: TestClient) -> None:
    found = client.get("/model").json()
    assert found == {"model": "<Tiny>", "task": "classification", "classes": list("0123456789"), "input": [8, 8, 1]}
    assert client.get("/health").json() == {"status": "ok"}


def test_the_page_loads_nothing_and_shows_names_as_text(client: TestClient) -> None:
    page = client.get("/")
    assert "<h1>&lt;Tiny&gt;</h1>" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http" not in page.text.replace("${location.origin}", "")


def test_no_larger_than_the_limit(client: TestClient) -> None:
    assert client.post("/predict", content=b"x" * (LIMIT + 1)).status_code == 413


def test_no_larger_than_the_limit_also_when_nothing_is_said_of_the_size(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * (LIMIT // 10)

    assert client.post("/predict", content=pieces()).status_code == 413


def bomb(side: int) -> bytes:
    """A PNG that says to be enormous, by hand: a header and one empty piece of data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [7_000, 60_000])
def test_bombs_are_not_unpacked(client: TestClient, side: int) -> None:
    answer = client.post("/predict", files=form(bomb(side)))
    assert answer.status_code == 422
    assert "40,000,000" in answer.json()["detail"]


def saved(kind: str) -> bytes:
    found = io.BytesIO()
    Image.new("RGB", (8, 8)).save(found, kind)
    return found.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"nothing", "0.png: no picture"),
        (saved("JPEG")[:100], "0.png: the picture ends too early"),
        (saved("PDF"), "0.png: no picture"),
    ],
    ids=["text", "cut off", "another format"],
)
def test_what_is_no_picture_is_told(client: TestClient, content: bytes, told: str) -> None:
    answer = client.post("/predict", files=form(content))
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


def test_an_empty_file_among_others_is_told(client: TestClient) -> None:
    answer = client.post("/predict", files=form(saved("PNG"), b""))
    assert (answer.status_code, answer.json()["detail"]) == (422, "1.png: the file is empty")


def test_what_is_wrong_is_a_text(client: TestClient) -> None:
    """A `detail` that is a list for one fault and a text for all others is shown by nobody."""
    answer = client.post("/predict?top=x", files=form(saved("PNG")))
    assert (answer.status_code, answer.json()) == (422, {"detail": "`top` is a whole number, found `x`"})


@pytest.mark.parametrize(
    ("path", "files", "status"),
    [("/predict", form(), 422), ("/predict?top=0", form(saved("PNG")), 422),
     ("/predict?top=x", form(saved("PNG")), 422), ("/predict", form(*[saved("PNG")] * 5), 400)],
    ids=["no file", "top=0", "top=x", "too many files"],
)  # fmt: skip
def test_requests_that_say_something_else(client: TestClient, path: str, files: list[object], status: int) -> None:
    assert client.post(path, files=files or None).status_code == status


@pytest.mark.parametrize("kind", [b"image/png", b"multipart/form-data; boundary=x"])
def test_whoever_goes_away_within_a_request_does_no_harm(client: TestClient, kind: bytes) -> None:
    """As uvicorn tells it: what came so far, then that nobody is there."""
    came = [{"type": "http.request", "body": b"--x\r\n", "more_body": True}, {"type": "http.disconnect"}]
    headers = [(b"host", b"127.0.0.1"), (b"content-length", b"1000"), (b"content-type", kind)]
    scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b"", "headers": headers}

    async def receive() -> dict[str, object]:
        return came.pop(0)

    async def send(message: dict[str, object]) -> None:
        pass

    asyncio.run(client.app(scope, receive, send))  # type: ignore[arg-type, func-returns-value]


def test_words_in_a_form_are_left_alone(client: TestClient) -> None:
    answer = client.post("/predict", data={"top": "2"}, files=form(saved("PNG")))
    assert len(answer.json()["predictions"]) == 1
    words = client.post("/predict", data={"top": "2"}, files=[("files", ("", b""))])
    assert (words.status_code, words.json()["detail"][:10]) == (422, "no picture")


def test_other_names_of_this_machine_are_not_answered(client: TestClient) -> None:
    """A page of somebody else's whose name leads here would otherwise speak to us."""
    assert client.get("/model", headers={"host": "evil.example"}).status_code == 400


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("cnnc.commands.serve.find_spec", lambda name: None)
    assert main(["serve", "nowhere"]) == 1
    assert "pip install cnnc[serve]" in capsys.readouterr().err


def test_whoever_looks_whether_it_is_there_is_answered(client: TestClient) -> None:
    """As load balancers and `curl -I` do."""
    for path in ("/", "/health"):
        answer = client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
