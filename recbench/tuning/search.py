"""Search: each model's best options, found by scoring candidates on the validation set.

Every combination of dataset, split and model has a study of its own; seeds are replicates of a candidate. An
option that the command line gives one value is fixed; one that it gives several values or an `interval` varies
over these; all others vary over the spaces that their fields declare. Candidates are launched as Hydra jobs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product, zip_longest
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf, open_dict

from recbench.config import schema as configuration
from recbench.config.search_options import SearchOptions
from recbench.jobs.job import Job, cause_of
from recbench.jobs.preparation import prepare
from recbench.jobs.pruning import TrialRef
from recbench.jobs.record_labels import inputs_of
from recbench.registry.options import options_of
from recbench.registry.registry import installed
from recbench.registry.search_space import Between, Space, to_override
from recbench.results.search_trial import NODE
from recbench.results.store import absolute_store, content_key, open_store
from recbench.runtime.atomic import write_text
from recbench.samplers import samplers
from recbench.tuning.candidates import Candidate
from recbench.tuning.search_request import SearchRequest, each_value, parse_request
from recbench.tuning.study import Study
from recbench.usage import UsageError, did_you_mean

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from hydra.plugins.launcher import Launcher

STUDIES = "searches"  # folder of the journals, in the store
SUMMARY = "search.json"


@dataclass
class SearchDriver:
    """Launches the candidates of one study after another."""

    config: DictConfig
    loader: ConfigLoader
    launcher: Launcher
    request: SearchRequest
    n_launched: int = 0

    def search(self, overrides: Sequence[str]) -> dict[str, Any]:
        """Search for one dataset, split and model; return the summary that is written to search.json."""
        composed = self.compose([*overrides, *self.request.seeds[0]])
        job = self._job(composed, overrides)
        options = _options(composed)
        space = self._space(job)
        try:
            study = self._study(job, space, options, list(composed.metrics))
        except Exception as error:  # an unreadable dataset, for example: one job shows it as a failed row
            self.launch([{}], overrides)
            return {"model": job.model, "error": cause_of(error)}
        ranges = {name: [each.low, each.high, each.log] for name, each in space.items() if isinstance(each, Between)}

        def evaluate(candidates: Sequence[Candidate], numbers: Sequence[int]) -> list[float | None]:
            references = [TrialRef(str(study.journal), study.name, number) for number in numbers]
            return self.launch(candidates, overrides, ranges, references)

        study.run(evaluate)
        return {
            "model": job.model,
            "dataset": job.config.dataset,
            "split": job.config.split,
            "space": {name: str(each) for name, each in space.items()},
            "study": study.name,
            "journal": str(study.journal),
        }

    def launch(
        self,
        candidates: Sequence[Candidate],
        overrides: Sequence[str],
        ranges: Mapping[str, Sequence[Any]] | None = None,
        references: Sequence[TrialRef] = (),
    ) -> list[float | None]:
        """Run a job for each candidate and seed; return each candidate's mean score, None where a seed has none."""
        n_seeds = len(self.request.seeds)
        batch = []
        for candidate, reference in zip_longest(candidates, references):
            for replicate, seed in enumerate(self.request.seeds):
                trial: dict[str, Any] = {"ranges": ranges or {}}
                if reference is not None:
                    trial["ref"] = asdict(replace(reference, replicate=replicate))
                private = f"++search.{NODE}={to_override(trial)}"
                batch.append([*overrides, *_overrides_of(candidate), *seed, private])
        returned = self.launcher.launch(batch, self.n_launched)
        self.n_launched += len(batch)
        values = [each.return_value for each in returned]
        return [_mean(values[start : start + n_seeds]) for start in range(0, len(values), n_seeds)]

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """Return the configuration of a job with these overrides.

        Raises:
            Exception: Hydra's or OmegaConf's error for an override that is invalid.
        """
        return self.loader.load_sweep_config(self.config, list(overrides))

    def _job(self, composed: DictConfig, overrides: Sequence[str]) -> Job:
        model = composed.hydra.runtime.choices["model"]
        store = absolute_store(str(composed.store), Path(str(composed.hydra.runtime.cwd)))
        with open_dict(composed):
            plain = composed.copy()
            del plain["hydra"]
        return Job(configuration.contents(plain), model, overrides, "valid", store)

    def _space(self, job: Job) -> dict[str, Space]:
        """Return what varies: the options with several values, and the declared spaces of those that are not fixed."""
        declared = options_of(installed().find("model", job.config.model["kind"]).factory)
        free = {name: each.search for name, each in declared.items() if name not in self.request.pinned}
        return {name: space for name, space in free.items() if space is not None} | self.request.swept

    def _study(self, job: Job, space: Mapping[str, Space], options: SearchOptions, metrics: list[str]) -> Study:
        node = job.config.model
        parts = prepare(job)
        metric = parts.metrics[metrics[0]]
        inputs = inputs_of(job, parts)
        inputs["model"] = {name: value for name, value in node.items() if name not in space}
        inputs |= {"space": {name: str(each) for name, each in space.items()}, "seeds": self.request.seeds}
        sampling = [options.sampler, options.seed, options.grid_points, options.pruning]
        inputs |= {"metric": metrics[0], "sampler": sampling}
        resumed = open_store(job.store) if job.store is not None and job.config.resume else None
        store = resumed.folder if resumed else None  # None: a new study, in the sweep's own folder
        folder = (store or Path(str(self.config.hydra.sweep.dir))).absolute() / STUDIES
        name = f"{job.model}-{content_key(inputs)[:16]}"
        start = {option: node[option] for option in space if option in node}
        return Study(name, space, start, options, folder / f"{name}.log", metric.greater_is_better)


