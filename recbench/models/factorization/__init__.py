"""Matrix factorization and SVD++."""
