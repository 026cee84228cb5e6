"""Independent implementations that the tests compare snnlab with."""
