"""Sweeps and searches: which candidates run, which one wins, what opens the test set."""
