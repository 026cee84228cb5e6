"""Many runs of one protocol: seeds, controls, grids. Only missing runs are computed."""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from ..errors import Diverged, MachineError, UserError, unknown
from ..files import record
from .own import call_own
from .protocol import Protocol, find_protocol
from .report import Study
from .run import Run
from .values import kinds_of, read_text

_log = logging.getLogger("snnlab")
# A study has at most this number of seeds, a grid at most this number of points, and both at most this number of runs.
_MANY_SEEDS, _MANY_POINTS, _MANY_RUNS = 100_000, 10_000, 100_000


def plan(
    protocol: Protocol, config: Any, seeds: Iterable[int], controls: bool = True, grid: dict[str, list] | None = None
) -> dict[tuple[str, str], list]:
    """Return the Configs of a study: the default and each control for every seed, and the default on a grid.

    Raises
    ------
    UserError
        For a grid that has far more runs than a study can mean.
    """
    # Without randomness, one run is enough.
    drawn = [{"seed": seed} for seed in seeds] if protocol.seeded else [{}]
    runs = len(drawn) * (1 + (math.prod(map(len, grid.values())) if grid else 0))
    if runs > _MANY_RUNS:
        raise UserError(f"vary: expected at most {_MANY_RUNS:,} runs, got {runs:,}")

    def each_seed(**changes) -> list:
        replaced = dataclasses.replace
        return [call_own("Config", protocol.spec, replaced, config, **seed, **changes) for seed in drawn]

    configs = {("default", "default"): each_seed()}
    for name, overrides in (protocol.controls if controls else {}).items():
        configs["default", name] = each_seed(**overrides)
    if grid:
        points = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
        labels = [_label(point, "g") for point in points]
        if len(set(labels)) < len(points):
            # Values that differ in a late digit need all digits.
            labels = [_label(point, "") for point in points]
        configs |= {(label, "default"): each_seed(**point) for label, point in zip(labels, points, strict=True)}
    return configs


def _label(point: dict, digits: str) -> str:
    """Return the name of a point of a grid; ``digits`` is the format of a float."""
    return ", ".join(f"{k}={v:{digits}}" if isinstance(v, float) else f"{k}={v}" for k, v in point.items())


class Group:
    """The runs of one setting of a study, one for each seed. Each is settled once, when it is first asked for.

    If the setting is a control that does not apply, the group is empty, and ``refused`` holds the reason.
    """

    def __init__(self, protocol: Protocol, configs: list, folder: Path, control: bool):
        self.refused = ""
        self._protocol, self._configs, self._folder, self._control = protocol, configs, folder, control
        self._runs: list[Run] = []

    def __len__(self) -> int:
        return 0 if self.refused else len(self._configs)

    def __iter__(self) -> Iterator[Run]:
        """Yield the runs; raises UserError for settings that are refused without a control."""
        for place in range(len(self)):
            if place == len(self._runs):
                try:
                    self._runs.append(self._protocol.prepare(self._configs[place], self._folder))
                except UserError as error:
                    if not self._control:
                        raise
                    self.refused = " ".join(str(error).split())
                    return
            yield self._runs[place]


@dataclass(frozen=True)
class Prepared:
    """A study that can be computed: its groups by variant and condition, and the folder of their files."""

    protocol: Protocol
    folder: Path
    groups: dict[tuple[str, str], Group]


def prepare(protocol: Protocol, configs: dict[tuple[str, str], list], folder: Path) -> Prepared:
    """Return the study of a plan."""
    groups = {key: Group(protocol, group, folder, key[1] != "default") for key, group in configs.items()}
    return Prepared(protocol, folder, groups)


def run_study(prepared: Prepared, jobs: int = 1, progress: bool = True) -> Study:
    """Compute the missing runs of a study with ``jobs`` processes in parallel, and read all runs.

    All settings are settled before the first run. A run that diverges is named in ``Study.diverged`` and leaves no
    file. Any other error ends the study. A second call computes only the runs that are still missing.

    Raises
    ------
    UserError
        For settings that are refused without a control, and for a run that has another name in its own process.
    """
    protocol, folder = prepared.protocol, prepared.folder
    runs = {key: [*group] for key, group in prepared.groups.items()}
    refused = {key: group.refused for key, group in prepared.groups.items() if group.refused}
    runs = {key: group for key, group in runs.items() if key not in refused}
    with record.output_folder(folder):
        lost = _run_missing(protocol, runs, folder, jobs, progress)
    study = Study(protocol, refused=refused)
    for key, group in runs.items():
        study.groups[key], study.checks[key] = [], []
        for path in [run.path for run in group]:
            if path.is_file():
                dataset = record.load(path, protocol.name)
                study.checks[key].append(protocol.judge(dataset))
                study.groups[key].append(_light(dataset))
            elif path.name in lost:
                study.diverged.setdefault(key, []).append(lost[path.name])
            else:
                what = "expected the same settings and the same file in each process"
                raise UserError(f"protocol: {protocol.spec}: {what}, got no run {path.name}")
    return study


