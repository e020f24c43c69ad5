"""A model that combines other models."""
