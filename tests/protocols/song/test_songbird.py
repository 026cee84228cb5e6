"""The songbird protocols: settings, reduced runs, lesions."""

import dataclasses
import json

import numpy as np
import pytest
import xarray as xr
from scipy.io import wavfile
from scipy.ndimage import gaussian_filter1d

from snnlab.errors import UserError
from snnlab.lab.protocol import find_protocol
from snnlab.lab.run import controls_fail
from snnlab.networks.song import lesions, song_from, taught_song
from snnlab.networks.song import scores as song_scores
from snnlab.protocols.song import songbird as module
from snnlab.protocols.song import songbird_ablation as ablation

SONG, ABLATION = find_protocol("songbird"), find_protocol("songbird_ablation")
SMALL = {
    "neuron": "lif",
    "target": "cpp_standalone",
    "n": 60,
    "dt": 0.5,
    "learn_start": 0.1,
    "learn_stop": 1.0,
    "q_hdts": 80.0,
}


@pytest.fixture(scope="module")
def wav(tmp_path_factory):
    """Half a second with three tones."""
    t = np.arange(22050) / 44100
    tones = ((0.05, 0.12, 2000), (0.18, 0.25, 4000), (0.32, 0.42, 6000))
    sound = sum(np.sin(2 * np.pi * f * t) * ((t >= a) & (t < b)) for a, b, f in tones)
    path = tmp_path_factory.mktemp("wav") / "tones.wav"
    wavfile.write(path, 44100, (sound * 20000).astype(np.int16))
    return str(path)


