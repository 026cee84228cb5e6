"""The commands of the command line, each from its arguments to an exit status."""

from __future__ import annotations

import dataclasses
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

import tyro

from ..errors import UserError
from ..files import record
from ..files.data import SOURCES, get
from ..lab.claims import measures_table, table
from ..lab.discovery import family, files
from ..lab.estimate import estimate
from ..lab.figure import FigureFile, collect, find_figure, needed_runs, read, save_figure, write_claims
from ..lab.protocol import Protocol, find_protocol
from ..lab.run import RUNS, Run, stored_checks, stored_measures
from ..lab.study import Group, Prepared, Study, parse_grid, parse_seeds, plan, prepare, run_study
from .consent import announce
from .options import parse
from .settled import describe_run
from .stored import exit_status, print_checks


@dataclasses.dataclass(frozen=True)
class _Common:
    quick: bool = False
    """use the reduced preset (a run takes at most a minute), not the published scale; with --help, show its values"""
    out: Path = RUNS
    """folder of the run files"""
    progress: bool = True
    """whether the expected cost and a progress bar are shown"""
    dry_run: bool = False
    """print the expected cost, for one run with its settled settings, and compute and write nothing"""
    yes: bool = False
    """compute also what takes more than an hour or more memory than the machine has"""


@dataclasses.dataclass(frozen=True)
class _Run(_Common):
    figure: bool = True
    """whether the protocol's figure of this run is drawn"""
    resume: bool = False
    """continue from the last checkpoint of this run, if it was interrupted"""
    preset: str = ""
    """named settings of the protocol; other options change them; with --help, show their values"""


@dataclasses.dataclass(frozen=True)
class _Study(_Common):
    seeds: str | None = None
    """start:stop, or a list such as 1,5,7; None means 100:110, or 100:103 with --quick"""
    jobs: int = 2
    """number of parallel processes"""
    vary: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """field=start:stop:count or field=a,b,c, in addition to the default; repeat it for a grid over more fields"""
    controls: bool = True
    """whether the controls, which must fail, are also run"""
    json: Path | None = None
    """also write checks, controls and findings to this file, with the names of the run files"""


@dataclasses.dataclass(frozen=True)
class _Figure(_Common):
    out: Path = RUNS
    """folder of the run files; the figure is written to its subfolder `figures`"""
    run: tyro.conf.UseAppendAction[tuple[Path, ...]] = ()
    """draw this run file instead of the default runs of the figure; repeat it for more files"""


@dataclasses.dataclass(frozen=True)
class _Reproduce(_Common):
    seeds: str | None = None
    """start:stop, or a list such as 1,5,7; None means 100:110, or 100:103 with --quick"""
    jobs: int = 2
    """number of parallel processes"""
    gallery: Path | None = None
    """also write each figure to this folder as PNG, with its claims and studies as JSON"""


def _named(command: str, arguments: list[str], options: type) -> tuple[str, list[str]]:
    if arguments[:1] in (["-h"], ["--help"]):
        parse(options, f"snnlab {command} {'FIGURE' if command == 'figure' else 'PROTOCOL'}", ["--help"])
    if not arguments or arguments[0].startswith("-"):
        raise UserError(f"{command}: expected a name from `snnlab list` first, got {(arguments or ['nothing'])[0]}")
    return arguments[0], arguments[1:]


