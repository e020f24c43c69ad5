"""Pruning: a search's candidate that at some epoch does worse than half of those before it is stopped there.

A model's loop offers what it would predict if it ended now (`progress.checkpoint`). That is scored on the
validation part that scores the candidate in the end, and written into the study's journal, where all
candidates find it, whatever process they run in. The median rule is that of Golovin et al. (2017), "Google
Vizier", KDD, §3.2.2, as Optuna has it: the best score of this fit so far against the median of what the
finished candidates had at the same step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import MODEL_EXTRAS, Metric, RatingDataset, RatingModel
from recbench.jobs.journal import open_journal
from recbench.progress import PrunedError, checkpoint_listener
from recbench.protocol.scoring import Scoring
from recbench.results.search_trial import trial_of

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial

N_FINISHED = 5  # candidates that must have finished before one is stopped
N_SPARED = 5  # first steps at which nothing is stopped: who learns slowly may end well
STEPS = 1_000_000  # more than any fit has: the steps of one fold come after those of the fold before
MANY_FOLDS = 1_000  # more than any split has: the folds of one seed come after those of the seed before
PRUNED = "pruned"  # the trial's attribute


@dataclass(frozen=True)
class TrialRef:
    """Which candidate a job is, and where its study is stored: what a search writes at `search._trial.ref`."""

    journal: str
    study: str
    number: int
    replicate: int = 0  # which of its seeds

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self | None:
        """Return the reference in a job's configuration; None unless it is of a candidate that may be stopped."""
        reference = trial_of(config).get("ref")
        return cls(**reference) if reference and config["search"].get("pruning") else None


def same_study(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two configurations are of candidates of one study: in another, others are compared with."""
    here, there = TrialRef.of(one), TrialRef.of(other)
    return here is not None and there is not None and here.study == there.study


@contextmanager
def pruning(
    place: TrialRef | None, fold: int, model: RatingModel, metric: Metric, halves: tuple[RatingDataset, RatingDataset]
) -> Iterator[None]:
    """Within this block the model's fit is stopped where it falls behind; `halves` are its train and scored part.

    A metric that asks the model for more than ratings of pairs stops nothing.
    """
    if place is None or {*metric.needs()} & {*MODEL_EXTRAS} or not Path(place.journal).exists():
        yield
        return
    trial = _Trial.found(place)
    if trial is None:
        yield
        return
    scoring, (train, scored) = Scoring(*halves, None), halves
    first = (place.replicate * MANY_FOLDS + fold) * STEPS

    def judge(step: int, predict: Callable[[IntArray, IntArray], FloatArray]) -> None:
        predicted = np.asarray(predict(scored.user_idx, scored.item_idx)).clip(*train.rating_scale)
        trial.report(first + step, step, scoring.score(metric, predicted.astype(np.float32)))

    with checkpoint_listener(model, judge):
        yield


def was_pruned(trial: FrozenTrial) -> bool:
    """Whether one of the candidate's jobs was stopped."""
    return PRUNED in trial.user_attrs


class _Trial:
    """A candidate that is under way, in the journal of its study."""

    def __init__(self, study: Study, storage: BaseStorage, trial_id: int) -> None:
        self._study, self._storage, self._id = study, storage, trial_id

    @classmethod
    def found(cls, place: TrialRef) -> Self | None:
        """The candidate, unless it has finished: a result that is computed again is no candidate any more."""
        import optuna

        optuna.logging.disable_default_handler()
        storage = open_journal(Path(place.journal))
        study = optuna.load_study(study_name=place.study, storage=storage)
        study_id = storage.get_study_id_from_name(place.study)
        trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, place.number)
        finished = storage.get_trial(trial_id).state.is_finished()
        return None if finished else cls(study, storage, trial_id)

    def report(self, at: int, step: int, score: float) -> None:
        """Write the score down; end the fit if it is worse than the median of others at this step, past the first few.

        Raises:
            PrunedError: it is.
        """
        from optuna.pruners import MedianPruner

        self._storage.set_trial_intermediate_value(self._id, at, score)
        trial = self._storage.get_trial(self._id)
        behind = step > N_SPARED and MedianPruner(n_startup_trials=N_FINISHED).prune(self._study, trial)
        if behind or was_pruned(trial):
            self._storage.set_trial_user_attr(self._id, PRUNED, step)
            raise PrunedError(f"after step {step}, at {score:.4f}: most candidates before it had been better there")
