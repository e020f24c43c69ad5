"""Installed plugins: names, factories and their options."""
