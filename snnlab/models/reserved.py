"""Names that equations may not use for themselves, since Brian2 gives them a meaning."""

CONSTANTS = {"pi", "e", "inf", "t", "dt", "i", "N", "t_in_timesteps", "lastspike", "not_refractory", "xi", "_spike"}
OF_NEURONS = {"pi", "e", "inf", "i", "j", "t", "dt", "N", "xi", "current"}
