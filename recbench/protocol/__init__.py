"""The protocol: split, fit, predict, check, clip, score."""
