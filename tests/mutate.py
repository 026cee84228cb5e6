"""Make a mistake in a copy of the project and see what falls: `python tests/mutate.py [PROTOCOL ...]`.

For each mistake of the table, the reduced preset of its protocol runs in the copy, and then the test that should see
the mistake. Prints one row of docs/trust.md for each mistake; exit status 1 if anything did not fall that should.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Mistake:
    """A text of a file that is replaced by another, and what must fall then."""

    protocol: str
    what: str
    """the mistake, as docs/trust.md says it"""
    path: str
    right: str
    """text that stands once in the file"""
    wrong: str
    test: str
    """a test that falls"""
    overrides: dict = field(default_factory=dict)
    """settings of the reduced preset"""
    seen: bool = True
    """whether a check of the reduced preset falls"""


PUBLISHED = "tests/test_published_values.py"
WEIGHTS, ENCODER = "snnlab/connectivity/random.py", "    return (2 * rng.random((n, k)) - 1) * q\n"
ENCODERS = "tests/connectivity/test_connectivity.py::test_encoders_have_the_stated_range"
LIF = ("snnlab/neurons/lif.py", "parameters=dict(tau_m=10 * ms,", "parameters=dict(tau_m=13 * ms,")
OSCILLATOR = "snnlab/stimuli/signals/oscillators.py"
PULSES = ("snnlab/networks/replay/pulses.py", "np.sin(np.pi * (turns - component))", "np.ones_like(turns)")
PULSE_TEST = "tests/networks/force/test_drive.py::test_pulses_follow_each_other_and_repeat"
RULE = "snnlab/networks/boltzmann/rule.py"
HALVED = (
    RULE,
    'f"{name}{index} += rate*{gradient}/sqrt({squares} + {TINY})"',
    'f"{name}{index} += 0.5*rate*{gradient}/sqrt({squares} + {TINY})"',
)
DYBM_LOOP = "tests/networks/boltzmann/test_boltzmann.py::test_training_equals_a_loop_over_the_whole_past"
STDP = "snnlab/plasticity/stdp.py"
HEBB = ("snnlab/plasticity/hebb.py", 'RateRule("hebb", "x_pre*y_post"', 'RateRule("hebb", "-x_pre*y_post"')
RESERVOIR = "tests/networks/reservoir/test_reservoir.py"
MISTAKES = [
    Mistake(
        "force_sine",
        "feedback weights are halved",
        WEIGHTS,
        ENCODER,
        ENCODER.replace("* q", "* q / 2"),
        ENCODERS,
        overrides={"neuron": "lif"},
    ),
    Mistake("force_sine", "LIF: tau_m is 13 ms, not 10", *LIF, PUBLISHED, overrides={"neuron": "lif"}),
    Mistake(
        "force_sine",
        "LIF: the refractory period is 1 ms, not 2",
        "snnlab/neurons/lif.py",
        "refractory=2 * ms",
        "refractory=1 * ms",
        PUBLISHED,
        overrides={"neuron": "lif"},
        seen=False,
    ),
    Mistake(
        "force_dale",
        "split feedback is not doubled",
        "snnlab/connectivity/dale.py",
        "    return 2 * np.hstack([np.max",
        "    return np.hstack([np.max",
        "tests/networks/force/test_dale.py",
        seen=False,
    ),
    Mistake(
        "force_oscillator",
        "the van der Pol oscillator is 1.5 times as fast",
        OSCILLATOR,
        "_VDP_SETTLE = 10.0, 20.0, 15.0",
        "_VDP_SETTLE = 10.0, 30.0, 15.0",
        "tests/stimuli/test_oscillators.py",
        overrides={"task": "vdp_harmonic", "neuron": "lif"},
        seen=False,
    ),
    Mistake("movie_replay", "pulses are square", *PULSES, PULSE_TEST, seen=False),
    Mistake("songbird", "pulses are square", *PULSES, PULSE_TEST, seen=False),
    Mistake("dybm_science", "learning steps are halved", *HALVED, DYBM_LOOP, seen=False),
    Mistake(
        "stdp_window",
        "depression is half as large as potentiation, not 1.05 times",
        STDP,
        "ratio=1.05",
        "ratio=0.5",
        PUBLISHED,
    ),
    Mistake(
        "stdp_window",
        "a presynaptic spike weakens nothing",
        STDP,
        "w -= eta*ratio*w_max*x_post_spikes",
        "w -= 0*eta*ratio*w_max*x_post_spikes",
        "tests/protocols/single/test_stdp_window.py",
    ),
    Mistake(
        "reservoir_mnist",
        "Hebb's rule has the other sign",
        *HEBB,
        RESERVOIR,
        overrides={"plasticity": "hebb"},
        seen=False,
    ),
    Mistake(
        "reservoir_mnist",
        "the lower branch of STLR has the other sign",
        "snnlab/plasticity/stlr.py",
        'g2="tanh((summed - theta2)/abs(theta1))"',
        'g2="-tanh((summed - theta2)/abs(theta1))"',
        "tests/models/test_rules.py",
        overrides={"plasticity": "stlr"},
        seen=False,
    ),
]

_RUN = """
import json, sys
from snnlab.lab.protocol import find_protocol
protocol = find_protocol(sys.argv[1])
try:
    run = protocol.prepare(protocol.config(True, **json.loads(sys.argv[2]))).execute()
    print("\\nFELL", json.dumps([check.what for check in protocol.checks(run) if not check.holds]))
except Exception as error:
    print("\\nFELL", json.dumps([f"{type(error).__name__}: {error}"]))
"""


def copy_with(mistake: Mistake, folder: Path) -> None:
    """Copy the project into a folder and make the mistake there."""
    for name in ("snnlab", "protocols", "figures", "tests", "docs"):
        ignored = shutil.ignore_patterns("__pycache__", "gallery", "*.png")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for path in [*ROOT.glob("*.md"), ROOT / "setup.cfg", ROOT / "pyproject.toml"]:
        shutil.copy(path, folder)
    file = folder / mistake.path
    file.write_text(file.read_text().replace(mistake.right, mistake.wrong))


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run Python in the copy, which it imports before the installed project."""
    environment = os.environ | {"PYTHONPATH": str(folder)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def fallen_checks(mistake: Mistake) -> list[str]:
    """Return the checks of the reduced preset that fall with the mistake; a run that ends with an error is one."""
    with tempfile.TemporaryDirectory() as name:
        copy_with(mistake, Path(name))
        done = python(Path(name), "-c", _RUN, mistake.protocol, json.dumps(mistake.overrides))
    return json.loads(done.stdout.rpartition("FELL ")[2])


def caught_by_test(mistake: Mistake) -> bool:
    """Tell whether the test fails with the mistake."""
    with tempfile.TemporaryDirectory() as name:
        copy_with(mistake, Path(name))
        done = python(Path(name), "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mistake.test)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{mistake.test}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 1


def main() -> int:
    wanted, missed = sys.argv[1:], 0
    for mistake in MISTAKES:
        if wanted and mistake.protocol not in wanted:
            continue
        fallen, caught = fallen_checks(mistake), caught_by_test(mistake)
        missed += bool(fallen) != mistake.seen or not caught
        checks = "; ".join(fallen) or "none"
        test = f"`{mistake.test}`" if caught else f"NOT by `{mistake.test}`"
        print(f"| {mistake.protocol} | {mistake.what} | {checks} | {test} |", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
