"""Figure files: get the runs, draw them, stamp the figure with seed, preset and checks, and save it."""

from __future__ import annotations

import dataclasses
import io
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import SnnlabError, UserError, in_one_line, unknown
from ..files import record
from ..files.python import is_file_spec, load_file
from .discovery import files, import_file
from .grouping import neutral
from .own import require_function
from .protocol import Protocol, find_protocol, judge_again
from .run import RUNS, Run, stored_config

_log = logging.getLogger("snnlab")
_INK = "0.35"


@dataclass(frozen=True)
class FigureFile:
    """A figure file: ``NEEDS = [(protocol, overrides), ...]``, ``draw(datasets) -> Figure`` and a ``CAPTION``.

    The optional ``QUICK_NEEDS`` are the runs of the reduced preset. By default, these are the runs of the first three
    seeds of each setting.
    """

    name: str
    needs: list[tuple[str, dict]]
    draw: Callable
    caption: str
    quick_needs: list[tuple[str, dict]]

    def needed(self, quick: bool = False) -> list[tuple[str, dict]]:
        """Return the protocol and the overrides of each run that is drawn."""
        if not quick:
            return self.needs
        if self.quick_needs:
            return self.quick_needs
        found: dict[tuple[str, str], list[tuple[str, dict]]] = {}
        for name, overrides in self.needs:
            setting = repr(sorted((field, value) for field, value in overrides.items() if field != "seed"))
            found.setdefault((name, setting), []).append((name, overrides))
        return [need for seeds in found.values() for need in seeds[:3]]


def find_figure(spec: str) -> FigureFile:
    """Return a figure by its name or by the path of a user's file; raises UserError if there is none."""
    if is_file_spec(spec):
        found, name = load_file(spec, "figure"), Path(spec).stem
    else:
        names = files("figures")
        if spec not in names and spec in files("protocols"):
            # The name may be a protocol's, whose figure is meant.
            spec = find_protocol(spec).figure or spec
        if spec not in names:
            raise unknown("figure", spec, [*names], "snnlab list")
        found, name = import_file("figures", spec), spec
    if not callable(getattr(found, "draw", None)) or not hasattr(found, "NEEDS"):
        raise UserError(f"figure: expected a file with NEEDS and a function draw(datasets), got {spec}")
    require_function(f"figure: {spec}: draw", found.draw, ("datasets",))
    quick_needs, caption = getattr(found, "QUICK_NEEDS", []), getattr(found, "CAPTION", "")
    for kind, needs in (("NEEDS", found.NEEDS), ("QUICK_NEEDS", quick_needs)):
        if not isinstance(needs, list | tuple) or not all(_is_need(need) for need in needs):
            raise UserError(
                f"figure: {spec}: {kind}: expected a list [(protocol, {{field: value}})], got {needs!r:.60}"
            )
    if not isinstance(caption, str):
        raise UserError(f"figure: {spec}: CAPTION: expected text, got {caption!r:.60}")
    return FigureFile(name, found.NEEDS, found.draw, caption, quick_needs)


def _is_need(need: Any) -> bool:
    """Tell whether an entry of NEEDS names a protocol and the settings of one run."""
    pair = isinstance(need, list | tuple) and len(need) == 2
    return pair and isinstance(need[0], str) and isinstance(need[1], dict)


def needed_runs(figure: FigureFile, quick: bool = False, folder: Path = RUNS) -> list[Run]:
    """Return the runs that a figure needs, whether they have a file or not."""
    wanted = ((find_protocol(name), overrides) for name, overrides in figure.needed(quick))
    return [protocol.prepare(protocol.config(quick, **overrides), folder) for protocol, overrides in wanted]


def collect(figure: FigureFile, runs: Sequence[Run], progress: bool = True) -> list:
    """Return the datasets of the runs that a figure needs. Runs without a file are computed first."""
    missing = {run.path: run for run in runs if not run.path.is_file()}
    if missing:
        _log.info("%s: %d of %d runs are missing", figure.name, len(missing), len({run.path for run in runs}))
    for run in missing.values():
        run.execute(progress, resume=True)
    return [read(run.path) for run in runs]