def run(arguments: list[str]) -> int:
    """snnlab run PROTOCOL [options]"""
    name, rest = _named("run", arguments, _Run)
    protocol = find_protocol(name)
    options, config = parse(_Run, f"snnlab run {name}", rest, protocol, presets=True)
    prepared = protocol.prepare(config, options.out)
    if options.dry_run:
        print(describe_run(prepared))
        return 0
    if not (options.resume and prepared.path.is_file()):
        announce(estimate([[prepared]], again=True), options.yes, options.progress)
    if options.resume and not prepared.resumable:
        print("snnlab: --resume finds no checkpoint of this run, so it starts from the beginning", file=sys.stderr)
    path, dataset = prepared.path, prepared.execute(options.progress, options.resume)
    checks = stored_checks(dataset)
    print_checks(dataset, checks)
    stated = {check.what for check in checks}
    if more := {what: value for what, value in stored_measures(dataset).items() if what not in stated}:
        print("\n" + measures_table(more) + "\n")
    print(f"run file  {path}")
    if options.figure and protocol.figure:
        try:
            drawn = save_figure(find_figure(protocol.figure), [dataset], path.with_name(path.stem), pdf=False)
            print(f"figure    {drawn[0]}")
        except UserError as error:
            print(f"figure    none: {error}")
    for written in protocol.write_exports(dataset, path.with_suffix("")):
        print(f"{written.suffix[1:]:<10}{written}")
    return exit_status(dataset, checks)


def _seeds(options: _Study | _Reproduce) -> range | list[int]:
    default = "100:103" if options.quick else "100:110"
    return parse_seeds(default if options.seeds is None else options.seeds)


def _require_jobs(jobs: int) -> None:
    if jobs < 1:
        raise UserError(f"jobs: expected an integer >= 1, got {jobs}")


def study(arguments: list[str]) -> int:
    """snnlab study PROTOCOL [options]"""
    name, rest = _named("study", arguments, _Study)
    protocol = find_protocol(name)
    options, config = parse(_Study, f"snnlab study {name}", rest, protocol)
    _require_jobs(options.jobs)
    if options.json is not None:
        record.check_replaceable("json", options.json, ".json")
    if not protocol.seeded:
        if options.seeds is not None:
            raise UserError(f"seeds: expected none, since {protocol.name} is not random, got {options.seeds}")
        print(f"{protocol.name} has no seed, since it is not random: each setting is run once", file=sys.stderr)
    grid = parse_grid(options.vary, config)
    prepared = prepare(protocol, plan(protocol, config, _seeds(options), options.controls, grid), options.out)
    if not _announced([*prepared.groups.values()], options, options.jobs):
        return 0
    result = run_study(prepared, options.jobs, options.progress)
    print(result.report())
    print(f"\nrun files {len(result.datasets)} of {protocol.name} in {options.out}")
    if options.json is not None:
        record.write_json(options.json, result.to_dict())
    return _study_status(result)


def _announced(groups: Sequence[Group | list[Run]], options: _Common, jobs: int = 1) -> bool:
    """Say what the runs without a file cost, and tell whether they are to be computed now: not with --dry-run."""
    expected = estimate(groups, jobs)
    if options.dry_run:
        print(expected.text())
    else:
        announce(expected, options.yes, options.progress)
    return not options.dry_run


def _study_status(result: Study) -> int:
    if result.faults:
        return 2
    held, stated = result.count()
    if held < stated:
        return 3
    return 4 if any(condition == "default" for _, condition in result.diverged) else 0


def figure(arguments: list[str]) -> int:
    """snnlab figure NAME [options]"""
    name, rest = _named("figure", arguments, _Figure)
    wanted = find_figure(name)
    options, _ = parse(_Figure, f"snnlab figure {name}", rest)
    record.require_folders("out", options.out / "figures")
    if options.run:
        datasets = [read(path) for path in options.run]
        of = "-" + "-".join(path.stem for path in options.run[:3]) + ("-and-more" if options.run[3:] else "")
    else:
        runs = needed_runs(wanted, options.quick, options.out)
        if not _announced([runs], options):
            return 0
        datasets = collect(wanted, runs, options.progress)
        of = "-quick" if options.quick else ""
    drawn = save_figure(wanted, datasets, options.out / "figures" / f"{wanted.name}{of}")
    print("\n".join(f"figure    {path}" for path in drawn))
    if wanted.caption:
        of_all = "reduced preset; the caption describes the published scale. " if options.quick else ""
        print("\n" + "\n".join(textwrap.wrap(of_all + wanted.caption, 100)))
    return max(exit_status(d, stored_checks(d)) for d in datasets)


