"""Audits: what a dataset and a split are, what leaks between training and test set, what noise is left."""

from recbench.audit.configured import audit_configured, audit_of
from recbench.audit.measures import Audit

__all__ = ["Audit", "audit_configured", "audit_of"]
