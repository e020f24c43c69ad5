"""Options as a typed Hydra configuration, and back to objects."""
