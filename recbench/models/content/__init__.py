"""Models of item features."""
