"""TensorBoard's event files, by the means of its own package.

torch.utils.tensorboard and tensorboard's EventFileWriter load TensorFlow wherever it is installed, which takes ten
seconds; the records and messages below them do not.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Events:
    """One event file in a folder; a run that goes on adds another, which TensorBoard reads as one."""

    def __init__(self, folder: str, settings: Mapping[str, Any]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        Path(folder).mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time()):010}.{socket.gethostname()}.{os.getpid()}"
        self.records = RecordWriter(open(Path(folder, name), "wb"))  # noqa: SIM115
        self.event = Event
        self.write(file_version="brain.Event:2")
        self.text("settings", "```json\n" + json.dumps(settings, indent=1) + "\n```")

    def numbers(self, step: int, numbers: Mapping[str, float]) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=name, simple_value=value) for name, value in numbers.items()]
        self.write(step=step, summary=Summary(value=values))

    def text(self, tag: str, text: str) -> None:
        """Markdown."""
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.types_pb2 import DT_STRING

        kind = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
        tensor = TensorProto(dtype=DT_STRING, string_val=[text.encode()])
        self.write(step=0, summary=Summary(value=[Summary.Value(tag=tag, metadata=kind, tensor=tensor)]))

    def write(self, **fields: Any) -> None:
        self.records.write(self.event(wall_time=time.time(), **fields).SerializeToString())
        self.records.flush()

    def close(self, state: str) -> None:
        self.records.close()
