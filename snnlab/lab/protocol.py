"""What a protocol is, how it is found by name or file, and which names its settings have."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..errors import UserError, unknown
from ..files import record
from ..files.python import content_hash, is_file_spec, load_file
from .claims import Check, Finding
from .discovery import files, import_file
from .grouping import Runs, neutral, variant_name
from .run import RUNS, Run, call_own, judge, stored_checks

if TYPE_CHECKING:
    import xarray as xr

    from ..engine.brian import Engine
    from ..engine.settings import Cost

# Options of the command line, which a Config's fields stand beside.
_OPTIONS = (
    "quick", "out", "figure", "progress", "seeds", "jobs", "vary", "controls", "json", "resume", "preset", "dry_run",
    "help_all",
)  # fmt: skip


@dataclass(frozen=True)
class Protocol:
    """A protocol file, read.

    The file must hold a dataclass ``Config`` and ``run(config, engine) -> Dataset``. It may hold
    ``settle(config) -> Config`` (fills in what a Config leaves open, and refuses what cannot be; ``run`` gets what it
    returns), ``models(config) -> dict`` (what the names in a settled Config stand for: models, data; JSON),
    ``cost(config) -> Cost`` (what a run of a settled Config will take),
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
    Config: type[Any]
    run: Callable[[Any, Engine], xr.Dataset]
    settle: Callable[[Any], Any]
    models: Callable[[Any], dict]
    cost: Callable[[Any], Cost] | None
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

    @property
    def seeded(self) -> bool:
        """Whether a Config has a seed; a protocol in which nothing is random needs none."""
        return any(f.name == "seed" for f in dataclasses.fields(self.Config))

    def config(self, quick: bool = False, **overrides) -> Any:
        """Return a Config at the published scale or, with ``quick``, of the reduced preset; then the overrides.

        If the overrides, without what does not change what a run computes, are just those of a variant, QUICK_VARIANTS
        reduces them as well.
        """
        names = [f.name for f in dataclasses.fields(self.Config)]
        for name in overrides:
            if name not in names:
                raise unknown(f"{self.name}", name, names)
        if quick:
            chosen = {name: value for name, value in overrides.items() if name not in neutral(self.Config)}
            for variant, reduced in self.quick_variants.items():
                if chosen == self.variants[variant]:
                    overrides |= reduced
            overrides = self.quick | overrides
        return self.Config(**overrides)

    def prepare(self, config: Any, folder: Path = RUNS) -> Run:
        """Return the run of a Config: settled, with its file, which is named after all that decides what it computes.

        That is the settled Config, the content of the user files it names, and what ``models`` returns.

        Raises
        ------
        UserError
            For a Config that ``settle`` refuses.
        """
        settled = call_own("settle", self.spec, self.settle, config)
        if not dataclasses.is_dataclass(settled) or isinstance(settled, type):
            kind = type(settled).__name__
            raise UserError(f"protocol: {self.spec}: settle: expected it to return a Config, got {kind}")
        values = dataclasses.asdict(settled)
        specs = {"protocol": self.spec} | {k: v for k, v in values.items() if isinstance(v, str)}
        contents: dict[str, Any] = {k: digest for k, v in specs.items() if (digest := content_hash(v))}
        if models := call_own("models", self.spec, self.models, settled):
            contents["models"] = models
        return Run(self, config, settled, values, folder / record.run_name(self.name, values, contents))

    def execute(
        self, config: Any, folder: Path = RUNS, progress: bool = False, resume: bool = False
    ) -> tuple[Path, xr.Dataset]:
        """Prepare a run and execute it: see :meth:`prepare` and :meth:`snnlab.lab.run.Run.execute`."""
        run = self.prepare(config, folder)
        return run.path, run.execute(progress, resume)

    def judge(self, dataset: xr.Dataset) -> list[Check]:
        """Evaluate the checks of a run now: see :func:`snnlab.lab.run.judge`."""
        return judge(self, dataset)

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
        A field that the preset leaves open may hold what it stands for.
        """
        return next((name for name, _ in self._matches(config)), "custom")

    def variant(self, config: Any) -> str:
        """Return the variant that a Config is: one of its name in a preset; else the nearest one and its changes.

        A Config with the settings of a control is of the variant that the control breaks.
        """
        named = next((variant for _, variant in self._matches(config) if variant), None)
        stored = json.loads(json.dumps(dataclasses.asdict(config)))
        return named or variant_name(stored, self.Config, self.variants, self.quick, self.quick_variants)

    def _matches(self, config: Any) -> Iterator[tuple[str, str]]:
        """Yield preset and variant ("": none) of each named Config that this one is."""
        # A gain that the user chose is not the preset, one that a control sets is.
        allowed = {*neutral(self.Config), *self.controls.get(self.condition(config), {})}
        values = dataclasses.asdict(config)
        for name, variant, preset in self._presets():
            stated = dataclasses.asdict(preset)
            other = {k for k, v in values.items() if v != stated[k]} - allowed
            if not other or (all(stated[k] is None for k in other) and self._stands_for(preset, config, allowed)):
                yield name, variant

    def _stands_for(self, preset: Any, config: Any, allowed: set[str]) -> bool:
        """Tell whether a preset means this Config, but for fields ``allowed`` to differ."""
        values = dataclasses.asdict(config)
        same = {k: values[k] for k in allowed if k in values}
        try:
            return self.settle(dataclasses.replace(preset, **same)) == self.settle(config)
        except UserError:
            return False

    def _presets(self) -> Iterator[tuple[str, str, Any]]:
        """Yield preset, variant ("": none) and Config of every Config that has a name."""
        for preset, quick in (("full", False), ("quick", True)):
            for variant, overrides in ({"": {}} | self.variants).items():
                yield preset, variant, self.config(quick, **overrides)


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
        settle=getattr(module, "settle", lambda config: config),
        models=getattr(module, "models", lambda config: {}),
        cost=getattr(module, "cost", None),
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
