"""Back ends of the results store: one module per URL scheme, with a function `open_url`."""
