"""Configuration: registered options as a typed Hydra configuration, and back to objects; errors in plain words."""
