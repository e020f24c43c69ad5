"""Bayesian factorization machines, sampled by Gibbs chains."""
