"""Bayesian factorization machines, sampled by Gibbs chains: `bayes_mf` and `bayes_fm`."""
