"""Studies: the candidates of one model, proposed one after another by a sampler.

Optuna keeps a study in a journal on disk, so that an interrupted search resumes where it stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recbench.config.search_options import SearchOptions
from recbench.jobs.journal import open_journal
from recbench.jobs.pruning import was_pruned
from recbench.registry.search_space import Space
from recbench.samplers import samplers
from recbench.samplers.contract import Sampler
from recbench.tuning.candidates import Candidate, candidate_of, combinations_of, distributions_of, first_params

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial, Trial

# candidates and their trials' numbers -> scores; None: the candidate failed or was pruned
Evaluate = Callable[[Sequence[Candidate], Sequence[int]], Sequence[float | None]]

N_DRAWS = 6  # that repeat earlier candidates, before the remaining combinations are listed


@dataclass
class Study:
    """One study: what varies, how it is sampled, and where the trials are stored."""

    name: str
    space: Mapping[str, Space]
    start: Mapping[str, Any]  # the first candidate: the model's own options
    options: SearchOptions
    journal: Path | None = None  # None: nothing is stored
    greater_is_better: bool = False

    def run(self, evaluate: Evaluate) -> None:
        """Evaluate candidates until the budget is spent or there are no new ones.

        Candidates of an earlier run come first: those that finished, so that this run's table has them too,
        and those that were interrupted.
        """
        import optuna

        optuna.logging.disable_default_handler()
        study = optuna.create_study(
            storage=open_journal(self.journal) if self.journal else None,
            study_name=self.name,
            direction="maximize" if self.greater_is_better else "minimize",
            load_if_exists=True,
        )
        seen = dict(list(self._earlier(study).items())[: self.options.n_trials])
        for trial, value in zip(seen.values(), self._evaluated(evaluate, list(seen.values())), strict=True):
            _store_again(study, trial, value)
        while batch := self._batch(study, seen):
            began = time.perf_counter()
            for asked, value in zip(batch, self._evaluated(evaluate, batch), strict=True):
                _store(study, asked.number, value)
            study.set_user_attr("seconds", _seconds(study) + time.perf_counter() - began)

    def _key(self, params: Mapping[str, Any]) -> str:
        return " ".join(candidate_of(params, self.space).values())

    @property
    def _sampler(self) -> Sampler:
        return samplers()[self.options.sampler]

    def _evaluated(self, evaluate: Evaluate, trials: Sequence[FrozenTrial | Trial]) -> Sequence[float | None]:
        numbers = [trial.number for trial in trials]
        return evaluate([candidate_of(trial.params, self.space) for trial in trials], numbers) if trials else []

    def _earlier(self, study: optuna.Study) -> dict[str, FrozenTrial]:
        """Return the trials of earlier runs in order, one per candidate: of repeated ones, the one with a score."""
        from optuna.trial import TrialState

        earlier: dict[str, FrozenTrial] = {}
        for trial in study.get_trials(deepcopy=False):
            if set(trial.params) != set(self.space):
                continue  # interrupted before all of its parameters were drawn
            key = self._key(trial.params)
            complete = trial.state == TrialState.COMPLETE
            if trial.state != TrialState.WAITING and (complete or key not in earlier):
                earlier[key] = trial
        return earlier

    def _batch(self, study: optuna.Study, seen: dict[str, Any]) -> list[Trial]:
        """Return the next new candidates, and add them to those seen; none if the budget is spent."""
        batch: list[Trial] = []
        spent = self.options.timeout is not None and _seconds(study) >= self.options.timeout
        n_left = 0 if spent else min(self.options.n_jobs, self.options.n_trials - len(seen))
        while len(batch) < n_left and (trial := self._ask(study, seen)):
            seen[self._key(trial.params)] = trial
            batch.append(trial)
        return batch

    def _ask(self, study: optuna.Study, seen: Mapping[str, Any]) -> Trial | None:
        """Return a candidate that is not among those seen; None if there is none left."""
        from optuna.trial import TrialState

        listed = self._sampler.listed(self.space, self.options.grid_points, self.options.seed)
        if listed is None:
            if not study.get_trials(deepcopy=False):
                study.enqueue_trial(first_params(self.start, self.space))
            for attempt in range(N_DRAWS):
                draw_seed = self._seed_of(len(seen), attempt)
                study.sampler = self._sampler.draw(attempt, draw_seed, self.options.seed)
                trial = study.ask(distributions_of(self.space))
                if self._key(trial.params) not in seen:
                    return trial
                study.tell(trial, state=TrialState.FAIL)  # a repetition adds no information
            listed = combinations_of(self.space, self.options.seed)
        unseen = next((each for each in listed if self._key(each) not in seen), None)
        if unseen is None:
            return None
        study.enqueue_trial(unseen)
        return study.ask(distributions_of(self.space))

    def _seed_of(self, n_seen: int, attempt: int) -> int:
        """Return the seed of one draw: it depends on what was drawn before, not on which process drew it, or when."""
        (seed,) = np.random.SeedSequence([self.options.seed, n_seen, attempt]).generate_state(1).tolist()
        return int(seed)


def _store(study: optuna.Study, number: int, value: float | None) -> None:
    """Finish a trial with its score, or as pruned or failed if it has none."""
    from optuna.trial import TrialState

    state = None
    if value is None or not math.isfinite(value):
        (trial,) = (each for each in study.get_trials(deepcopy=False) if each.number == number)
        value, state = None, TrialState.PRUNED if was_pruned(trial) else TrialState.FAIL
    # another process may run the same search, and have finished this trial
    study.tell(number, value, state, skip_if_finished=True)


def _store_again(study: optuna.Study, trial: FrozenTrial, value: float | None) -> None:
    """Store the score of an earlier run's candidate: one that was interrupted, or that failed then but not now."""
    from optuna.trial import TrialState, create_trial

    if trial.state == TrialState.RUNNING:
        _store(study, trial.number, value)
    elif trial.state in (TrialState.FAIL, TrialState.PRUNED) and value is not None and math.isfinite(value):
        study.add_trial(create_trial(params=trial.params, distributions=trial.distributions, value=value))


def _seconds(study: optuna.Study) -> float:
    return float(study.user_attrs.get("seconds", 0.0))
