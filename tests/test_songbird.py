"""The songbird protocols: settings, reduced runs, lesions."""

import dataclasses
import json

import numpy as np
import pytest
import xarray as xr
from scipy.io import wavfile
from scipy.ndimage import gaussian_filter1d

from snnlab.analysis import song_scores
from snnlab.analysis.song_lesions import OF_SONG, PARTS, SINGING, fits_behind, passed, place
from snnlab.errors import UserError
from snnlab.networks import synfire
from snnlab.networks.force_config import resolve
from snnlab.protocol import controls_fail, find_protocol
from snnlab.protocols import songbird as module
from snnlab.protocols import songbird_ablation as ablation

SONG, ABLATION = find_protocol("songbird"), find_protocol("songbird_ablation")
SMALL = {"neuron": "lif", "target": "numpy", "n": 60, "dt": 0.5, "learn_start": 0.1, "learn_stop": 1.0, "q_hdts": 80.0}


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
    config = module.settled(SONG.config())
    setup = resolve(config)
    assert (config.n, config.g, config.q, config.q_hdts, config.pulses) == (1000, 1.3e4, 1e3, 8e3, 500)
    assert (config.seconds, config.learn_start, config.learn_stop, setup.learn.step) == (100.0, 1.0, 50.0, 100)
    assert module.taught(config).bands.shape[1] == 45 and module.taught(config).period == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("protocol", "changes", "message"),
    [
        ("songbird", {"song": "nothing.wav"}, "song: no file 'nothing.wav'; expected synthetic, bengalese or a WAV"),
        ("songbird", {"song_seconds": 1.0}, "song_seconds: expected a recording, which it cuts"),
        ("songbird", {"seconds": 52.0}, "seconds: expected at least 60.06 s, where the first song ends"),
        ("songbird", {"bands": 0}, "bands: expected"),
        ("songbird", {"low": 9000.0, "high": 800.0}, "low, high: expected"),
        ("songbird", {"hdts": "chain", "pulses": 32}, "pulses: expected 450 to 500 for a chain"),
        ("songbird", {"hdts": "chian"}, "hdts: 'chian' is unknown; did you mean chain"),
        ("songbird_ablation", {"hdts": "none"}, "hdts: 'none' is unknown"),
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


@pytest.mark.parametrize(("hdts", "pulses"), [("external", 10), ("chain", 50), ("internal", 5)])
def test_a_reduced_run_of_a_recording_and_its_sounds(tmp_path, wav, hdts, pulses, monkeypatch):
    told = []
    monkeypatch.setattr("snnlab.protocols.songbird._log.info", lambda text, *values: told.append(text % values))
    config = SONG.config(song=wav, seconds=3.1, hdts=hdts, pulses=pulses, bands=12, **SMALL)
    path, dataset = SONG.execute(config, tmp_path)
    advice = "songbird: 10 pulses of 50.0 ms; for 10 ms, as published, give --pulses 50"
    assert (advice in told) == (hdts == "external")
    # After the first whole song from 0.5 s after learning on.
    assert dataset.sung.shape == (3, *dataset.song.shape) and dataset.song.shape[1] == 12
    assert dataset.syllable.values.tolist() == ["1", "2", "3"] and float(dataset.song_start) == pytest.approx(2.5)
    assert ((dataset.spike_time >= 2.5) & (dataset.spike_time < 3.0)).all()
    assert len(json.loads(dataset.attrs["checks"])) == 3
    written = SONG.export(dataset, path.with_suffix(""))
    assert [file.name for file in written] == [f"{path.stem}-song.wav", f"{path.stem}-network.wav"]
    for file in written:
        rate, sound = wavfile.read(file)
        assert rate == 44100 and len(sound) == pytest.approx(22050, abs=200)


def test_a_song_that_is_taught_is_found_in_its_place_with_its_delay(wav):
    song = module.song_from(wav, 12)
    time = np.arange(1, 2001) * 2e-3
    dataset = module.xr.Dataset({"output": (("time", "band"), song(time - 0.02))}, {"time": time})
    sung, lag = module.decoded(dataset, song, np.array([1.0, 1.5]))
    assert lag == pytest.approx(0.02) and sung.shape == (2, *song.bands.shape)
    np.testing.assert_allclose(sung[0], song.bands, atol=0.12)


@pytest.mark.parametrize("hdts", ["external", "chain", "internal"])
def test_lesions_one_after_the_other(tmp_path, wav, hdts):
    pulses = 50 if hdts == "chain" else 20
    config = ABLATION.config(song=wav, hdts=hdts, pulses=pulses, draws=1, bands=12, **SMALL)
    _, dataset = ABLATION.execute(config, tmp_path)
    count = 1 + len(ablation.KINDS) * len(ablation.SHARES)
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


def test_where_a_song_of_its_own_time_begins_is_found(rng):
    bands = gaussian_filter1d(rng.random((400, 6)), 4, axis=0, mode="wrap")
    song = module.Song(bands, 200.0, (("a", 0.1, 0.5), ("b", 0.8, 1.5)))
    time = np.arange(900) / 200.0
    output = song(0.6 + 1.01 * (time - 1.0)) + 0.01 * rng.standard_normal((900, 6))
    begun, pace, alike = place(time, output, 1.0, song)
    assert begun == pytest.approx(0.6, abs=0.01) and pace == pytest.approx(1.01, abs=1e-6) and alike > 0.9
    assert place(time, rng.random((900, 6)), 1.0, song)[2] < SINGING
    # It begins at 0.6 s: a piece from 0.8 to 1 s is reached after 0.2 s, and what comes before is the end of the rest.
    config = ABLATION.config(hdts="internal", pulses=20)
    since = np.mod(np.arange(400) / 200.0 - 0.6, 2.0)
    bands = np.where((since < 0.2)[:, None], song.bands, song.bands.mean(0))
    lesion = ablation.Lesion("piece", 0.1, 0, np.arange(8, 10))
    before, within, after = ablation._described(lesion, bands, 0.0, song, config, 0.6)["errors"][:3]
    assert before == 0 and within == pytest.approx(1, abs=0.15) and after == pytest.approx(1, abs=0.1)
    inside = ablation.Lesion("piece", 0.1, 0, np.arange(5, 7))
    assert np.isnan(ablation._described(inside, bands, 0.0, song, config, 0.6)["errors"]).all()


def test_lesions_are_what_they_say():
    config = ABLATION.config(draws=3)
    each = list(ablation.lesions(config, np.random.default_rng(0)))
    assert [len(lesion.silent) for lesion in each[:3]] == [0, 0, 0] and len(each) == 3 + 3 * 6 * 3
    for lesion in each[3:]:
        whole = {"piece": 500, "random": 500 * synfire.SIZE, "neurons": 1000}[lesion.kind]
        assert len(lesion.silent) == round(lesion.share * whole) and lesion.silent.max() < whole
        assert len(set(lesion.silent)) == len(lesion.silent)
        if lesion.kind == "piece":
            assert (np.diff(lesion.silent) == 1).all()
            dead = ablation._neurons(lesion)
            assert set(dead // synfire.SIZE) == set(lesion.silent) and len(dead) == synfire.SIZE * len(lesion.silent)


def test_half_seconds_behind_a_cut_are_found_in_their_place_and_elsewhere(rng):
    # A motif of 0.75 s twice, between other sounds: a song of 4 s.
    sounds = gaussian_filter1d(rng.random((650, 12)), 6, axis=0, mode="wrap")
    bands = np.concatenate([sounds[:150], sounds[150:300], sounds[300:450], sounds[150:300], sounds[450:650]])
    song = module.Song(bands, 200.0, (("a", 0.1, 0.5), ("b", 0.8, 1.5)))
    noise = 0.01 * rng.standard_normal(bands.shape)
    # As it is, off the grid of frames, without a lesion: in its place, though half of a copy fits as well.
    here, anywhere = fits_behind(song(np.arange(800) / 200.0 + 0.0023) + noise, song, np.nan, np.nan, 1.5)
    assert len(here) == 8 and (here > 0.95).all() and (anywhere >= here).all()
    # It was 3.5 s in, leaves the piece 0.4 s later, over the end of the song, and goes on 1.3 s too early.
    assert passed(3.5, 3.9, 3.5, 4.0) == pytest.approx((0, 0.4))
    here, anywhere = fits_behind(np.roll(bands, 260, 0) + noise, song, 3.5, 3.9, 3.5)
    assert len(here) == 7 and (here < OF_SONG).all() and (anywhere > 0.95).all()
    # 0.05 s late it still is in its place. Silence is not, nor other sounds.
    assert (fits_behind(np.roll(bands, 10, 0), song, 3.5, 3.9, 3.5)[0] > 0.95).all()
    for other in (np.zeros(bands.shape), rng.random(bands.shape)):
        assert (fits_behind(other, song, 3.5, 3.9, 3.5)[1] < OF_SONG).all()
    # It began within the piece, and never leaves it.
    assert passed(1.0, 1.4, 1.5, 4.0) == pytest.approx((3.5, 3.9)) and np.isnan(passed(1.0, 2.0, 1.5, 4.0)[1])
    assert fits_behind(bands, song, 1.0, 2.0, 1.5)[0].size == 0


def test_a_network_of_its_own_time_is_followed_through_a_lesion(rng):
    bands = gaussian_filter1d(rng.random((400, 6)), 4, axis=0, mode="wrap")
    song = module.Song(bands, 200.0, (("a", 0.1, 0.5), ("b", 0.8, 1.5)))
    time = np.arange(1640) / 200.0
    phase = 0.7 + 1.01 * time
    # Two songs; babble from 0.3 s behind the beginning of the lesion on; then the song again.
    sung = np.where(((time < 4.3) | (time >= 6))[:, None], song(phase), rng.random((1640, 6)))
    row = ablation._own_time(time, sung, 4.0, song)
    assert row["begun"] == pytest.approx((0.7 + 4 * 1.01) % 2, abs=0.02)
    assert row["pace"] == pytest.approx(1.01, abs=2e-3)
    assert min(row["alike"], row["next"]) > 0.9 and row["during"] < SINGING


def test_each_lesion_is_in_its_own_song_and_its_error_in_its_own_place(rng):
    config = ABLATION.config(hdts="external", pulses=100, draws=1)
    song = module.Song(rng.random((400, 6)), 200.0, (("a", 0.1, 0.5), ("b", 0.8, 1.5)))
    chosen = list(ablation.lesions(config, rng))
    order = rng.permutation(len(chosen))
    phases = ablation._phases(config, song, chosen, 54.0 + 4.0 * order, [None] * len(chosen))
    assert [phase.start for phase in phases] == [52 + 2 * index for index in range(2 * len(chosen))]
    for lesion, index in zip(chosen, order, strict=True):
        before, phase = phases[2 * index : 2 * index + 2]
        assert phase.restart and before.restart and not len(before.silent) and not len(before.silent_pulses)
        hit, spared = ("silent", "silent_pulses")[:: 1 if lesion.kind == "neurons" else -1]
        np.testing.assert_array_equal(getattr(phase, hit), lesion.silent)
        assert not len(getattr(phase, spared))
    lesion = ablation.Lesion("piece", 0.1, 0, np.arange(30, 40))
    bands = song.bands.copy()
    bands[120:160] = song.bands.mean(0)
    row = ablation._described(lesion, bands, 0.0, song, config)
    assert (row["first"], row["stop"]) == pytest.approx((0.6, 0.8))
    before, within, after, *behind = row["errors"]
    assert before == after == 0 and np.nansum(behind) == 0 and within == pytest.approx(1, abs=0.1)
    assert row["error"] == pytest.approx(np.sqrt(0.1), abs=0.05)


@pytest.mark.parametrize(("hdts", "pulses"), [("chain", 50), ("internal", 20)])
def test_what_is_silent_in_a_chain_or_of_own_pulses(rng, wav, hdts, pulses):
    config = ablation.settled(ABLATION.config(song=wav, hdts=hdts, pulses=pulses, draws=1, bands=12, **SMALL))
    song = ablation.taught(config)
    chosen = list(ablation.lesions(config, rng))
    signals = ablation._signals(config, song, chosen)
    apart = 1 + ablation.REST[hdts]
    starts = apart * song.period * (1 + np.arange(len(chosen)))
    phases = ablation._phases(config, song, chosen, starts, signals)
    # One of its own time has three songs to find back.
    assert np.diff([phase.start for phase in phases])[:2] == pytest.approx([(apart - 1) * song.period, song.period])
    phases = phases[1::2]
    for lesion, phase in zip(chosen, phases, strict=True):
        neurons = lesion.silent if lesion.kind == "neurons" else []
        np.testing.assert_array_equal(phase.silent, neurons)
        assert phase.restart == (hdts == "chain")
        if hdts == "internal" and lesion.kind in ("piece", "random"):
            # The bands are fed back as before.
            np.testing.assert_array_equal(phase.silent_outputs, 12 + lesion.silent)
        elif hdts == "chain" and lesion.kind == "piece":
            active = np.flatnonzero(phase.signal.toarray().max(0) > 0.5)
            assert active.max(initial=-1) == lesion.silent[0] - 1
        else:
            assert not len(phase.silent_outputs)


def test_findings_of_a_song_stand_beside_what_is_none(wav, rng):
    song = module.song_from(wav, 12)
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
    rows = [(ablation.NONE, 0.0)] * 2 + [(kind, 0.1) for kind in ablation.KINDS for _ in range(2)] + [("random", 0.5)]
    kinds, shares = (np.array(column) for column in zip(*rows, strict=True))
    error = np.where(kinds == ablation.NONE, 0.4, 0.7)
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
        {"part": list(PARTS)},
        attrs={"config": json.dumps(config), "condition": "default"},
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
        behind = [found[f"{variant}: {ablation.ERROR}, {part} a silent piece of a tenth"] for part in PARTS[3:]]
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


def test_a_chain_with_dead_neurons_is_late_and_one_that_is_cut_ends(rng):
    dead = rng.permutation(60 * synfire.SIZE)[: 6 * synfire.SIZE]
    whole, thin, cut = (
        synfire.activity(*spikes, 60, 0.7) for spikes in synfire.simulate(60, 0.7, [(), dead, np.arange(400, 420)])
    )
    late, reached = synfire.lateness(thin, whole)
    assert reached == 1 and late[0] == 0 and 0.002 < late[-1] < 0.05 and (np.diff(late) > -0.002).all()
    late, reached = synfire.lateness(cut, whole)
    assert reached == pytest.approx(20 / 60) and not late.any()
    assert synfire.lateness(whole, whole)[1] == 1


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
