"""Use a fitted model: train and save it, load it, predict and recommend."""
