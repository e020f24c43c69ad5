"""A model that blends other models."""
