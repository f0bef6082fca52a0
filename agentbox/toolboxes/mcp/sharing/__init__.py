"""One server process for many cases: frames parted among them, started and ended for them all."""
