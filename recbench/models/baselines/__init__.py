"""Means and biases."""