def _run_missing(
    protocol: Protocol, runs: dict[tuple[str, str], list[Run]], folder: Path, jobs: int, progress: bool
) -> dict[str, str]:
    """Compute the runs that have no file; return the message of each run that diverged, by the name of its file."""
    import joblib
    from tqdm.auto import tqdm

    wanted = {run.path: run.given for group in runs.values() for run in group}
    missing = [config for path, config in wanted.items() if not path.is_file()]
    if not missing:
        return {}
    _log.info("%s: %d of %d runs are missing", protocol.name, len(missing), len(wanted))
    parallel = joblib.Parallel(n_jobs=min(jobs, len(missing)), return_as="generator_unordered")
    work = (joblib.delayed(_work)(protocol.spec, _given(config), folder) for config in missing)
    bar = tqdm(parallel(work), total=len(missing), desc=protocol.name, unit="run", disable=not progress)
    try:
        return dict(result for result in bar if result)
    except BrokenProcessPool:
        raise MachineError(
            f"{protocol.name}: a worker process was ended from outside, perhaps because memory was full; complete runs "
            "are kept, and the same command computes the others"
        ) from None


def _given(config: Any) -> dict:
    """Return the values from which an equal Config is made."""
    return {field.name: getattr(config, field.name) for field in dataclasses.fields(config) if field.init}


def _work(spec: str, values: dict, folder: Path) -> tuple[str, str] | None:
    """Run one Config in a worker process. If it diverged, return the file's name and a message."""
    protocol = find_protocol(spec)
    run = protocol.prepare(protocol.make(values), folder)
    try:
        run.execute(resume=True)
    except Diverged as error:
        seed = f"seed {values['seed']}: " if "seed" in values else ""
        return run.path.name, f"{seed}{error}"
    return None


def _light(dataset):
    """Drop the variables named in ``large``, which only a rebuilt network needs, so that many runs fit in memory."""
    return dataset.drop_vars(json.loads(dataset.attrs.get("large", "[]")), errors="ignore")


def parse_seeds(text: str) -> list[int]:
    """Return the seeds of ``100:110`` (100 to 109) or ``1,5,7``; raises UserError for others and for repeated ones."""
    try:
        if ":" in text:
            start, stop = map(int, text.split(":"))
            if stop - start > _MANY_SEEDS:
                raise UserError(f"seeds: expected at most {_MANY_SEEDS:,}, got {text!r}")
            seeds = [*range(start, stop)]
        else:
            seeds = [int(part) for part in text.split(",")]
    except ValueError:
        seeds = []
    if not seeds or min(seeds) < 0:
        raise UserError(f"seeds: expected start:stop such as 100:110, or 1,5,7, got {text!r}")
    if len(set(seeds)) < len(seeds):
        raise UserError(f"seeds: expected distinct integers, got {text!r}")
    return seeds


def parse_grid(texts: Sequence[str], config: Any) -> dict[str, list]:
    """Return the values of each ``field=start:stop:count`` or ``field=a,b,c``.

    Raises
    ------
    UserError
        For a field that does not exist or is given twice, for values that it cannot hold, and for equal values.
    """
    hints = get_type_hints(type(config))
    names = [f.name for f in dataclasses.fields(config) if f.init]
    grid: dict[str, list] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not values:
            raise UserError(f"vary: expected field=start:stop:count or field=a,b,c, got {text!r}")
        if name == "seed" and name in names:
            raise UserError(f"vary: expected another field, since --seeds sets the seeds, got {text!r}")
        if name not in names:
            raise unknown("vary", name, names)
        if name in grid:
            raise UserError(f"vary: expected each field once, got {name} twice")
        grid[name] = _values(name, values, hints[name], getattr(config, name))
        if len(set(grid[name])) < len(grid[name]):
            raise UserError(f"vary: expected distinct values of {name}, got {values!r}")
    if (points := math.prod(map(len, grid.values()))) > _MANY_POINTS:
        raise UserError(f"vary: expected at most {_MANY_POINTS:,} points, got {points:,}")
    return grid


def _values(name: str, text: str, hint: Any, default: Any) -> list:
    """Return the values of a field that ``start:stop:count`` or ``a,b,c`` states."""
    kinds = kinds_of(hint, default)
    if ":" not in text or str in kinds or not kinds & {int, float}:
        return [read_text(f"vary: {name}", part, hint, default) for part in text.split(",")]
    parts = text.split(":")
    if len(parts) != 3:
        raise UserError(f"vary: expected field=start:stop:count or field=a,b,c, got '{name}={text}'")
    try:
        start, stop, count = float(parts[0]), float(parts[1]), int(parts[2])
    except ValueError:
        start = stop = count = -1
    if not (math.isfinite(start) and math.isfinite(stop) and 2 <= count <= _MANY_POINTS):
        limit = f"two finite numbers and a count from 2 to {_MANY_POINTS:,}"
        raise UserError(f"vary: {name}: expected start:stop:count with {limit}, got {text!r}")
    points = np.linspace(start, stop, count).tolist()
    return [read_text(f"vary: {name}", repr(point), hint, default) for point in points]
