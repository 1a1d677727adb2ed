"""Offer a trained model over HTTP, with a page to drop pictures on.

RUN is a run folder, an exported .onnx, or a .cnn file with `--weights`. Only this machine is answered, unless `--host`
says otherwise. `curl -F files=@picture.jpg http://127.0.0.1:8000/predict` gives JSON; Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import os
import socket
from importlib.util import find_spec

from .. import cli
from .eval import add_trained_arguments, opened

FILES = "own"

NEEDED = {"fastapi": "fastapi", "uvicorn": "uvicorn", "python_multipart": "python-multipart"}
"""Module -> package."""
LOCAL = ("127.0.0.1", "localhost", "::1")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_trained_arguments(parser)
    group = parser.add_argument_group("serving")
    group.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1, this machine)"
    )
    group.add_argument("--port", type=int, default=8000, help="the port (default: 8000)")
    group.add_argument("--top", type=int, default=5, metavar="K", help="how many classes to tell (default: 5)")
    group.add_argument("--limit", type=float, default=20, metavar="MB", help="largest request (default: 20 MB)")


def run(args: argparse.Namespace) -> int:
    from ..compiler.diagnostics import UserError

    if args.top < 1 or args.limit <= 0 or not 0 <= args.port < 65536:
        raise cli.UsageError("--top is at least 1, --limit more than 0, --port from 0 to 65535")
    missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
    if missing:
        raise UserError(f"serving wants {', '.join(missing)}: `pip install cnnc[serve]`")
    from ..runtime.inference.answers import TOLD

    trained, config = opened(args)
    wanted = trained.preparation
    if wanted.task not in TOLD or len(wanted.wanted.shape) != 3:
        raise UserError(f"only {', '.join(TOLD)} of pictures are served; {args.file} learned {wanted.task} from "
                        f"{'x'.join(map(str, wanted.wanted.shape))}")  # fmt: skip
    import uvicorn

    from ..runtime.serve.app import Service, application

    name = config["model"] if config is not None else args.file
    hosts = (*LOCAL[:2], "[::1]") if args.host in LOCAL else ("*",)
    service = Service(name, trained, args.top, round(args.limit * 1e6), hosts=hosts)
    listening = bound(args.host, args.port)
    address = f"[{args.host}]" if ":" in args.host else args.host
    print(f"{name} at http://{address}:{listening.getsockname()[1]}/", flush=True)
    if args.host not in LOCAL:
        print("whoever reaches this machine can use it: there is no password", flush=True)
    how = uvicorn.Config(application(service), log_level="warning", limit_concurrency=64)
    uvicorn.Server(how).run(sockets=[listening])
    return cli.DONE


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens; UserError where the address is taken or not of this machine."""
    from ..compiler.diagnostics import UserError

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        number = error.errno or 0
        reason = os.strerror(number).lower() if number >= 0 else "there is no such address"  # of a name: -2, or others
        raise UserError(f"cannot listen on {host}, port {port}: {reason}") from None
