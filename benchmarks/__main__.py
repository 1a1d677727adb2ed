"""All benchmarks, one after another; each is also a module of its own: `python -m benchmarks.startup`."""

from __future__ import annotations

from importlib import import_module

NAMES = ("startup", "linear", "zoo", "lowered", "export", "inference", "steps", "training", "feed", "look")


def main() -> None:
    for name in NAMES:
        print(f"\n=== {name}\n", flush=True)
        import_module(f".{name}", __package__).main()


if __name__ == "__main__":
    main()
