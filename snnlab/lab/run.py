"""A run: a settled Config and its file. It is computed, stored, and then checked."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UserError
from ..files import record
from ..files.checkpoint import Checkpoints
from ..files.python import is_file_spec
from ..files.storable import storable
from .claims import Check
from .grouping import neutral
from .own import call_own

if TYPE_CHECKING:
    import xarray as xr

    from ..engine.brian import Engine
    from .protocol import Protocol

_log = logging.getLogger("snnlab")
RUNS = Path("runs")


@dataclass(frozen=True)
class Run:
    """A run of a protocol: the given Config, the settled Config, and the run file.

    :meth:`snnlab.lab.protocol.Protocol.prepare` makes it.
    """

    protocol: Protocol
    given: Any
    config: Any
    """the settled Config"""
    values: dict
    """fields of the settled Config"""
    path: Path

    @property
    def resumable(self) -> bool:
        """Whether the run is complete, or was interrupted after a checkpoint."""
        return self.path.is_file() or Checkpoints(self.path).kept()

    def execute(self, progress: bool = False, resume: bool = False) -> xr.Dataset:
        """Compute the run, write its file, and return the dataset with its evaluated checks.

        The arrays of a run with checkpoints are dask arrays, which are read from the run file when they are used. With
        ``resume``, an interrupted run continues from its last checkpoint, and a complete run is read.

        Raises
        ------
        UserError, Diverged, MachineError, KeyboardInterrupt
            Nothing is written except the checkpoints of a long run.
        """
        path = self.path
        if resume and path.is_file():
            _log.info(f"{path.stem}: already complete, nothing to resume")
            dataset = record.load(path, self.protocol.name)
            judge(self.protocol, dataset)
            return dataset
        with record.output_folder(path.parent), Checkpoints(path, resume) as checkpoints:
            dataset = self._compute(progress, checkpoints)
            if record.is_lazy(dataset):
                # The dataset must read its own file, because the checkpoints are removed.
                dataset = record.load(path, self.protocol.name, lazy=True)
            checkpoints.remove()
        return dataset

    def _compute(self, progress: bool, checkpoints: Checkpoints) -> xr.Dataset:
        """Compute the run and write its file."""
        from ..engine.brian import Engine

        wall, cpu = time.perf_counter(), record.cpu_time()
        # The names are taken before `run`, which may change a Config that is not frozen.
        names = self._names()
        target, seed = self.values.get("target", "cython"), self.values.get("seed", 0)
        with _seeded(seed), Engine(target, seed, progress, checkpoints) as engine:
            dataset, left = storable(self._call(engine))
            target = engine.used
        ours = {
            "Conventions": record.CONVENTIONS,
            "format_version": record.FORMAT_VERSION,
            **names,
            "target": target,
            "config": json.dumps(self.values),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "wall_seconds": time.perf_counter() - wall,
            "cpu_seconds": record.cpu_time() - cpu,
            **record.provenance(),
            "checks": "[]",
            "measures": "{}",
            **({"left_out": json.dumps(left)} if left else {}),
        }
        if is_file_spec(self.protocol.spec) and (taken := [name for name in ours if name in dataset.attrs]):
            replaced = ", ".join(f"{name} ({dataset.attrs[name]!r:.60})" for name in taken)
            _log.warning(f"protocol: {self.protocol.spec}: run: attributes of the run file replace yours: {replaced}")
        dataset.attrs |= ours
        # What was computed is kept, whatever ends its judgement, and also if its folder was removed meanwhile.
        self.path.parent.mkdir(parents=True, exist_ok=True)
        record.save(dataset, self.path)
        try:
            store_measures(self.protocol, dataset)
            judge(self.protocol, dataset)
        except UserError as error:
            raise UserError(f"{error}; the run is kept in {self.path}") from error
        finally:
            record.set_attributes(self.path, {name: dataset.attrs[name] for name in ("checks", "measures")})
        return dataset

    def _names(self) -> dict[str, Any]:
        """Return the attributes that identify the run."""
        protocol = self.protocol
        seed = {"seed": self.values["seed"]} if "seed" in self.values else {}
        return seed | {
            "protocol": protocol.name,
            "protocol_file": protocol.spec,
            "condition": protocol.condition(self.config),
            "preset": protocol.preset(self.given),
            "variant": protocol.variant(self.given),
            "given": json.dumps(self._given()),
            "neutral": json.dumps([name for name in neutral(protocol.Config) if name in self.values]),
        }

    def _given(self) -> dict:
        """Return the fields of the Config whose given value differs from the default of the class."""
        given, found = dataclasses.asdict(self.given), {}
        for field in dataclasses.fields(self.given):
            default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
            if default is dataclasses.MISSING or given[field.name] != default:
                found[field.name] = given[field.name]
        return found

    def _call(self, engine: Engine) -> xr.Dataset:
        """Call ``run`` of the protocol."""
        import xarray as xr

        spec = self.protocol.spec
        # A shipped protocol that diverges says so itself. Warnings of a user's own code are shown.
        quiet = contextlib.nullcontext() if is_file_spec(spec) else np.errstate(over="ignore", invalid="ignore")
        before = dataclasses.asdict(self.config)
        with quiet:
            dataset = call_own("run", spec, self.protocol.run, self.config, engine)
        after = dataclasses.asdict(self.config)
        if changed := [name for name in before if repr(after[name]) != repr(before[name])]:
            told = f"run changes {', '.join(changed)} of its Config; the run file holds the values before"
            _log.warning(f"protocol: {spec}: {told}")
        if not isinstance(dataset, xr.Dataset):
            kind = type(dataset).__name__
            raise UserError(f"protocol: {spec}: run: expected it to return an xarray.Dataset, got {kind}")
        return dataset


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed NumPy's and Python's global streams, from which a user's code may draw, and give them back afterwards."""
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.random.seed(seed % 2**32)  # noqa: NPY002
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)


