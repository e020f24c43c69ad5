"""Sweeps and searches: which candidates run, which one wins, what is scored on the test set."""