def reproduce(arguments: list[str]) -> int:
    """snnlab reproduce [NAME ...] [options]"""
    names = []
    while arguments and not arguments[0].startswith("-"):
        names.append(arguments[0])
        arguments = arguments[1:]
    options, _ = parse(_Reproduce, "snnlab reproduce", arguments)
    _require_jobs(options.jobs)
    if options.gallery is not None and options.quick:
        raise UserError("gallery: expected the published scale, got --quick")
    protocols, figures = ([*files(kind)] for kind in ("protocols", "figures"))
    for name in names:
        if name not in protocols and name not in figures:
            find_protocol(name)
    chosen = [n for n in protocols if not names or n in names] + [n for n in names if n not in protocols + figures]
    prepared = {name: _prepare_variants(find_protocol(name), options) for name in chosen}
    drawn = {name: find_figure(name) for name in figures if not names or name in names}
    _require_places(drawn, options)
    needed = {name: needed_runs(wanted, options.quick, options.out) for name, wanted in drawn.items()}
    groups = [group for each in prepared.values() for group in each.groups.values()]
    if not _announced([*groups, *needed.values()], options, options.jobs):
        return 0
    status, rows, studies = 0, [], {}
    for name, each in prepared.items():
        result = run_study(each, options.jobs, options.progress)
        print(f"\n{name}\n{result.report()}\n")
        studies[name] = result.to_dict()
        held, stated = result.count()
        rows.append([name, f"{held} of {stated}", str(len(result.findings)), f"{result.cpu_seconds:.0f}"])
        status = max(status, _study_status(result))
    for name, wanted in drawn.items():
        _draw(wanted, collect(wanted, needed[name], options.progress), options, studies)
    if rows:
        print("\n" + table(rows, ("protocol", "checks and controls held", "findings", "CPU s")))
    return status


def _require_places(figures: Iterable[str], options: _Reproduce) -> None:
    """Raise UserError unless the folders that the figures go to can be written. No run is computed in vain."""
    record.require_folders("out", options.out / "figures")
    if options.gallery is not None:
        record.require_folders("gallery", *(_place(options.gallery, name) for name in figures))


def _place(gallery: Path, figure: str) -> Path:
    """Return the folder of a figure in a gallery."""
    return gallery / family("figures", figure)


def _prepare_variants(protocol: Protocol, options: _Reproduce) -> Prepared:
    """Return the study of all variants of a protocol, with their controls."""
    configs: dict[tuple[str, str], list] = {}
    for variant, overrides in protocol.variants.items():
        part = plan(protocol, protocol.config(options.quick, **overrides), _seeds(options))
        configs |= {(variant, condition): group for (_, condition), group in part.items()}
    return prepare(protocol, configs, options.out)


def _draw(wanted: FigureFile, datasets: list, options: _Reproduce, studies: dict[str, dict]) -> None:
    """Draw a figure and, for a gallery, write it there with its claims and the studies behind it."""
    file = f"{wanted.name}-quick" if options.quick else wanted.name
    print(f"figure    {save_figure(wanted, datasets, options.out / 'figures' / file)[0]}")
    if options.gallery is not None:
        place = _place(options.gallery, wanted.name)
        save_figure(wanted, datasets, place / wanted.name, pdf=False)
        behind = [studies[p] for p in dict.fromkeys(p for p, _ in wanted.needs) if p in studies]
        write_claims(wanted, datasets, place / f"{wanted.name}.json", behind)


def data(arguments: list[str]) -> int:
    """List the files that can be fetched, or fetch one and print its path."""
    if arguments in (["-h"], ["--help"]):
        print("usage: snnlab data            list what can be fetched\n       snnlab data get NAME   fetch it")
        return 0
    if not arguments:
        print(table([[name, source.package, source.terms] for name, source in SOURCES.items()], ("", "from", "")))
        return 0
    if arguments[0] != "get" or len(arguments) != 2:
        raise UserError(f"data: expected 'get NAME' with one of {', '.join(SOURCES)}, got {' '.join(arguments)!r}")
    print(get(arguments[1]))
    return 0