def test_published_settings():
    config = module.settle(SONG.config())
    setup = config.setup
    assert (config.n, config.g, config.q, config.q_hdts, config.pulses) == (1000, 1.3e4, 1e3, 8e3, 500)
    assert (config.seconds, config.learn_start, config.learn_stop, setup.learn.step) == (100.0, 1.0, 50.0, 100)
    assert taught_song(config).bands.shape[1] == 45 and taught_song(config).period == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("protocol", "changes", "message"),
    [
        (
            "songbird",
            {"song": "nothing.wav"},
            "song: expected synthetic, bengalese or a WAV file, got no file 'nothing.wav'",
        ),
        ("songbird", {"song_seconds": 1.0}, "song_seconds: expected None for the synthetic song"),
        ("songbird", {"seconds": 52.0}, "seconds: expected at least 60.06 s, where the first song ends"),
        ("songbird", {"bands": 0}, "bands: expected"),
        ("songbird", {"low": 9000.0, "high": 800.0}, "low, high: expected"),
        ("songbird", {"hdts": "chain", "pulses": 32}, "pulses: expected an integer from 450 to 500 for a chain"),
        ("songbird", {"hdts": "chian"}, "hdts: expected one of .*, got 'chian'; did you mean chain"),
        ("songbird_ablation", {"hdts": "none"}, "hdts: expected one of .*, got 'none'"),
        ("songbird_ablation", {"seconds": 100.0}, "seconds: expected at least 1955.06 s, where 380 songs end"),
        ("songbird", {"record_start": 60.0}, "record_start: expected at most 55 s, when a song begins"),
        ("songbird_ablation", {"draws": 0}, "draws: expected"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_by_name_and_nothing_is_written(tmp_path, protocol, changes, message):
    protocol = find_protocol(protocol)
    with pytest.raises(UserError, match=message):
        protocol.execute(protocol.config(target="numpy", **changes), tmp_path / "runs")
    assert not list(tmp_path.rglob("*.nc"))


@pytest.mark.programs
@pytest.mark.parametrize(
    ("hdts", "pulses"),
    [("external", 10), ("chain", 50), ("internal", 5)],
)
def test_a_reduced_run_of_a_recording_and_its_sounds(tmp_path, wav, hdts, pulses, monkeypatch):
    told = []
    monkeypatch.setattr("snnlab.protocols.song.songbird._log.info", lambda text, *values: told.append(text % values))
    config = SONG.config(song=wav, seconds=3.1, hdts=hdts, pulses=pulses, bands=12, **SMALL)
    path, dataset = SONG.execute(config, tmp_path)
    advice = "songbird: 10 pulses of 50.0 ms; for 10 ms, as published, give --pulses 50"
    assert (advice in told) == (hdts == "external")
    # After the first whole song from 0.5 s after learning on.
    assert dataset.sung.shape == (3, *dataset.song.shape) and dataset.song.shape[1] == 12
    assert dataset.syllable.values.tolist() == ["1", "2", "3"] and float(dataset.song_start) == pytest.approx(2.5)
    assert ((dataset.spike_time >= 2.5) & (dataset.spike_time < 3.0)).all()
    checks = json.loads(dataset.attrs["checks"])
    assert len(checks) == 3 and json.loads(dataset.attrs["config"])["labels"] is None
    assert ["cut from the loudness of the same recording" in check["source"] for check in checks] == [False, True, True]
    written = SONG.export(dataset, path.with_suffix(""))
    assert [file.name for file in written] == [f"{path.stem}-song.wav", f"{path.stem}-network.wav"]
    for file in written:
        rate, sound = wavfile.read(file)
        assert rate == 44100 and len(sound) == pytest.approx(22050, abs=200)


def test_labels_enter_the_name_of_a_run_and_nothing_else_does(tmp_path, wav):
    names = [SONG.prepare(SONG.config(song=wav)).path.name]
    for shift in (0, 1):
        (tmp_path / "human.txt").write_text(f"0.05\t0.1{shift}\ta\n0.2\t0.3\tb\n")
        names.append(SONG.prepare(SONG.config(song=wav, labels=str(tmp_path / "human.txt"))).path.name)
    assert len(set(names)) == 3


@pytest.mark.parametrize(
    "hdts", ["internal", *(pytest.param(each, marks=pytest.mark.programs) for each in ("external", "chain"))]
)
def test_lesions_one_after_the_other(tmp_path, wav, hdts):
    pulses = 50 if hdts == "chain" else 20
    config = ABLATION.config(song=wav, hdts=hdts, pulses=pulses, draws=1, bands=12, **SMALL)
    _, dataset = ABLATION.execute(config, tmp_path)
    count = 1 + len(lesions.KINDS) * len(lesions.SHARES)
    assert dataset.sizes["lesion"] == dataset.sizes["example"] == count
    assert dataset.kind.values.tolist() == ["none"] + ["piece"] * 6 + ["random"] * 6 + ["neurons"] * 6
    piece = dataset.isel(lesion=[index for index in range(1, 7)])
    np.testing.assert_allclose(
        (piece.stop - piece["first"]) / 0.5, np.maximum(1, np.round(piece.share * pulses)) / pulses, atol=1e-9
    )
    assert np.isnan(dataset["first"].values[[0, 7, 18]]).all()
    # One that keeps its own time, and did not learn to, sings before none.
    assert np.isfinite(dataset.error).all() == (hdts != "internal")
    np.testing.assert_allclose(dataset.silent_share[1:7], np.maximum(1, np.round(piece.share * pulses)) / pulses)
    if hdts != "internal":
        # Each lesion is heard, and half of the pulses or neurons are missed.
        apart = np.abs(dataset.sung - dataset.sung[0]).mean(("frame", "band")).values[1:]
        assert (apart > 1e-3).all() and (dataset.error[[6, 12, 18]] > dataset.error[0] + 0.05).all()
    if hdts == "chain":
        assert float(dataset.reached[0]) == 1 and float(dataset.late[0]) == 0 and float(dataset.reached[6]) < 0.6
    assert next(iter(ABLATION.measure(dataset))) == "RMSE / sd of the song, no lesion"
    assert len(json.loads(dataset.attrs["checks"])) == 1


def test_findings_of_a_song_stand_beside_what_is_none(wav, rng):
    song = song_from(wav, 12)
    names, starts, stops = zip(*song.syllables, strict=True)
    runs = []
    for seed, condition in [(0, "default"), (1, "default"), (2, "default"), (0, "permuted_pulses")]:
        shown = song.bands if condition == "default" else song.bands[rng.permutation(len(song.bands))]
        config = vars(SONG.config(seed=seed)) | {"control": "none", "song": wav}
        runs.append(
            xr.Dataset(
                {
                    "song": (("frame", "band"), song.bands, {"frames_per_second": song.rate}),
                    "sung": (("pass", "frame", "band"), shown[None]),
                    "syllable": ("syllable", list(names)),
                    "syllable_start": ("syllable", list(starts)),
                    "syllable_stop": ("syllable", list(stops)),
                    "lag": ((), 0.01),
                },
                attrs={"config": json.dumps(config), "condition": condition, "preset": "full"},
            )
        )
    found = {finding.what.partition(": ")[2]: finding for finding in SONG.comparisons(runs)}
    assert found[song_scores.CORRELATION].value == pytest.approx(1) and found[song_scores.IDENTITY].value == 1
    assert all("mean spectrum" in row.null and "permuted pulses" in row.null for row in found.values())
    assert SONG.comparisons(runs[1:]) == []


def lesioned(variant, seed, after, **more):
    """A run with two lesions of each kind that findings read, and two songs without."""
    rows = [(lesions.NONE, 0.0)] * 2 + [(kind, 0.1) for kind in lesions.KINDS for _ in range(2)] + [("random", 0.5)]
    kinds, shares = (np.array(column) for column in zip(*rows, strict=True))
    error = np.where(kinds == lesions.NONE, 0.4, 0.7)
    errors = np.where((kinds == "piece")[:, None], [0.4, 1.2, after, 1.0, 0.8, 0.6, 0.4], np.nan)
    config = vars(ABLATION.config(**ABLATION.variants[variant], seed=seed))
    piece = kinds == "piece"
    columns = {"kind": kinds, "share": shares, "error": error, "identity": 1 - error} | more
    columns |= {name: np.where(piece, at, np.nan) for name, at in (("first", 1.0), ("stop", 1.5))}
    bands = gaussian_filter1d(np.random.default_rng(seed).random((800, 6)), 6, axis=0, mode="wrap")
    # Behind the piece a half second in its place, and then what belongs 0.6 s before.
    cut = np.concatenate([bands[:420], bands[300:680]])
    return xr.Dataset(
        {name: ("lesion", values) for name, values in columns.items()}
        | {"errors": (("lesion", "part"), errors), "example": ("example", [0, 2])}
        | {"sung": (("example", "frame", "band"), np.stack([bands, cut]))}
        | {"song": (("frame", "band"), bands, {"frames_per_second": 200.0})},
        {"part": list(lesions.PARTS)},
        attrs={"config": json.dumps(config), "condition": "default", "variant": variant},
    )


def test_findings_tell_neurons_apart_and_where_damage_is():
    cases = {"external": 0.9, "external, LIF": 0.4}
    found = {
        row.what: row
        for row in ABLATION.comparisons(
            [lesioned(variant, s, after) for variant, after in cases.items() for s in range(3)]
        )
    }
    for variant, after in cases.items():
        what = f"{variant}: {ablation.ERROR}, after a silent piece of a tenth"
        assert found[what].value == pytest.approx(after) and found[what].null.startswith("no lesion 0.40")
        assert found[f"{variant}: {ablation.ERROR}, 10% silent: neurons"].value == pytest.approx(0.7)
        identity = found[f"{variant}: {song_scores.IDENTITY}, 50% silent: random"]
        assert identity.value == pytest.approx(0.3) and identity.null == "no lesion 0.60"
        behind = [found[f"{variant}: {ablation.ERROR}, {part} a silent piece of a tenth"] for part in lesions.PARTS[3:]]
        assert [row.value for row in behind] == pytest.approx([1.0, 0.8, 0.6, 0.4])
        # From 1.55 s on four half seconds: the first is in its place.
        in_place, elsewhere = (found[f"{variant}: {what}"] for what in (ablation.IN_PLACE, ablation.ELSEWHERE))
        assert (in_place.value, elsewhere.value) == (0.25, 0.75)
        assert in_place.null == "0.00: in the song played backward; no lesion 1.00"
        assert elsewhere.null == "0.00: in the song played backward; no lesion 0.00"
    assert ABLATION.comparisons([lesioned("external, LIF", s, 0.4) for s in range(2)]) == []


def test_only_songs_that_a_lesion_ended_can_be_sung_again():
    # Nine lesions, the first two of them none: one is not sung before, four end the song, three of these come again.
    alike = [0.9, 0.9, 0.2, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]
    during = [0.9, 0.1, 0.1, 0.8, 0.9, 0.3, 0.3, 0.3, 0.3]
    after = [0.9, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.2]
    measured = ABLATION.measure(lesioned("internal", 0, 0.9, alike=alike, during=during, next=after))
    assert measured[ablation.NOT_SUNG] == pytest.approx(1 / 9)
    assert measured[ablation.ENDED] == pytest.approx(4 / 6) and measured[ablation.AGAIN] == pytest.approx(3 / 4)


@pytest.mark.science
@pytest.mark.parametrize("seed", [0, 1])
def test_the_reduced_preset_sings(tmp_path, seed):
    _, dataset = SONG.execute(SONG.config(quick=True, seed=seed), tmp_path)
    assert not controls_fail(SONG.checks(dataset))


@pytest.mark.science
@pytest.mark.parametrize("control", list(SONG.controls))
def test_controls_fail(tmp_path, control):
    _, dataset = SONG.execute(SONG.config(quick=True, **SONG.controls[control]), tmp_path)
    assert controls_fail(SONG.checks(dataset))


def test_with_pulses_of_its_own_the_reduced_preset_is_asked_to_learn_and_to_go_on_for_a_moment():
    preset = dataclasses.asdict(ABLATION.config(quick=True, **ABLATION.variants["internal"]))

    def checked(trained, follows, config):
        dataset = lesioned("internal", 0, 0.9).assign(trained=trained, follows=follows)
        return {check.what: check.holds for check in ABLATION.checks(dataset.assign_attrs(config=json.dumps(config)))}

    assert checked(0.5, 0.8, preset) == {ablation.TRAINED: True, ablation.FOLLOWS: True}
    assert checked(0.7, 1.2, preset) == {ablation.TRAINED: False, ablation.FOLLOWS: False}
    whole = dataclasses.asdict(ABLATION.config(**ABLATION.variants["internal"]))
    assert [*checked(0.5, 0.8, whole)] == [f"{ablation.ERROR}, no lesion"]


@pytest.mark.science
@pytest.mark.parametrize("condition", ["default", *ABLATION.controls])
def test_with_pulses_of_its_own_the_reduced_preset_meets_its_checks_and_its_controls_fail(tmp_path, condition):
    variant = ABLATION.config(quick=True, **ABLATION.variants["internal"])
    config = dataclasses.replace(variant, **ABLATION.controls.get(condition, {}))
    _, dataset = ABLATION.execute(config, tmp_path)
    assert (dataset.attrs["preset"], dataset.attrs["condition"]) == ("quick", condition)
    checks = ABLATION.checks(dataset)
    assert len(checks) == 2 and dataset.attrs["note"] == ablation.NOTE
    assert all(check.holds for check in checks) == (condition == "default")
