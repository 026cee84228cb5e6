"""The result of a study: its runs by variant and condition, their checks, findings, and the report."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from . import claims
from .grouping import Runs
from .own import call_own
from .protocol import Protocol
from .run import controls_fail, require_list

_log = logging.getLogger("snnlab")


@dataclass
class Study:
    """The runs of a study, with their checks and findings.

    Four mappings have (variant, condition) as key. ``groups`` holds datasets without the large network arrays, one for
    each seed. ``checks`` holds their checks, evaluated at reading. ``diverged`` holds the messages of runs that
    diverged. ``refused`` holds the reason why a control does not apply to the settings of its variant.
    """

    protocol: Protocol
    groups: dict[tuple[str, str], list] = field(default_factory=dict)
    checks: dict[tuple[str, str], list[list[claims.Check]]] = field(default_factory=dict)
    diverged: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
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
            found = call_own(kind, self.protocol.spec, getattr(self.protocol, kind), runs)
            require_list(kind, self.protocol.name, found, claims.Finding)
        except UserError as error:
            text = " ".join(str(error).split())
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
                # A default that diverges fails, too.
                whole = self.checks.get((variant, "default"), [])
                any_whole = bool(whole or self.diverged.get((variant, "default")))
                if failed == total and any_whole and all(map(controls_fail, whole)):
                    verdict = "no evidence: the default fails in every seed, too"
                controls.append([variant, condition, f"fails in {failed} of {total} seeds", verdict])
        controls += [[*key, "does not apply", reason] for key, reason in self.refused.items()]
        parts = [claims.table(rows, ("variant", "check", "band", "holds in", "seen", "where the band comes from"))]
        if controls:
            parts.append(claims.table(controls, ("variant", "control", "", "")))
        if self.findings:
            parts.append(claims.findings_table(self.findings, self.reduced))
        elif (
            not self.faults
            and len(self.protocol.variants) > 1
            and not {v for v, _ in self.groups} >= set(self.protocol.variants)
        ):
            names = ", ".join([*self.protocol.variants][:4]) + " ..." * (len(self.protocol.variants) > 4)
            parts.append(
                f"no findings from these runs; `snnlab reproduce {self.protocol.spec}` compares "
                f"{len(self.protocol.variants)} variants: {names}"
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
        for (variant, condition), reason in self.refused.items():
            conditions.append({"variant": variant, "condition": condition, "refused": reason})
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
    finite = seen[np.isfinite(seen)]
    values = [f"{claims.number(finite.min())} .. {claims.number(finite.max())}"] if finite.size else []
    values += [f"{seen.size - finite.size} not finite"] if finite.size < seen.size else []
    return [check["what"], band, f"{check['held']} of {seen.size}", ", ".join(values), check["source"]]