def judge(protocol: Protocol, dataset: xr.Dataset) -> list[Check]:
    """Evaluate the checks of a run now, store them in the dataset and return them.

    Raises
    ------
    UserError
        If the protocol's ``checks`` fail, or if the run file lacks something that ``run`` returned.
    """
    if "variant" not in dataset.attrs and "config" in dataset.attrs:
        # A run of format 1.
        dataset.attrs["variant"] = protocol.variant(stored_config(protocol, dataset))
    # The checks get a copy, because they must not change what is stored.
    checks = call_own("checks", protocol.spec, protocol.checks, dataset.copy())
    require_list("checks", protocol.name, checks, Check)
    dataset.attrs["checks"] = json.dumps([c.to_dict() for c in checks])
    if "left_out" in dataset.attrs:
        lines = record.attribute(dataset, "left_out")
        more = f" (and {len(lines) - 1} more)" if lines[1:] else ""
        raise UserError(f"protocol: {protocol.spec}: run: {lines[0]}{more}")
    return checks


def stored_config(protocol: Protocol, dataset: xr.Dataset) -> Any:
    """Return the Config that a run holds, without fields that the protocol no longer has.

    A run of format 1 holds it as it was given.
    """
    known = {field.name for field in dataclasses.fields(protocol.Config)}
    stored = record.attribute(dataset, "config").items()
    return protocol.Config(**{k: tuple(v) if isinstance(v, list) else v for k, v in stored if k in known})


def store_measures(protocol: Protocol, dataset: xr.Dataset) -> None:
    """Store the measures of a run in its attributes, as JSON. Numbers that are not finite become text.

    A ``measure`` that fails leaves none: the run and its checks stand, and a warning says why.
    """

    def measure() -> dict[str, float]:
        return {str(what): float(value) for what, value in protocol.measure(dataset.copy()).items()}

    try:
        measured = call_own("measure", protocol.spec, measure)
    except UserError as error:
        _log.warning(f"{error}; the run is stored without measures")
        return
    finite = {what: value if abs(value) < float("inf") else str(value) for what, value in measured.items()}
    dataset.attrs["measures"] = json.dumps(finite)


def stored_measures(dataset: xr.Dataset) -> dict[str, float]:
    """Return the stored measures of a run; empty for a run of an older version, which has none."""
    return {what: float(value) for what, value in json.loads(dataset.attrs.get("measures", "{}")).items()}


def require_list(kind: str, name: str, found: object, cls: type) -> None:
    """Raise UserError unless a function of a protocol returned a list of ``cls`` objects."""
    if not isinstance(found, list) or not all(isinstance(each, cls) for each in found):
        raise UserError(f"{kind} of {name}: expected a list of {cls.__name__}, got {found!r:.100}")


def controls_fail(checks: list[Check]) -> bool:
    """Tell whether a control fails as it must: at least one of its checks fails, or it has none."""
    return not checks or not all(c.holds for c in checks)


def stored_checks(dataset: xr.Dataset) -> list[Check]:
    """Return the stored checks of a run."""
    return [Check.from_dict(row) for row in record.attribute(dataset, "checks")]
