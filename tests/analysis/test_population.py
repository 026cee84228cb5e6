"""Synchrony, fluctuation and frequency of a population, on trains that are known."""

import numpy as np
import pytest

from snnlab.analysis import population
from snnlab.errors import UserError

RNG = np.random.default_rng(1)
POISSON = RNG.poisson(0.05, (200, 4000))


def test_independent_neurons_have_synchrony_1_and_a_flat_spectrum():
    counts = POISSON.sum(0)
    assert population.synchrony(counts, POISSON[:50], 200) == pytest.approx(1, rel=0.1)
    assert population.fluctuation(counts) == pytest.approx(1 / np.sqrt(200 * 0.05), rel=0.05)
    frequencies, power = population.spectrum(counts, 1e-3, 0.2)
    assert np.diff(frequencies) == pytest.approx(5.0)
    # The lowest bins lack the mean.
    assert power[2:-1].mean() == pytest.approx(1, rel=0.05) and power[2:].max() < 3


def test_neurons_that_fire_together_have_synchrony_n():
    together = np.tile(POISSON[0], (30, 1))
    assert population.synchrony(together.sum(0), together, 30) == pytest.approx(30)


def test_the_frequency_is_that_of_the_modulation_also_if_single_neurons_fire_rarely():
    time = np.arange(20_000) * 1e-4
    chance = 2e-4 * 10 * (1 + np.sin(2 * np.pi * 62 * time))
    trains = np.random.default_rng(2).random((200, len(time))) < chance
    assert population.peak_frequency(*population.spectrum(trains.sum(0), 1e-4, 0.5), 5, 1000) == 62.0
    moved = np.array([np.roll(train, 97 * k) for k, train in enumerate(trains)])
    counts, single = (population.binned(each, 10) for each in (trains.sum(0), trains[0]))
    assert len(single) == 2000 and counts.sum() == trains.sum()
    bins = [np.array([population.binned(train, 10) for train in each]) for each in (trains, moved)]
    assert population.synchrony(bins[0].sum(0), bins[0], 200) > 2
    assert population.synchrony(bins[1].sum(0), bins[1], 200) == pytest.approx(1, rel=0.2)


def test_a_silent_population_has_no_measure():
    silent = np.zeros(1000)
    assert np.isnan(population.fluctuation(silent)) and np.isnan(population.synchrony(silent, silent[None], 10))
    assert np.isnan(population.peak_frequency(*population.spectrum(silent, 1e-3, 0.5), 5, 400))


def test_a_band_without_a_frequency_is_refused():
    with pytest.raises(UserError, match="low, high: expected a frequency"):
        population.peak_frequency(*population.spectrum(np.ones(100), 1e-3, 0.1), 600, 700)
