"""What a protocol is, where protocols are found, and how one is run into a file."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..errors import SnnlabError, UserError, unknown
from ..files import record
from ..files.checkpoint import Checkpoints
from ..files.python import content_hash, is_file_spec, load_file
from .claims import Check, Finding
from .discovery import files, import_file
from .grouping import RECORDING, Runs, variant_name

if TYPE_CHECKING:
    import xarray as xr

    from ..engine.brian import Engine

_log = logging.getLogger("snnlab")
RUNS = Path("runs")
# Options of the command line, which a Config's fields stand beside.
_OPTIONS = ("quick", "out", "figure", "progress", "seeds", "jobs", "vary", "controls", "json", "resume", "preset")


@dataclass(frozen=True)
class Protocol:
    """A protocol file, read.

    The file must hold a dataclass ``Config`` and ``run(config, engine) -> Dataset``. It may hold
    ``checks(dataset) -> list[Check]``, ``measure(dataset) -> {name: number}`` (what `snnlab run` prints beside them),
    ``findings(datasets) -> list[Finding]`` (statistics over the seeds of one setting, without controls),
    ``comparisons(runs) -> list[Finding]`` (what compares settings, or names controls; see
    :class:`snnlab.lab.grouping.Runs`),
    ``CONTROLS = {name: overrides}`` (conditions that must fail), ``QUICK``
    (overrides of the reduced preset), ``VARIANTS = {name: overrides}`` (what `snnlab reproduce` studies),
    ``QUICK_VARIANTS = {name: overrides}`` (what a variant sets instead in the reduced preset), ``FIGURE``
    (the figure that `snnlab run` draws of one run) and ``export(dataset, stem) -> list[Path]`` (what `snnlab run`
    writes beside it: sound, a film).
    """

    name: str
    spec: str
    Config: type
    run: Callable[[Any, Engine], xr.Dataset]
    checks: Callable[[xr.Dataset], list[Check]]
    measure: Callable[[xr.Dataset], dict[str, float]]
    findings: Callable[[list], list[Finding]]
    comparisons: Callable[[Runs], list[Finding]]
    controls: dict[str, dict]
    quick: dict
    variants: dict[str, dict]
    quick_variants: dict[str, dict]
    figure: str | None
    export: Callable[[xr.Dataset, Path], list[Path]]

    def config(self, quick: bool = False, **overrides) -> Any:
        """Return a Config at the published scale or, with ``quick``, of the reduced preset; then the overrides.

        If the overrides, without those of RECORDING, are just those of a variant, QUICK_VARIANTS reduces them as well.
        """
        names = [f.name for f in dataclasses.fields(self.Config)]
        for name in overrides:
            if name not in names:
                raise unknown(f"{self.name}", name, names)
        if quick:
            chosen = {name: value for name, value in overrides.items() if name not in RECORDING}
            for variant, reduced in self.quick_variants.items():
                if chosen == self.variants[variant]:
                    overrides |= reduced
            overrides = self.quick | overrides
        return self.Config(**overrides)

    def path(self, config: Any, folder: Path) -> Path:
        """Return the file of a run: its name is a hash of all that decides what the run computes.

        That is the configuration, the content of the user files it names and, where the Config has a method
        ``identity()``, what that returns: the models and values that the configuration stands for today.
        """
        values = dataclasses.asdict(config)
        specs = {"protocol": self.spec} | {k: v for k, v in values.items() if isinstance(v, str)}
        contents: dict[str, Any] = {k: digest for k, v in specs.items() if (digest := content_hash(v))}
        if hasattr(config, "identity"):
            contents["identity"] = config.identity()
        return folder / record.run_name(self.name, values, contents)

    def condition(self, config: Any) -> str:
        """Return the name of the control that a Config is, or "default"."""
        values = dataclasses.asdict(config)
        for name, overrides in self.controls.items():
            if all(values[k] == v for k, v in overrides.items()):
                return name
        return "default"

    def preset(self, config: Any) -> str:
        """Return "full" or "quick" if the Config is that preset, as it is or with the overrides of one variant.

        Seed, target, what is recorded, and what its control sets do not count; any other value makes it "custom".
        """
        # A gain that the user chose is not the preset, one that a control sets is.
        allowed = {*RECORDING, *self.controls.get(self.condition(config), {})}
        values = dataclasses.asdict(config)
        for name, _, preset in self._presets():
            if {k for k, v in values.items() if v != preset[k]} <= allowed:
                return name
        return "custom"

    def variant(self, config: dict) -> str:
        """Return the variant that a stored Config is, by what variants set; else the nearest and its changes."""
        return variant_name(config, self.Config, self.variants, self.quick, self.quick_variants)

    def _presets(self) -> Iterator[tuple[str, str, dict]]:
        """Yield preset, variant ("": none) and values of every Config that has a name."""
        for preset, quick in (("full", False), ("quick", True)):
            for variant, overrides in ({"": {}} | self.variants).items():
                yield preset, variant, dataclasses.asdict(self.config(quick, **overrides))

    def resumable(self, config: Any, folder: Path = RUNS) -> bool:
        """Tell whether a run is complete, or was cut off behind a checkpoint."""
        path = self.path(config, folder)
        return path.is_file() or Checkpoints(path).kept()

    def execute(
        self, config: Any, folder: Path = RUNS, progress: bool = False, resume: bool = False
    ) -> tuple[Path, xr.Dataset]:
        """Run one Config and write its file; returns the file's path and the dataset with its evaluated checks.

        The arrays of a run with checkpoints are of dask: they are read from the run file when they are used.
        With ``resume``, a run that was cut off goes on from its last checkpoint, and one that is complete is read.

        Raises
        ------
        UserError, Diverged, MachineError, KeyboardInterrupt
            With nothing written but the checkpoints of a long run.
        """
        path, made = self.path(config, folder), not folder.exists()
        record.check_writable(folder)
        if resume and path.is_file():
            _log.info(f"{path.stem}: complete already, nothing to resume")
            dataset = record.load(path, self.name)
            self.judge(dataset)
            return path, dataset
        try:
            with Checkpoints(path, resume) as checkpoints:
                dataset = self._compute(config, path, progress, checkpoints)
                if record.is_lazy(dataset):
                    # From here on from its own file, not from the checkpoints'.
                    dataset = record.load(path, self.name, lazy=True)
                checkpoints.remove()
        finally:
            if made:
                # Nothing stays of a mistake that was noticed late.
                with contextlib.suppress(OSError):
                    folder.rmdir()
        return path, dataset

    def _compute(self, config: Any, path: Path, progress: bool, checkpoints: Checkpoints) -> xr.Dataset:
        """Run one Config and write its file."""
        from ..engine.brian import Engine

        wall, cpu = time.perf_counter(), record.cpu_time()
        # Before `run`, which may change a Config that is not frozen.
        values, condition, preset = dataclasses.asdict(config), self.condition(config), self.preset(config)
        target, seed = getattr(config, "target", "cython"), getattr(config, "seed", 0)
        with Engine(target, seed, progress, checkpoints) as engine:
            dataset = self._call(config, engine)
            target = engine.used
        dataset.attrs |= {
            "format_version": record.FORMAT_VERSION,
            "protocol": self.name,
            "protocol_file": self.spec,
            "condition": condition,
            "preset": preset,
            "seed": seed,
            "target": target,
            "config": json.dumps(values),
            "wall_seconds": time.perf_counter() - wall,
            "cpu_seconds": record.cpu_time() - cpu,
            **record.provenance(),
            "checks": "[]",
        }
        try:
            self.judge(dataset)
        except UserError as error:
            record.save(dataset, path)
            raise UserError(f"{error}; the run is kept in {path}") from error
        record.save(dataset, path)
        return dataset

    def _call(self, config: Any, engine: Engine) -> xr.Dataset:
        """Call ``run``; a fault in a user's file becomes one line that says where."""
        import xarray as xr

        try:
            dataset = self.run(config, engine)
        except SnnlabError:
            raise
        except Exception as error:
            if not is_file_spec(self.spec):
                raise
            frames = traceback.extract_tb(error.__traceback__)
            line = next((frame.lineno for frame in reversed(frames) if frame.filename == self.spec), None)
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:400]
            raise UserError(f"protocol: {self.spec}: run fails at line {line} with {reason}") from error
        if not isinstance(dataset, xr.Dataset):
            kind = type(dataset).__name__
            raise UserError(f"protocol: {self.spec}: run: expected it to return an xarray.Dataset, got {kind}")
        return dataset

    def judge(self, dataset: xr.Dataset) -> list[Check]:
        """Evaluate the checks of a run now, store them in the dataset and return them.

        Raises
        ------
        UserError
            If the protocol's ``checks`` fail.
        """
        try:
            checks = self.checks(dataset)
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise UserError(f"checks: those of {self.name} fail with {reason}") from error
        require_list("checks", self.name, checks, Check)
        dataset.attrs["checks"] = json.dumps([c.to_dict() for c in checks])
        return checks


