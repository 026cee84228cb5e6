"""Many runs of one protocol: seeds, controls, grids. Only missing runs are computed."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import Diverged, UserError, in_one_line, unknown
from ..files import record
from . import claims
from .grouping import Runs
from .protocol import Protocol, find_protocol
from .run import controls_fail, require_list

_log = logging.getLogger("snnlab")


@dataclass
class Study:
    """The runs of a study, with their checks and findings.

    Three mappings have (variant, condition) as key. ``groups`` holds datasets without the large network arrays, one for
    each seed. ``checks`` holds their checks, evaluated at reading. ``diverged`` holds the messages of runs that
    diverged.
    """

    protocol: Protocol
    groups: dict[tuple[str, str], list] = field(default_factory=dict)
    checks: dict[tuple[str, str], list[list[claims.Check]]] = field(default_factory=dict)
    diverged: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """reasons why findings or comparisons are missing"""

    @property
    def datasets(self) -> Runs:
        return Runs(self.groups)

    @property
    def cpu_seconds(self) -> float:
        return sum(dataset.attrs["cpu_seconds"] for dataset in self.datasets)

    @property
    def reduced(self) -> set[str]:
        """Variants with default runs that do not have the full preset, and "" if there is any such variant."""
        unbroken = [(variant, runs) for (variant, condition), runs in self.groups.items() if condition == "default"]
        found = {variant for variant, runs in unbroken if any(run.attrs["preset"] != "full" for run in runs)}
        return found | {""} if found else found

    @cached_property
    def findings(self) -> list[tuple[str, claims.Finding]]:
        """(variant, finding) of each variant without its controls, then of comparisons of variants ("").

        If findings cannot be computed, ``faults`` holds the reason. The checks and the runs of the study stay valid.
        """
        unbroken = {variant: runs for (variant, condition), runs in self.groups.items() if condition == "default"}
        found: list[tuple[str, claims.Finding]] = []
        seen = set()
        for variant, runs in unbroken.items():
            # A point of a grid may be the default. Its findings count once.
            files = frozenset(run.encoding.get("source", id(run)) for run in runs)
            if runs and files not in seen:
                seen.add(files)
                found += [(variant, each) for each in self._found("findings", runs)]
        return found + [("", each) for each in self._found("comparisons", self.datasets)]

    def _found(self, kind: str, runs: list) -> list[claims.Finding]:
        try:
            found = getattr(self.protocol, kind)(runs)
            require_list(kind, self.protocol.name, found, claims.Finding)
        except Exception as error:
            text = " ".join(str(error).split()) if isinstance(error, UserError) else in_one_line(error)
            fault = text if text.startswith(kind) else f"{kind} of {self.protocol.name}: {text}"
            # The same error occurs in every setting and is reported once.
            self.faults += [fault] if fault not in self.faults else []
            return []
        for each in found:
            if not math.isfinite(each.value):
                _log.warning(f"{kind} of {self.protocol.name}: the value of {each.what!r} is not a finite number")
        return found

    def count(self) -> tuple[int, int]:
        """Return (held, stated): the number of checks that hold, and of all checks.

        A run of a control counts as one check, which holds if at least one of its checks fails.
        """
        held = stated = 0
        for (variant, condition), runs in self.checks.items():
            for checks in runs:
                if condition == "default":
                    held, stated = held + sum(c.holds for c in checks), stated + len(checks)
                elif checks:
                    held, stated = held + controls_fail(checks), stated + 1
            if condition != "default":
                # A control that diverges counts as failed, as it must.
                lost = len(self.diverged.get((variant, condition), []))
                held, stated = held + lost, stated + lost
        return held, stated

    def report(self) -> str:
        """Return checks over seeds, controls and findings as text."""
        rows, controls = [], []
        for (variant, condition), runs in self.checks.items():
            lost = len(self.diverged.get((variant, condition), []))
            if condition == "default":
                rows += [[variant, *_row(check)] for check in _over_seeds(runs)]
            elif all(checks == [] for checks in runs) and not lost:
                controls.append([variant, condition, "states no checks", ""])
            else:
                failed, total = lost + sum(map(controls_fail, runs)), lost + len(runs)
                verdict = "as it must" if failed == total else "BUT IT MUST FAIL IN ALL"
                whole = self.checks.get((variant, "default"), [])
                if failed == total and whole and all(map(controls_fail, whole)):
                    verdict = "no evidence: the default fails in every seed, too"
                controls.append([variant, condition, f"fails in {failed} of {total} seeds", verdict])
        parts = [claims.table(rows, ("variant", "check", "band", "holds in", "seen", "where the band comes from"))]
        if controls:
            parts.append(claims.table(controls, ("variant", "control", "", "")))
        if self.findings:
            parts.append(claims.findings_table(self.findings, self.reduced))
        elif len(self.protocol.variants) > 1 and not {v for v, _ in self.groups} >= set(self.protocol.variants):
            parts.append(
                f"no findings from these runs; `snnlab reproduce {self.protocol.name}` compares "
                f"{len(self.protocol.variants)} variants: {', '.join(list(self.protocol.variants)[:4])} ..."
            )
        parts += [f"no {fault}" for fault in self.faults]
        for (variant, condition), texts in self.diverged.items():
            parts += [f"diverged: {variant}, {condition}, {text}" for text in texts]
        return "\n\n".join(parts)

    def to_dict(self) -> dict:
        """Return seeds, checks, controls and findings as plain JSON values."""
        conditions = []
        for (variant, condition), runs in self.checks.items():
            seeds = [
                int(dataset.attrs["seed"]) for dataset in self.groups[variant, condition] if "seed" in dataset.attrs
            ]
            presets = sorted({dataset.attrs["preset"] for dataset in self.groups[variant, condition]})
            row: dict[str, Any] = {"variant": variant, "condition": condition, "seeds": seeds, "preset": presets}
            row["files"] = [Path(dataset.encoding["source"]).name for dataset in self.groups[variant, condition]]
            row["checks"] = _over_seeds(runs)
            if condition != "default":
                row["runs_that_fail"] = sum(map(controls_fail, runs))
            row["diverged"] = self.diverged.get((variant, condition), [])
            conditions.append(row)
        return {
            "protocol": self.protocol.name,
            "conditions": conditions,
            "comparisons": claims.count_comparisons([finding for _, finding in self.findings]),
            "findings": claims.rows_of(self.findings, self.reduced),
            "faults": self.faults,
            "cpu_seconds": round(self.cpu_seconds),
        }


def _over_seeds(runs: Sequence[Sequence[claims.Check]]) -> list[dict]:
    """Return each check with the measured values of all runs, as plain JSON values."""
    rows = []
    for name in dict.fromkeys(c.what for checks in runs for c in checks):
        same = [c.to_dict() for checks in runs for c in checks if c.what == name]
        row = {key: same[0][key] for key in ("what", "low", "high", "source")}
        rows.append(row | {"measured": [c["measured"] for c in same], "held": sum(c["holds"] for c in same)})
    return rows


def _row(check: dict) -> list[str]:
    seen = np.asarray(check["measured"], float)
    band = claims.Check.from_dict(check | {"measured": 0.0}).band
    held = f"{check['held']} of {len(seen)}"
    return [check["what"], band, held, f"{claims.number(seen.min())} .. {claims.number(seen.max())}", check["source"]]


def plan(
    protocol: Protocol, config: Any, seeds: Iterable[int], controls: bool = True, grid: dict[str, list] | None = None
) -> dict[tuple[str, str], list]:
    """Return the Configs of a study: the default and each control for every seed, and the default on a grid."""
    # Without randomness, one run is enough.
    drawn = [{"seed": seed} for seed in seeds] if protocol.seeded else [{}]
    configs = {("default", "default"): [dataclasses.replace(config, **seed) for seed in drawn]}
    for name, overrides in (protocol.controls if controls else {}).items():
        broken = [dataclasses.replace(config, **seed, **overrides) for seed in drawn]
        if reason := _refused(protocol, config, broken[0]):
            _log.info(f"{protocol.name}: control {name} does not apply to these settings: {reason}")
        else:
            configs["default", name] = broken
    if grid:
        for values in itertools.product(*grid.values()):
            point = dict(zip(grid, values, strict=True))
            label = ", ".join(f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}" for k, v in point.items())
            configs[label, "default"] = [dataclasses.replace(config, **seed, **point) for seed in drawn]
    return configs


def _refused(protocol: Protocol, config: Any, broken: Any) -> str:
    """Return why a control cannot be applied to a Config that is allowed itself; "" if it can."""
    try:
        protocol.settled(broken)
    except UserError as error:
        # A Config that is refused without its control is refused where it is run.
        with contextlib.suppress(UserError):
            protocol.settled(config)
            return str(error)
    return ""


def run_study(
    protocol: Protocol, configs: dict[tuple[str, str], list], folder: Path, jobs: int = 1, progress: bool = True
) -> Study:
    """Compute the missing runs of a plan with ``jobs`` processes in parallel, and read all runs.

    A run that diverges is named in ``Study.diverged`` and leaves no file. Any other error ends the study. A second call
    computes only the runs that are still missing.
    """
    import joblib
    from tqdm.auto import tqdm

    record.check_writable(folder)
    runs = {key: [protocol.prepare(config, folder) for config in group] for key, group in configs.items()}
    wanted = {run.path: run.given for group in runs.values() for run in group}
    missing = [config for path, config in wanted.items() if not path.is_file()]
    study = Study(protocol)
    if missing:
        _log.info("%s: %d of %d runs are missing", protocol.name, len(missing), len(wanted))
        parallel = joblib.Parallel(n_jobs=min(jobs, len(missing)), return_as="generator_unordered")
        work = (joblib.delayed(_work)(protocol.spec, dataclasses.asdict(config), folder) for config in missing)
        bar = tqdm(parallel(work), total=len(missing), desc=protocol.name, unit="run", disable=not progress)
        lost = dict(result for result in bar if result)
    else:
        lost = {}
    for key in configs:
        study.groups[key], study.checks[key] = [], []
        for path in [run.path for run in runs[key]]:
            if path.is_file():
                dataset = record.load(path, protocol.name)
                study.checks[key].append(protocol.judge(dataset))
                study.groups[key].append(_light(dataset))
            else:
                study.diverged.setdefault(key, []).append(lost[path.name])
    return study


def _work(spec: str, values: dict, folder: Path) -> tuple[str, str] | None:
    """Run one Config in a worker process. If it diverged, return the file's name and a message."""
    protocol = find_protocol(spec)
    run = protocol.prepare(protocol.Config(**values), folder)
    try:
        run.execute(resume=True)
    except Diverged as error:
        seed = f"seed {values['seed']}: " if "seed" in values else ""
        return run.path.name, f"{seed}{error}"
    return None


