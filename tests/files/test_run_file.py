"""docs/run_file.md says what stands in a run: each protocol's smallest run holds just that."""

import fnmatch
import json
import re
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from scipy.io import wavfile

from places import DATA, ROOT
from snnlab.files import record
from snnlab.files.describe import SHARED, describe
from snnlab.lab.discovery import files
from snnlab.lab.protocol import find_protocol

PAGE = (ROOT / "docs" / "run_file.md").read_text(encoding="utf-8")
# Small enough for the numpy target, and too small to learn.
LIF = {
    "neuron": "lif", "target": "numpy", "n": 30, "dt": 1.0, "rls_interval": 4.0, "learn_start": 0.1, "learn_stop": 1.0,
}  # fmt: skip
MOVIE = LIF | {"height": 4, "width": 6, "movie_seconds": 2.0, "pulses": 4}
SONG = LIF | {"q_hdts": 80.0, "pulses": 10, "bands": 8}
ONE = {"sequence": "I", "periods": 3, "target": "numpy"}
TWO = {"sequence": "CI", "cue": 5, "periods": 4, "target": "numpy"}
PATTERNS = {"n": 40, "inputs": 40, "active": 10, "frames": 3, "sequences": 4, "hold": 2, "density": 0.2}
RESERVOIR = {"n": 40, "density": 0.2, "epochs": 1}
SMALL = {
    "brunel2000": {"n_e": 40, "c_e": 20, "j": 5.0, "dt": 0.5, "seconds": 0.25, "recorded": 5, "target": "numpy"},
    "dybm_anomaly": ONE | {"sequence": "CI"},
    "dybm_baselines": ONE,
    "dybm_energy": ONE,
    "dybm_evolution": ONE,
    "dybm_music": ONE,
    "dybm_queue": ONE,
    "dybm_relearning": TWO | {"novel": "IC", "novel_periods": 2},
    "dybm_science": ONE,
    "dybm_stdp_window": {"delays": (1,), "longest_lag": 2},
    "dybm_two_sequences": TWO,
    "force_convergence": {"network": "tanh", "n": 30, "learn": 0.5, "after": 0.5},
    "force_dale": LIF | {"seconds": 1.6, "task": "sine"},
    "force_gain_plane": LIF | {"seconds": 1.6, "perturbations": 1},
    "force_lorenz": LIF | {"seconds": 2.0},
    "force_oscillator": LIF | {"seconds": 1.6, "task": "sine"},
    "force_sine": LIF | {"seconds": 1.6, "eigenvalues": True, "record_p": True},
    "internal_compression": MOVIE | {"q_cue": 10.0, "q_hdts": 10.0, "levels": (1.0,), "taught": (4.0,)},
    "movie_replay": MOVIE | {"seconds": 4.2},
    "neuron_models": {"seconds": 0.02, "points": 2, "lif_seconds": 0.01, "izhikevich_seconds": 0.01},
    "ode_to_joy": LIF | {"seconds": 2.0, "g": 0.04, "q": 10.0},
    "ode_to_joy_hdts": LIF | {"seconds": 2.0, "hdts": "internal", "pulses": 4, "q_hdts": 10.0},
    "pattern_completion": PATTERNS | {"reservoir": "rate"},
    "pattern_separation": PATTERNS | {"reservoir": "rate"},
    "rate_force": {"n": 30, "before": 0.1, "learn": 2.6, "after": 2.6},
    "replay_compression": MOVIE,
    "reservoir_best": {"n": 100},
    "reservoir_diagnostics": RESERVOIR,
    "reservoir_mnist": RESERVOIR,
    "reservoir_remedies": RESERVOIR,
    "songbird": SONG | {"seconds": 2.6},
    "stdp_window": {"lags": (5.0,), "frequencies": (40.0,), "pairings": 1, "target": "numpy"},
    "stlr_window": {"lags": (0.0, 2.0), "periods": (2.0,), "inputs": (2,), "spikes": 1},
    "synaptic_filters": {"dt": 0.5, "tau_decay": 4.0, "seconds": 0.01},
}  # fmt: skip
# Programs are compiled, gains are searched, or there is a song for each lesion.
LONGER = {
    "force_scaling": {"sizes": (20, 40), "seconds": 0.1},
    "liquid_mnist": {
        "n": 100, "train_images": 20, "test_images": 10, "held_out": 10, "learned_images": 3,
        "calibration_images": 2, "row": 2.5, "gap": 5.0, "read": 5.0, "target": "numpy",
    },
    "pattern_separation spiking": PATTERNS | {"reservoir": "spiking", "target": "numpy"},
    **{
        f"songbird_ablation {hdts}": SONG | {"hdts": hdts, "draws": 1, "pulses": 50 if hdts == "chain" else 10}
        for hdts in ("external", "chain", "internal")
    },
}  # fmt: skip
# A protocol that is not named above runs in its reduced preset.
SMALL |= {name: {} for name in files("protocols") if name not in {each.split()[0] for each in SMALL | LONGER}}