def require_list(kind: str, name: str, found: object, cls: type) -> None:
    """Raise UserError unless what a function of a protocol returned is a list of such objects."""
    if not isinstance(found, list) or not all(isinstance(each, cls) for each in found):
        raise UserError(f"{kind} of {name}: expected a list of {cls.__name__}, got {found!r:.100}")


def controls_fail(checks: list[Check]) -> bool:
    """Tell whether a control did what it must: break at least one of its checks (or none is stated)."""
    return not checks or not all(c.holds for c in checks)


def stored_checks(dataset: xr.Dataset) -> list[Check]:
    """Return the checks as they stand in a run."""
    return [Check.from_dict(row) for row in record.attribute(dataset, "checks")]


def judge_again(dataset: xr.Dataset) -> tuple[list[Check], str]:
    """Return the checks of a stored run, and why they are as stored and not evaluated now ("": they are)."""
    spec, name = dataset.attrs["protocol_file"], dataset.attrs["protocol"]
    try:
        return find_protocol(spec).judge(dataset), ""
    except Exception as error:
        gone = not Path(spec).is_file() if is_file_spec(spec) else spec not in files("protocols")
        why = f"protocol {name!r} is not here any more" if gone else " ".join(str(error).split())
        return stored_checks(dataset), f"{why}: the checks as stored with the run"