def _light(dataset):
    """Drop the variables named in ``large``, which only a rebuilt network needs, so that many runs fit in memory."""
    return dataset.drop_vars(json.loads(dataset.attrs.get("large", "[]")), errors="ignore")


def parse_seeds(text: str) -> range | list[int]:
    """Return the seeds of ``100:110`` (100 to 109) or ``1,5,7``; raises UserError for others and for repeated ones."""
    try:
        if ":" in text:
            start, stop = map(int, text.split(":"))
            seeds = list(range(start, stop))
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
    """Return the values of each ``field=start:stop:count`` or ``field=a,b,c``."""
    names = [f.name for f in dataclasses.fields(config)]
    grid = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip().replace("-", "_")
        expected = f"vary: expected field=start:stop:count or field=a,b,c, got {text!r}"
        if not equals or not values:
            raise UserError(expected)
        if name not in names:
            raise unknown("vary", name, names)
        kind = type(getattr(config, name))
        if kind is tuple:
            raise UserError(f"vary: expected a field of one value, got {name}, which holds several")
        points: list[bool] | list[float] | list[str]
        try:
            if kind is bool:
                points = [{"true": True, "false": False}[part.strip().lower()] for part in values.split(",")]
            elif kind is str:
                points = values.split(",")
            elif ":" in values:
                start, stop, count = values.split(":")
                points = np.linspace(float(start), float(stop), int(count)).tolist()
            else:
                points = [float(part) for part in values.split(",")]
        except (KeyError, ValueError):
            raise UserError(expected) from None
        if not points:
            raise UserError(expected)
        grid[name] = [round(float(point)) for point in points] if kind is int else points
    return grid