def read(path: Path):
    """Return a stored run with its checks evaluated now, if its protocol can still evaluate them."""
    dataset = record.load(path)
    judge_again(dataset)
    return dataset


def save_figure(figure: FigureFile, datasets: Sequence, stem: Path, pdf: bool = True) -> list[Path]:
    """Draw a figure and write ``stem``.png (and .pdf). Seed, preset and checks of each run are printed below it.

    Raises
    ------
    UserError
        If the figure cannot draw a run.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure
    from PIL import Image

    style = Path(__file__).parents[1] / "plotting" / "snnlab.mplstyle"
    contents = {"png": io.BytesIO()} | ({"pdf": io.BytesIO()} if pdf else {})
    before = {*plt.get_fignums()}
    with plt.style.context(style):
        try:
            drawn = figure.draw(list(datasets))
            if not isinstance(drawn, Figure):
                raise TypeError(f"draw: expected it to return a Figure of matplotlib, got {type(drawn).__name__}")
            drawn.text(0.5, -0.005, stamp(datasets), ha="center", va="top", fontsize=6, color=_INK, linespacing=1.4)
            if not _full_scale(figure, datasets):
                warning = "reduced or changed settings: not the published scale"
                drawn.text(0.5, 1.01, warning, ha="center", va="bottom", color="#c1121f")
            for kind, content in contents.items():
                metadata = {"Software": None} if kind == "png" else {"CreationDate": None}
                drawn.savefig(content, format=kind, metadata=metadata, dpi=150)
        except (KeyboardInterrupt, MemoryError, SnnlabError):
            raise
        except BaseException as error:
            raise UserError(f"run: figure {figure.name}: {_not_drawn(figure, datasets, error)}") from error
        finally:
            for number in {*plt.get_fignums()} - before:
                plt.close(number)
    with Image.open(contents["png"]) as image:
        # A palette is enough for a line drawing and makes the file three times smaller.
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    contents["png"] = io.BytesIO()
    small.save(contents["png"], format="png", optimize=True)
    # The folder is created only now, so that a figure that cannot be drawn leaves none.
    record.check_writable(stem.parent)
    paths = []
    for kind, content in contents.items():
        paths.append(stem.with_name(f"{stem.name}.{kind}"))
        record.write_whole(paths[-1], content.getvalue())
    return paths


def _not_drawn(figure: FigureFile, datasets: Sequence, error: BaseException) -> str:
    """Return the reason why a figure cannot draw these runs."""
    given = sorted({d.attrs["protocol"] for d in datasets})
    needs = list(dict.fromkeys(name for name, _ in figure.needs))
    controls = sorted({d.attrs["condition"] for d in datasets} - {"default"})
    if not set(given) <= set(needs):
        return f"expected runs of {', '.join(needs)}, got one of {', '.join(given)}"
    if len(controls) == len({d.attrs["condition"] for d in datasets}):
        return f"expected runs of the default condition, got controls {', '.join(controls)}"
    named = {AttributeError: getattr(error, "name", None), KeyError: error.args[0] if error.args else None}
    missing = f"without {named[type(error)]!r}" if named.get(type(error)) else in_one_line(error)
    return f"expected runs that it can draw, got runs of {', '.join(given)} ({missing})"


def _full_scale(figure: FigureFile, datasets: Sequence) -> bool:
    """Tell whether all runs have the published scale or the settings in the figure's NEEDS."""
    stated: dict[str, list[dict]] = {}
    for dataset in datasets:
        # For a protocol of the user, the defaults are the full scale.
        if dataset.attrs["preset"] != "custom" or is_file_spec(dataset.attrs["protocol_file"]):
            if dataset.attrs["preset"] == "quick":
                return False
            continue
        name = dataset.attrs["protocol"]
        if name not in stated:
            stated[name] = _settled(figure, name)
        protocol = find_protocol(name)
        config = _values(protocol, stored_config(protocol, dataset))
        if not any(all(config.get(k) == v for k, v in values.items()) for values in stated[name]):
            return False
    return True


