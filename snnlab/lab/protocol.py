"""Protocols: reading a protocol file, finding it by name or path, and naming its settings."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from ..engine.settings import BrianConfig
from ..errors import SnnlabError, UserError, in_one_line, unknown, user_path
from ..files import record
from ..files.python import content_hash, is_file_spec, load_file
from .claims import Check, Finding
from .discovery import files, import_file
from .grouping import Runs, neutral, variant_name
from .own import call_own, figure_of, require_fields, require_kinds, share_run
from .run import RUNS, Run, judge, stored_checks
from .statistics.tolerance import Band, bands_file, read_bands, with_bands

if TYPE_CHECKING:
    import xarray as xr

    from ..engine.brian import Engine
    from ..engine.settings import Cost

_TARGETS = get_args(get_type_hints(BrianConfig)["target"])


@dataclass(frozen=True)
class Protocol:
    """The content of a protocol file.

    The file must hold a dataclass ``Config`` and a function ``run(config, engine) -> Dataset``. All other names are
    optional. ``settle``, ``models`` and ``cost`` may be methods of the Config instead, as they are in the Configs of
    the families; a function of the file takes precedence:

    ``settle(config) -> Config``
        Fills in fields that are None, and raises UserError for values that are not allowed. ``run`` gets its result.
    ``models(config) -> dict``
        The models and data that a settled Config names, as JSON values.
    ``cost(config) -> Cost``
        The expected cost of a run of a settled Config.
    ``checks(dataset) -> list[Check]``
        The checks of one run.
    ``measure(dataset) -> {name: number}``
        The numbers that `snnlab run` prints beside the checks.
    ``findings(datasets) -> list[Finding]``
        Statistics over the seeds of one setting, without controls.
    ``comparisons(runs) -> list[Finding]``
        Comparisons of settings or with controls; see :class:`snnlab.lab.grouping.Runs`.
    ``CONTROLS = {name: overrides}``
        Conditions that must fail.
    ``QUICK``
        Overrides of the reduced preset.
    ``VARIANTS = {name: overrides}``
        Settings that `snnlab reproduce` studies.
    ``QUICK_VARIANTS = {name: overrides}``
        Overrides of a variant in the reduced preset.
    ``FIGURE``
        The figure that `snnlab run` draws of one run.
    ``export(dataset, stem) -> list[Path]``
        Writes sound or a film beside the run file of `snnlab run`.
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
        """Whether a Config has a seed. A protocol without randomness has none."""
        return any(f.name == "seed" for f in dataclasses.fields(self.Config))

    def config(self, quick: bool = False, **overrides) -> Any:
        """Return a Config at the published scale or, with ``quick``, of the reduced preset, with the overrides.

        QUICK_VARIANTS applies if the overrides are those of a variant. Fields that do not change what a run computes
        are ignored in this comparison.
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
        return self.make(overrides)

    def make(self, values: dict) -> Any:
        """Return a Config with these values; raises UserError if the file's Config cannot be made of them."""
        return call_own("Config", self.spec, self.Config, **values)

    def prepare(self, config: Any, folder: Path = RUNS) -> Run:
        """Return the run of a Config, with the settled Config and the run file.

        The name of the file depends on everything that decides what the run computes: the settled Config, the content
        of the user files that it names, and the result of ``models``.

        Raises
        ------
        UserError
            For a Config that ``settle`` refuses.
        """
        settled = self.settled(config)
        values = _as_stated(self.Config, dataclasses.asdict(settled))
        specs = {"protocol": self.spec} | {k: v for k, v in values.items() if isinstance(v, str)}
        contents: dict[str, Any] = {k: digest for k, v in specs.items() if (digest := content_hash(v))}
        if models := call_own("models", self.spec, self.models, settled):
            contents["models"] = models
        for kind, plain in (("settle", values), ("models", contents)):
            self._require_json(kind, plain)
        return Run(self, config, settled, values, folder / record.run_name(self.name, self._deciding(values), contents))

    def _deciding(self, values: dict) -> dict:
        """Return the values that enter the name of a run file: all of a settled Config but defaults of added fields."""
        defaults = {f.name: f.default for f in dataclasses.fields(self.Config)}
        added = {name for cls in self.Config.__mro__ for name in vars(cls).get("ADDED", ())}
        return {k: v for k, v in values.items() if k not in added or v != defaults[k]}

    def settled(self, config: Any) -> Any:
        """Return the Config with every open field filled in.

        Raises
        ------
        UserError
            For a Config that ``settle`` refuses, a seed that cannot be stored, a target that does not exist, and a
            ``settle`` that fails, returns something else or changes the seed: two seeds would then have one run file.
        """
        seed = getattr(config, "seed", 0)
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
            raise UserError(f"seed: expected an integer from 0 to 2^63 - 1, got {seed}")
        settled = call_own("settle", self.spec, self.settle, config)
        # A file that is loaded twice has two classes of one name.
        if not isinstance(settled, type(config)):
            kind = type(settled).__name__
            raise UserError(f"protocol: {self.spec}: settle: expected it to return a Config, got {kind}")
        if getattr(settled, "seed", 0) != seed:
            raise UserError(f"protocol: {self.spec}: settle: expected it to keep seed {seed}, got {settled.seed}")
        if (target := getattr(settled, "target", "auto")) not in _TARGETS:
            raise unknown("target", str(target), [*_TARGETS])
        return settled

    def _require_json(self, kind: str, values: dict) -> None:
        """Raise UserError unless JSON can hold what a function of the file returned."""
        for name, value in values.items():
            try:
                json.dumps(value, sort_keys=True)
            except (TypeError, ValueError) as error:
                place = kind if kind == name else f"{kind}: {name}"
                what = f"protocol: {self.spec}: {place}: expected values that JSON can hold"
                raise UserError(f"{what}, got {type(value).__name__} ({in_one_line(error)})") from None

    def execute(
        self, config: Any, folder: Path = RUNS, progress: bool = False, resume: bool = False
    ) -> tuple[Path, xr.Dataset]:
        """Prepare a run and execute it; see :meth:`prepare` and :meth:`snnlab.lab.run.Run.execute`."""
        run = self.prepare(config, folder)
        return run.path, run.execute(progress, resume)

    def write_exports(self, dataset: xr.Dataset, stem: Path) -> list[Path]:
        """Write what ``export`` of the file writes beside a run file, and return the paths."""
        written = call_own("export", self.spec, self.export, dataset, stem)
        if not isinstance(written, list | tuple) or not all(isinstance(each, str | Path) for each in written):
            raise UserError(f"protocol: {self.spec}: export: expected a list of paths, got {written!r:.60}")
        return [Path(each) for each in written]

    def judge(self, dataset: xr.Dataset) -> list[Check]:
        """Evaluate the checks of a run now; see :func:`snnlab.lab.run.judge`."""
        return judge(self, dataset)

    def condition(self, config: Any) -> str:
        """Return the name of the control whose settings a Config has, or "default"."""
        values = dataclasses.asdict(config)
        for name, overrides in self.controls.items():
            if all(values[k] == v for k, v in overrides.items()):
                return name
        return "default"

    def preset(self, config: Any) -> str:
        """Return "full" or "quick" if the Config has this preset, with or without the overrides of one variant.

        Seed, target, recording settings and the settings of its control are ignored. Any other difference makes the
        preset "custom". A field that is None in the preset may hold its settled value.
        """
        return next((name for name, _ in self._matches(config)), "custom")

    def variant(self, config: Any) -> str:
        """Return the variant of a Config: the variant of a preset that it equals, or the nearest one with the changes.

        A Config with the settings of a control has the variant that the control breaks.
        """
        named = next((variant for _, variant in self._matches(config) if variant), None)
        stored = json.loads(json.dumps(dataclasses.asdict(config)))
        return named or variant_name(stored, self.Config, self.variants, self.quick, self.quick_variants)

    def _matches(self, config: Any) -> Iterator[tuple[str, str]]:
        """Yield preset and variant ("": none) of each named Config that this Config equals."""
        # A gain that the user chose differs from the preset. A gain that a control sets does not.
        allowed = {*neutral(self.Config), *self.controls.get(self.condition(config), {})}
        values = dataclasses.asdict(config)
        for name, variant, preset in self._presets():
            stated = dataclasses.asdict(preset)
            other = {k for k, v in values.items() if v != stated[k]} - allowed
            if not other or (all(stated[k] is None for k in other) and self._stands_for(preset, config, allowed)):
                yield name, variant

    def _stands_for(self, preset: Any, config: Any, allowed: set[str]) -> bool:
        """Tell whether a preset settles to the same values as a Config. Fields in ``allowed`` may differ."""
        values = dataclasses.asdict(config)
        same = {k: values[k] for k in allowed if k in values}
        try:
            return self.settled(dataclasses.replace(preset, **same)) == self.settled(config)
        except SnnlabError:
            return False

    def _presets(self) -> Iterator[tuple[str, str, Any]]:
        """Yield preset, variant ("": none) and Config of every preset and variant."""
        for preset, quick in (("full", False), ("quick", True)):
            for variant, overrides in ({"": {}} | self.variants).items():
                yield preset, variant, self.config(quick, **overrides)


