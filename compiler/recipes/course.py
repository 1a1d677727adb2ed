"""How long, how much at a time, and what is watched and kept on the way."""

from __future__ import annotations

from .base import Entry, Part, arg, entry, option, part
from .types import Length, Logs, Metrics, Name, Numbers

BY = (
    "val_loss", "val_accuracy", "val_iou", "val_f1", "val_mae", "val_rmse", "val_r2", "loss", "accuracy", "mae",
)  # fmt: skip
"""The figures of an epoch that decide; `val_` are those of the held-out examples."""


@entry("batch")
class Batch(Entry):
    """How many examples make one step."""

    size: int = arg("examples", min=1)
    split: int = option("passes whose gradients are added up for one step", default=1, min=1)


@entry("epochs")
class Epochs(Entry):
    """How long: passes over the training examples."""

    count: int = arg("passes", min=1)
    steps: int | None = option("steps that count as a pass, whatever the number of examples", default=None, min=1)


@entry("steps")
class Steps(Entry):
    """How long: steps, whatever the number of examples."""

    count: int = arg("steps", min=1)


@entry("validate")
class Validate(Entry):
    """How the held-out examples are measured on the way."""

    steps: int | None = option("batches of each measurement, all where nothing is said", default=None, min=1)
    every: int = option("epochs between two measurements", default=1, min=1)


@entry("stop")
class Stop(Entry):
    """End early when nothing gets better."""

    patience: int = option("epochs without improvement", default=10, min=1)
    by: str = option("what is watched", default="val_loss", choices=BY)


@entry("keep")
class Keep(Entry):
    """Which weights are handed over at the end; the last ones are kept as well."""

    what: str = arg("`best` or `last`", default="best", choices=("best", "last"))
    by: str | None = option(
        "what the best is best by; what suits the task where nothing is said, such as `val_accuracy`, `val_iou`",
        default=None,
        choices=BY,
    )


@entry("average")
class Average(Entry):
    """Weights averaged over the run are the ones measured and kept. The first few count alike, whatever `decay` says:
    the average is not held back by what the run began with."""

    whole = True

    how: str = arg("`ema`, recent steps more, or `polyak`, all alike", choices=("ema", "polyak"))
    decay: float = option("share of the average that is kept (ema)", default=0.999, min=0, max=1)
    every: Length = option("how often", default=Length(1, "steps"), above=0)
    start: Length = option(
        "from when on; SWA averages the end of a run (Izmailov et al., 2018)", default=Length(0), min=0
    )


@entry("clip")
class Clip(Entry):
    """Bound the gradient."""

    norm: float | None = option("largest norm over all weights together", default=None, above=0)
    value: float | None = option("largest absolute value of one", default=None, above=0)


@entry("mix")
class Mix(Entry):
    """Mix examples and their labels: mixup (Zhang et al., 2017), cutmix (Yun et al., 2019)."""

    how: str = arg("one of them for each step, drawn anew", default="one_of", choices=("one_of",))
    mixup: float = option("alpha of mixup, 0 for none", default=0.0, min=0)
    cutmix: float = option("alpha of cutmix, 0 for none", default=0.0, min=0)


@entry("precision")
class Precision(Entry):
    """In what numbers is computed. `mixed`: bf16 where the machine has it, on a CPU only if a trial finds it faster."""

    whole = True

    what: str = arg("the numbers", choices=("mixed", "bf16", "fp16", "tf32", "fp32"))


@entry("seed")
class Seed(Entry):
    """All randomness of the run follows from it."""

    whole = True

    number: int = arg("a whole number", min=0, max=2**31 - 1)
    deterministic: bool = option(
        "nothing else decides: on a GPU only algorithms that always give the same, some slower; on a CPU no trial of "
        "threads and numbers",
        default=False,
    )


@entry("sizes")
class InputSizes(Entry):
    """The input size changes on the way (Redmon and Farhadi, 2016)."""

    later = True
    whole = True

    sizes: Numbers = arg("the sizes", min=1)
    every: Length = option("how often", default=Length(10, "steps"), above=0)


@entry("repeat_samples")
class RepeatSamples(Entry):
    """Each example several times in an epoch, each time changed anew (Hoffer et al., 2019)."""

    times: int = arg("how often", min=1)


@entry("metrics")
class Measures(Entry):
    """What is measured beside the loss."""

    whole = True
    many = "measures"

    measures: Metrics = arg("the metrics")
    at: float | None = option("false acceptance rate of `verification`", default=None, min=0, max=1, later=True)


@entry("log")
class Logging(Entry):
    """Where numbers are written beside the run folder."""

    whole = True
    many = "logs"

    logs: Logs = arg("where")


@entry("explain", "cam")
class Cam(Entry):
    """Class activation maps (Zhou et al., 2016) once the run is over."""

    later = True
    whole = True
    repeated = True

    layer: Name = option("the features")
    weights: Name | None = option("the dense layer behind them", default=None)


@entry("explain", "gradcam")
class GradCam(Entry):
    """Grad-CAM (Selvaraju et al., 2017) once the run is over."""

    later = True
    whole = True
    repeated = True

    layer: Name = option("the features")


@part("metric", "top")
class Top(Part):
    """Share of examples whose class is among the k most probable."""

    k: int = arg("how many", min=1)


def _metric(word: str, doc: str, *, later: bool = False) -> None:
    class Named(Part):
        pass

    Named.later = later
    Named.__name__ = Named.__qualname__ = word.title().replace("_", "")
    Named.__doc__ = doc
    part("metric", word)(Named)


_metric("accuracy", "Share of examples whose most probable class is right.")
_metric("confusion", "How often each class was taken for each.")
_metric("iou", "Overlap over union: of the foreground of two classes, else the mean of all.")
_metric("f1", "Harmonic mean of precision and recall, the mean of all tags.")
_metric("mae", "Mean absolute error.")
_metric("rmse", "Root of the mean squared error.")
_metric("r2", "Share of the variance that is explained; of several values, the mean of their shares.")
_metric("pixel_error", "Share of wrong pixels.")
_metric("coco_map", "Mean average precision by COCO's rules.", later=True)
_metric("verification", "Share of pairs told apart at a rate of false acceptance.", later=True)


@part("log", "csv")
class Csv(Part):
    """A table with one row an epoch."""

    path: str = arg("the file")


@part("log", "tensorboard")
class TensorBoard(Part):
    """TensorBoard's event files, a folder for each run."""

    path: str = arg("the folder; `tensorboard` in the run folder where nothing is said", default="")


@part("log", "wandb")
class Wandb(Part):
    """Weights & Biases."""

    project: str = arg("the project; `WANDB_PROJECT`, else `cnnc`, where nothing is said", default="")


@part("log", "mlflow")
class Mlflow(Part):
    """MLflow."""

    experiment: str = arg("the experiment; `MLFLOW_EXPERIMENT_NAME`, else `cnnc`, where nothing is said", default="")
