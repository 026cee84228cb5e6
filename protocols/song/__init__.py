"""Song: networks that learn to sing a bird's song."""