def _method(config: type, name: str, default: Any) -> Any:
    """Return a method of a Config, such as those of a family's Config, where it has one of this name."""
    found = getattr(config, name, None)
    return found if callable(found) else default


def _as_stated(config: type, values: dict) -> dict:
    """Return the values of a Config, with a whole number as a float where the field is one: 10 is 10.0."""
    hints = get_type_hints(config)

    def stated(value: Any, hint: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(stated(each, hint) for each in value)
        floats = type(value) is int and float in (hint, *get_args(hint)) and int not in get_args(hint)
        return float(value) if floats else value

    return {name: stated(value, hints.get(name)) for name, value in values.items()}


def judge_again(dataset: xr.Dataset) -> tuple[list[Check], str]:
    """Return the checks of a stored run, evaluated now if possible, or as stored with the reason ("": evaluated)."""
    if "protocol_file" not in dataset.attrs:
        raise UserError("run file: expected a run of a protocol, got a network that was saved without one")
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
        protocol = _read(module, Path(spec).stem, str(user_path(spec).resolve()))
        share_run(module)
        return protocol
    known = files("protocols")
    if spec not in known:
        raise unknown("protocol", spec, [*known], "snnlab list")
    return _read(import_file("protocols", spec), spec, spec)


def _read(module: ModuleType, name: str, spec: str) -> Protocol:
    config, run = getattr(module, "Config", None), getattr(module, "run", None)
    if not (isinstance(config, type) and dataclasses.is_dataclass(config)) or run is None:
        raise UserError(
            f"protocol: expected a file with a dataclass Config and a function run(config, engine), got {spec}"
        )
    require_fields(config, spec)
    protocol = Protocol(
        name=name,
        spec=spec,
        Config=config,
        run=run,
        settle=_found(module, "settle", _method(config, "settle", lambda config: config)),
        models=_found(module, "models", _method(config, "models", lambda config: {})),
        cost=_found(module, "cost", _method(config, "cost", None)),
        checks=_found(module, "checks", lambda dataset: []),
        measure=_found(module, "measure", lambda dataset: {}),
        findings=_found(module, "findings", lambda datasets: []),
        comparisons=_found(module, "comparisons", lambda runs: []),
        controls=_found(module, "CONTROLS", {}),
        quick=_found(module, "QUICK", {}),
        variants=_found(module, "VARIANTS", {"default": {}}),
        quick_variants=_found(module, "QUICK_VARIANTS", {}),
        figure=figure_of(_found(module, "FIGURE", None), spec),
        export=_found(module, "export", lambda dataset, stem: []),
    )
    require_kinds(protocol)
    bands = read_bands(bands_file(Path(str(module.__file__))))
    return dataclasses.replace(protocol, checks=_banded(protocol, bands)) if bands else protocol


def _banded(protocol: Protocol, bands: dict[tuple[str, str], Band]) -> Callable[[xr.Dataset], list[Check]]:
    """Return the checks of a protocol with the bands of its reduced preset, which hold where nothing is broken."""

    def checks(dataset: xr.Dataset) -> list[Check]:
        rows = protocol.checks(dataset)
        if dataset.attrs.get("preset") != "quick" or dataset.attrs.get("condition") != "default":
            return rows
        measured = {check.what: check.measured for check in rows} | protocol.measure(dataset)
        return with_bands(rows, measured, dataset.attrs["variant"], bands)

    return checks


def _found(module: ModuleType, name: str, default: Any) -> Any:
    """Return what a file holds under a name, or the default if it holds nothing or None."""
    found = getattr(module, name, None)
    return default if found is None else found