@dataclass(frozen=True)
class Row:
    """A row of the page."""

    name: str
    cells: tuple[str, ...]
    protocols: frozenset[str] = field(default_factory=frozenset)

    @property
    def when(self):
        return self.cells[-1]

    def names(self, variable):
        return fnmatch.fnmatchcase(variable, self.name)

    def holds(self, variable, array):
        """Whether a variable of a run is what the row says."""
        dims, units, meaning, _ = self.cells
        allowed = re.findall(r"`([^`]+)`", units)
        right = array.attrs.get("units") in allowed if allowed else ("units" in array.attrs) == (units == "SI")
        word = variable.removeprefix("state_") if self.name == "state_*" else variable.removesuffix(self.name[1:])
        return (
            dims == (", ".join(map(str, array.dims)) or "scalar")
            and right
            and (units == "text") == (array.dtype.kind not in "biuf")
            and array.attrs.get("long_name") == meaning.replace("*", word)
        )


def tables():
    """Rows of the tables of attributes, and of those of variables, each with the protocols that its table is for."""
    found, kind, protocols = {"attribute": [], "variable": []}, None, frozenset()
    for block in re.split(r"\n\s*\n", PAGE):
        if block.startswith("Runs of "):
            protocols = frozenset(re.findall(r"`([^`]+)`", block))
        if block.startswith(("| attribute", "| variable")):
            kind, *lines = block.splitlines()
            kind = kind.split()[1]
            for line in lines[1:]:
                name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
                found[kind].append(Row(name.strip("`"), tuple(cells), protocols if kind == "variable" else frozenset()))
    return found["attribute"], found["variable"]


ATTRIBUTES, VARIABLES = tables()


@pytest.fixture(scope="module")
def wav(tmp_path_factory):
    """Three tones in half a second."""
    time = np.arange(22050) / 44100
    sound = np.sin(2 * np.pi * np.choose((time * 6).astype(int), [900, 2000, 4000]) * time) * (time * 6 % 1 < 0.7)
    path = tmp_path_factory.mktemp("wav") / "tones.wav"
    wavfile.write(path, 44100, (sound * 20000).astype(np.int16))
    return str(path)


def run(name, folder, wav):
    """The file of the smallest run of a protocol."""
    protocol, settings = find_protocol(name.split()[0]), (SMALL | LONGER)[name]
    if name.startswith("songbird"):
        settings = settings | {"song": wav}
    return protocol.execute(protocol.config(quick=True, **settings), folder)[0]


def faults(path):
    """What of a run is not as the page says, one line each."""
    dataset = xr.load_dataset(path, engine="h5netcdf")
    protocol = dataset.attrs["protocol"]
    rows = [row for row in VARIABLES if protocol in row.protocols]
    lines = []
    for key, array in dataset.variables.items():
        name = str(key)
        fitting = [row for row in rows if row.names(name)]
        if not any(row.holds(name, array) for row in fitting):
            lines.append(f"{name} {array.dims} {array.attrs}: the page has {[row.cells for row in fitting]}")
    needed = [row.name for row in rows if not row.when]
    lines += [f"{name}: not in the run" for name in needed if not fnmatch.filter(map(str, dataset.variables), name)]
    attributes = {row.name: row for row in ATTRIBUTES}
    for name, value in dataset.attrs.items():
        if name not in attributes:
            lines.append(f"attribute {name}: not on the page")
            continue
        kind = attributes[name].cells[0]
        good = isinstance(value, {"integer": np.integer, "number": np.floating}.get(kind, str))
        if not good or (kind == "JSON" and not isinstance(json.loads(value), list | dict)):
            lines.append(f"attribute {name}: expected {kind}, got {value!r}")
    lines += [
        f"attribute {row.name}: not in the run" for row in ATTRIBUTES if not row.when and row.name not in dataset.attrs
    ]
    return lines


