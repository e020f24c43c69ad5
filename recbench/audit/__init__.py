"""Audits: a summary of a dataset and a split, leaks between training and test set, and the noise of the scores."""

from recbench.audit.configured import audit_configured, audit_of
from recbench.audit.measures import Audit

__all__ = ["Audit", "audit_configured", "audit_of"]
