"""User-based and item-based nearest neighbors."""