def find_protocol(spec: str) -> Protocol:
    """Return a protocol by its name or by the path of a user's file.

    Raises
    ------
    UserError
        For unknown names (with the nearest), files that cannot be imported, files without Config or run.
    """
    if is_file_spec(spec):
        module = load_file(spec, "protocol")
        return _read(module, Path(spec).stem, str(Path(spec).expanduser().resolve()))
    known = files("protocols")
    if spec not in known:
        raise unknown("protocol", spec, [*known], "snnlab list")
    return _read(import_file("protocols", spec), spec, spec)


def _read(module: ModuleType, name: str, spec: str) -> Protocol:
    config, run = getattr(module, "Config", None), getattr(module, "run", None)
    if not (isinstance(config, type) and dataclasses.is_dataclass(config)) or not callable(run):
        raise UserError(
            f"protocol: {spec} is no protocol; expected a dataclass Config and a function run(config, engine)"
        )
    for field in dataclasses.fields(config):
        if field.name in _OPTIONS:
            raise UserError(f"protocol: {spec}: Config: the name {field.name!r} is an option of the command line")
    protocol = Protocol(
        name=name,
        spec=spec,
        Config=config,
        run=run,
        checks=getattr(module, "checks", lambda dataset: []),
        measure=getattr(module, "measure", lambda dataset: {}),
        findings=getattr(module, "findings", lambda datasets: []),
        comparisons=getattr(module, "comparisons", lambda runs: []),
        controls=getattr(module, "CONTROLS", {}),
        quick=getattr(module, "QUICK", {}),
        variants=getattr(module, "VARIANTS", {"default": {}}),
        quick_variants=getattr(module, "QUICK_VARIANTS", {}),
        figure=getattr(module, "FIGURE", None),
        export=getattr(module, "export", lambda dataset, stem: []),
    )
    for variant in protocol.quick_variants:
        if variant not in protocol.variants:
            raise unknown(f"protocol: {spec}: QUICK_VARIANTS", variant, list(protocol.variants))
    stated = (protocol.controls, protocol.variants, protocol.quick_variants)
    for overrides in [protocol.quick, *(each for kind in stated for each in kind.values())]:
        protocol.config(**overrides)
    return protocol
