"""Pruning: a candidate of a search is stopped at an epoch where it is worse than the median of earlier candidates.

At each epoch, the model reports the predictions it would make if it ended now (`progress.checkpoint`). They
are scored on the validation set that also scores the finished candidate, and the score is written to the
study's journal, which candidates of all processes read.

Source: the median rule of Golovin et al. (2017), "Google Vizier", KDD, §3.2.2, as Optuna implements it: the
best score of this fit so far against the median of the finished candidates' scores at the same step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.config.job_config import JobConfig
from recbench.contracts import MODEL_EXTRAS, Metric
from recbench.jobs.journal import open_journal
from recbench.progress import CheckpointListener, PrunedError
from recbench.protocol.clipping import clip_to_scale
from recbench.protocol.folds import FoldData
from recbench.protocol.scoring import Scoring
from recbench.results.search_trial import trial_of

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

N_FINISHED = 5  # candidates that must have finished before one is stopped
N_SPARED = 5  # first steps, at which no candidate is stopped: slow starters may still win
STEPS = 1_000_000  # more than any fit has: each fold's steps are numbered after those of the fold before
MANY_FOLDS = 1_000  # more than any split has: each seed's folds are numbered after those of the seed before
PRUNED = "pruned"  # the trial attribute that holds the step


@dataclass(frozen=True)
class TrialRef:
    """Which candidate a job is, and where its study is stored; a search writes it to `search._trial.ref`."""

    journal: str
    study: str
    number: int
    replicate: int = 0  # position of the job's seed among the candidate's seeds

    @classmethod
    def of(cls, config: JobConfig) -> Self | None:
        """Return the reference in a job's configuration; None unless it belongs to a candidate that may be stopped."""
        search = config.search or {}
        reference = trial_of(search).get("ref")
        return cls(**reference) if reference and search.get("pruning") else None


def same_study(one: JobConfig, other: JobConfig) -> bool:
    """Return whether two configurations belong to candidates of the same study."""
    first = TrialRef.of(one)
    second = TrialRef.of(other)
    return first is not None and second is not None and first.study == second.study


def pruning_listener(
    reference: TrialRef | None, metric: Metric, number: int, fold: FoldData
) -> CheckpointListener | None:
    """Return the listener that stops the fit of fold `number` if it falls behind; None if nothing can stop it.

    No fit is stopped under a metric that needs more of the model than predicted ratings.
    """
    if reference is None or {*metric.needs()} & {*MODEL_EXTRAS} or not Path(reference.journal).exists():
        return None
    trial = _Trial.find(reference)
    if trial is None:
        return None
    scoring = Scoring(fold.train, fold.scored, None)
    first = (reference.replicate * MANY_FOLDS + number) * STEPS

    def listen(step: int, predict: Callable[[IntArray, IntArray], FloatArray]) -> None:
        predicted = np.asarray(predict(fold.scored.user_idx, fold.scored.item_idx))
        trial.report(first + step, step, scoring.score(metric, clip_to_scale(predicted, fold.train.rating_scale)))

    return listen


def was_pruned(trial: FrozenTrial) -> bool:
    """Return whether one of the candidate's jobs was stopped."""
    return PRUNED in trial.user_attrs


class _Trial:
    """A running candidate in the journal of its study."""

    def __init__(self, study: Study, storage: BaseStorage, trial_id: int) -> None:
        self._study = study
        self._storage = storage
        self._id = trial_id

    @classmethod
    def find(cls, reference: TrialRef) -> Self | None:
        """Return the candidate; None if it has finished, because a job that is run again is no longer a candidate."""
        import optuna

        optuna.logging.disable_default_handler()
        storage = open_journal(Path(reference.journal))
        study = optuna.load_study(study_name=reference.study, storage=storage)
        study_id = storage.get_study_id_from_name(reference.study)
        trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, reference.number)
        finished = storage.get_trial(trial_id).state.is_finished()
        return None if finished else cls(study, storage, trial_id)

    def report(self, at: int, step: int, score: float) -> None:
        """Store the score, and end the fit if it is worse than the median of other candidates at this step.

        Raises:
            PrunedError: the score is worse, and the first `N_SPARED` steps are over.
        """
        from optuna.pruners import MedianPruner

        self._storage.set_trial_intermediate_value(self._id, at, score)
        trial = self._storage.get_trial(self._id)
        behind = step > N_SPARED and MedianPruner(n_startup_trials=N_FINISHED).prune(self._study, trial)
        if behind or was_pruned(trial):
            self._storage.set_trial_user_attr(self._id, PRUNED, step)
            raise PrunedError(
                f"after step {step}, at {score:.4f}: worse than the median of earlier candidates at this step"
            )