@pytest.mark.parametrize("name", SMALL)
def test_a_run_holds_what_the_page_says(name, tmp_path, wav):
    assert faults(run(name, tmp_path, wav)) == []


@pytest.mark.science
@pytest.mark.parametrize("name", LONGER)
def test_a_longer_run_holds_what_the_page_says(name, tmp_path, wav):
    assert faults(run(name, tmp_path, wav)) == []


def test_every_protocol_stands_on_the_page_and_is_run():
    stated = {name for row in VARIABLES for name in row.protocols}
    assert stated == set(files("protocols")) == {name.split()[0] for name in SMALL | LONGER}


def test_a_run_that_is_not_as_the_page_says_is_seen(tmp_path, wav):
    path = run("rate_force", tmp_path, wav)
    with xr.load_dataset(path, engine="h5netcdf") as stored:
        good = stored.copy()
    for number, (broken, fault) in enumerate(
        [
            (good.drop_vars("sign"), "sign: not in the run"),
            (good.assign(more=("time", good.time.values)), "more ('time',)"),
            (good.assign(decoder=good.decoder.T), "decoder ('component', 'unit')"),
            (good.assign(decoder=good.decoder.assign_attrs(units="s")), "decoder ('unit', 'component')"),
            (good.assign(decoder=good.decoder.drop_attrs()), "decoder ('unit', 'component')"),
            (good.assign_attrs(extra=1.0), "attribute extra: not on the page"),
            (good.assign_attrs(config="7"), "attribute config: expected JSON"),
        ]
    ):
        record.save(broken, tmp_path / f"{number}.nc")
        (line,) = faults(tmp_path / f"{number}.nc")
        assert line.startswith(fault)


def test_the_first_lines_of_the_page_draw_a_run(tmp_path, wav):
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL).group(1)
    assert len(code.splitlines()) == 3
    path = run("force_sine", tmp_path, wav)
    names = {}
    plt.close("all")
    exec(re.sub(r'"runs/[^"]+"', repr(str(path)), code), names)
    axes = plt.gca()
    assert axes.get_xlabel().replace("\n", " ") == "time since the start of the run [s]"
    np.testing.assert_array_equal(axes.get_lines()[0].get_ydata(), names["run"].output[:, 0])
    plt.close("all")


def test_describe_gives_names_and_units_and_leaves_what_it_got():
    given = xr.Dataset({"rate": ("bin", [1.0], {"units": "Hz"}), "group": ("bin", ["a"])}, {"bin": [0.1]})
    table = {"rate": ("mean rate", None), "group": ("name of the group", None), "bin": ("end of the bin", "s")}
    found = describe(given, table, {"rate": ("rate", None), "absent": ("nothing", "1")})
    assert found.rate.attrs == {"long_name": "rate", "units": "Hz"} and "units" not in found.group.attrs
    assert found.bin.attrs == {"long_name": "end of the bin", "units": "s"}
    assert given.rate.attrs == {"units": "Hz"} and not given.bin.attrs and not given.group.attrs


def test_describe_knows_what_families_share_and_keeps_what_is_described():
    given = xr.Dataset({"spike_time": ("spike", [0.5]), "pre": ("synapse", [1], {"long_name": "ours", "units": "1"})})
    found = describe(given)
    assert found.spike_time.attrs == dict(zip(("long_name", "units"), SHARED["spike_time"], strict=True))
    assert found.pre.attrs["long_name"] == "ours"


@pytest.mark.parametrize("table", [{}, {"x": ("a number", None)}])
def test_a_variable_that_is_left_without_name_or_units_is_warned_of(table):
    with pytest.warns(UserWarning, match="variables without long_name or units: x$"):
        assert describe(xr.Dataset({"x": 1.0}), table).x == 1


def test_structures_of_old_files_are_read():
    (path,) = (DATA / "first_edition").glob("liquid_mnist-*.nc")
    old = record.load(path)
    assert record.attribute(old, "thresholds") == pytest.approx({"theta1": 1.2784479, "theta2": -1.6827084})
    assert record.attribute(old, "images_shown") == [200, 1415, 382]
