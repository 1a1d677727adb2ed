"""Pictures in folders: of classes, or beside masks."""

from __future__ import annotations

from ...compiler.recipes import data as rule
from .dataset import DataError, Dataset, Split
from .files import Pictures
from .masked import masked
from .opening import source
from .place import located
from .tree import class_folders


@source.register
def folder(part: rule.Folder, data: rule.Data, seed: int) -> Dataset:
    root = located(part.path, data)
    if not root.is_dir():
        raise DataError(f"{part.path}: a folder is expected, with a folder for each class")
    if part.masks is not None:
        return masked(root, part.masks, Pictures, data, seed)
    found = class_folders(root, Pictures, data, seed)
    return found._replace(remarks=(*found.remarks, *frames(found.train, part.path)))


def frames(split: Split, where: str) -> tuple[str, ...]:
    """A remark where all pictures lie in folders below those of the classes, as the frames of clips do."""
    paths = split.examples.paths if isinstance(split.examples, Pictures) else []
    folders = {path.parent for path in paths}
    if len({path.parent.parent for path in paths}) < 2 or len(folders) < 4 or len(paths) < 2 * len(folders):
        return ()
    if any(path.parent in {one.parent for one in folders} for path in paths):
        return ()
    return (f'all pictures lie in sub-folders of the classes: where these are clips, say `clips("{where}")`',)


def sound_files(split: Split) -> tuple[Split, tuple[str, ...]]:
    """The pictures of a split that can be decoded, and what is said of the others."""
    faults = {position: fault(split, int(number)) for position, number in enumerate(split.numbers)}
    good = [position for position, said in faults.items() if said is None]
    return split.at(good), tuple(said for said in faults.values() if said is not None)


def fault(split: Split, number: int) -> str | None:
    """Why an example cannot be loaded; None where it can."""
    try:
        split.examples.load(number)
    except DataError as error:
        return str(error)
    return None