def run(config: DictConfig, loader: ConfigLoader, launcher: Launcher, overrides: Sequence[str]) -> list[dict[str, Any]]:
    """Search for every dataset, split and model that the overrides name; each job writes its record.

    Raises:
        UsageError: an override varies what a search can't vary, or candidates would be scored on the test set.
    """
    if config.search is None:  # the sweeper was chosen by its own name
        overrides = ["search=auto", *overrides]
    if not config.sealed:
        raise UsageError(
            "sealed=false: a search scores its candidates on the validation set only; leave sealed=false out"
        )
    request = parse_request(OverridesParser.create(config_loader=loader).parse_overrides(list(overrides)))
    driver = SearchDriver(config, loader, launcher, request)
    combinations = [[*request.fixed, *chosen] for chosen in product(*request.outer)]
    for chosen in combinations:
        for override in each_value(request.swept):
            driver.compose([*chosen, override] if override else chosen)
    folder = Path(str(config.hydra.sweep.dir))
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, folder / "multirun.yaml")
    summaries = []
    for chosen in combinations:
        summaries.append(driver.search(chosen))
        write_text(folder / SUMMARY, json.dumps(summaries, indent=1, ensure_ascii=False) + "\n")
    return summaries


def _overrides_of(candidate: Candidate) -> list[str]:
    return [f"model.{name}={text}" for name, text in candidate.items()]


def _options(composed: DictConfig) -> SearchOptions:
    """Return the search's options.

    Raises:
        UsageError: no search is chosen, or an option has an invalid value.
    """
    options = OmegaConf.to_object(composed.search)
    if not isinstance(options, SearchOptions):
        raise UsageError("search has no options; choose one: search=auto")
    if options.sampler not in samplers():
        known = f"(available: {', '.join(sorted(samplers()))})"
        raise UsageError(f"unknown sampler {options.sampler!r}{did_you_mean(options.sampler, samplers())} {known}")
    for name in ("n_trials", "n_jobs", "grid_points"):
        if getattr(options, name) < 1:
            raise UsageError(f"search.{name}={getattr(options, name)}; it must be at least 1")
    return options


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None