def _settled(figure: FigureFile, name: str) -> list[dict]:
    """Return the distinct settled settings of one protocol in a figure's NEEDS, in the form of run files."""
    protocol = find_protocol(name)
    kept, found = neutral(protocol.Config), []
    for values in (overrides for other, overrides in figure.needs if other == name):
        config = _values(protocol, protocol.config(**{k: v for k, v in values.items() if k not in kept}))
        settled = {k: v for k, v in config.items() if k not in kept}
        found += [settled] if settled not in found else []
    return found


def _values(protocol: Protocol, config: Any) -> dict:
    """Return the settled values of a Config, as they are stored in a file.

    Without the data that a Config names, such as a film, it cannot be settled. The values that it states are compared.
    """
    try:
        values = protocol.prepare(config).values
    except SnnlabError:
        values = {k: v for k, v in dataclasses.asdict(config).items() if v is not None}
    return json.loads(json.dumps(values))


def stamp(datasets: Sequence) -> str:
    """Return one line for each kind of run: protocol, neuron, condition, seeds, preset, checks held, CPU time."""
    kinds: dict[tuple[str, str], list] = {}
    for dataset in datasets:
        label = f" ({dataset.attrs['label']})" if "label" in dataset.attrs else ""
        own = is_file_spec(dataset.attrs["protocol_file"]) and dataset.attrs["preset"] != "quick"
        preset = "own protocol" if own else f"{dataset.attrs['preset']} preset"
        condition = "" if dataset.attrs["condition"] == "default" else f", {dataset.attrs['condition']}"
        kinds.setdefault((f"{dataset.attrs['protocol']}{label}{condition}", preset), []).append(dataset)
    lines = []
    for (what, preset), runs in kinds.items():
        checks = [check for run in runs for check in record.attribute(run, "checks")]
        verdict = f"{sum(c['holds'] for c in checks)} of {len(checks)} checks hold" if checks else "no checks stated"
        seeds = sorted({int(run.attrs["seed"]) for run in runs if "seed" in run.attrs})
        several = f", {len(runs)} runs" if len(runs) > 1 else ""
        drawn = f", seed{'s' if len(seeds) > 1 else ''} {_listed(seeds)}" if seeds else ""
        cost = f"{sum(run.attrs['cpu_seconds'] for run in runs):.0f} CPU s"
        resumed = [run.attrs["resumed_at"] for run in runs if run.attrs.get("resumed_at", 0) > 0]
        if resumed:
            cost += f" since {'it was' if len(runs) == 1 else 'some were'} resumed at {min(resumed):g} s"
        machines = ", ".join(dict.fromkeys(run.attrs["machine"] for run in runs))
        lines.append(f"{what}{several}{drawn}, {preset}: {verdict} ({cost}, {machines})")
    return "\n".join(lines)


def _listed(seeds: Sequence[int]) -> str:
    """Return seeds in rising order as text. Three and more consecutive seeds are written as first to last."""
    pieces: list[list[int]] = []
    for seed in seeds:
        if pieces and seed == pieces[-1][-1] + 1:
            pieces[-1].append(seed)
        else:
            pieces.append([seed])
    return ", ".join(f"{p[0]} to {p[-1]}" if len(p) > 2 else ", ".join(map(str, p)) for p in pieces)


def write_claims(figure: FigureFile, datasets: Sequence, path: Path, studies: Sequence[dict] = ()) -> None:
    """Write the caption, the checks of the drawn runs, and the results of studies as JSON beside a figure."""
    runs = [
        {
            "protocol": d.attrs["protocol"],
            "config": {k: v for k, v in record.attribute(d, "config").items() if v is not None},
            **({"seed": int(d.attrs["seed"])} if "seed" in d.attrs else {}),
            "preset": d.attrs["preset"],
            "checks": record.attribute(d, "checks"),
        }
        for d in datasets
    ]
    content = {"figure": figure.name, "caption": figure.caption, "runs": runs, "studies": list(studies)}
    record.write_json(path, content)
