"""ResNet-50 to ONNX as a whole process: cnnc against torch's exporters."""

from __future__ import annotations

import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from .measure import interleaved, table

TORCH = """
import torch, torchvision
net = torchvision.models.resnet50().eval()
torch.onnx.export(net, (torch.zeros(1, 3, 224, 224),), {path!r}, dynamo={dynamo})
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "net.onnx")
        commands = {
            "cnnc export": [sys.executable, "-m", "cnnc", "export", "zoo:resnet50", "-o", path],
            "cnnc export --fold": [sys.executable, "-m", "cnnc", "export", "zoo:resnet50", "--fold", "-o", path],
        }
        if find_spec("onnxscript") is not None:
            commands["torch.onnx.export"] = [sys.executable, "-c", TORCH.format(path=path, dynamo=True)]
        commands["torch.onnx.export, traced"] = [sys.executable, "-c", TORCH.format(path=path, dynamo=False)]
        print("ResNet-50 to ONNX, whole process (median of 3 interleaved runs)")
        if find_spec("onnxscript") is None:
            print("torch's newer exporter needs `pip install onnxscript`")
        table(interleaved(commands, 3), "cnnc export")


if __name__ == "__main__":
    main()
