"""Published figures, one file each: NEEDS and draw. They read run files and never simulate."""
