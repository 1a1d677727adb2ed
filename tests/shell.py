"""Pages that show commands and what they print: found, run and written anew."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHELL = re.compile(r"^```console\n\$ cnnc (?P<command>[^\n]*)\n(?P<output>.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[re.Match[str]]:
    """Every command of a page with the output below it."""
    return list(SHELL.finditer(page.read_text("utf-8")))


def output(command: str) -> str:
    """What a command prints on both streams, as on a terminal without colours."""
    done = subprocess.run(
        [sys.executable, "-m", "cnnc", *command.split()], cwd=ROOT, text=True, timeout=120,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
    )  # fmt: skip
    return "\n".join(line.rstrip() for line in done.stdout.strip("\n").split("\n")) + "\n"


def write_outputs(page: Path) -> None:
    """Put what the commands print now below them."""
    text = page.read_text("utf-8")
    page.write_text(SHELL.sub(lambda m: f"```console\n$ cnnc {m['command']}\n{output(m['command'])}```", text), "utf-8")
