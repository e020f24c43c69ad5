"""The registry of installed plugins: names, factories, options and search spaces."""
