"""Song: networks that sing a bird's song."""
