"""What went wrong, in words for the person who typed the command."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from recbench.registry.options import removal_advice
from recbench.registry.registry import DuplicateNameError, Registry, UnknownNameError
from recbench.usage import UsageError, did_you_mean

TYPES = {"Integer": "a whole number", "Float": "a number"}
OWN_ERRORS = (UnknownNameError, DuplicateNameError)


def explain(error: Exception, registry: Registry, args: Sequence[str], verbs: Sequence[str]) -> str | None:
    """One line for a user's mistake; None for an error that is none, which keeps its traceback."""
    if isinstance(error, (UsageError, *OWN_ERRORS)):
        return str(error)
    from hydra.errors import HydraException, MissingConfigException, OverrideParseException
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(error, MissingConfigException):
        return _unknown_choice(error.missing_cfg_file or "", error.options or (), registry, str(error))
    if isinstance(error, AssertionError) and (lost := [arg for arg in args if arg.startswith("search.")]):
        return f"{lost[0]} is an option of a search; choose one: search=auto {lost[0]}"
    if isinstance(error, ValueError) and "can be specified" in str(error):  # --cfg and --multirun, say
        return f"{str(error).replace(' can be specified', '')}; of a sweep, --cfg shows a job: leave -m out"
    nameless = isinstance(error, ValueError) and "Config group override" in str(error)
    if nameless or isinstance(error, OverrideParseException):
        override = getattr(error, "override", None) or next((arg for arg in args if arg.startswith("=")), "")
        return _unreadable(override, verbs, registry)
    if isinstance(error, (HydraException, OmegaConfBaseException)):
        return _miscomposed(error, args, registry)
    return None


def _unknown_choice(file: str, options: Sequence[str], registry: Registry, text: str) -> str:
    """`model=bais`: the group is right, the choice is not."""
    group, _, name = file.rpartition("/")
    if group in registry.entries and not any(name == option for option in options):
        try:
            registry.find(group, name)
        except DuplicateNameError as error:
            return str(error)
        except UnknownNameError as error:
            if "disabled" in str(error):
                return str(error)
    if not group:
        return text.partition("\n")[0]
    known = ", ".join(options) if options else "none"
    plugin = f"; the package hydra-{name}-launcher may bring it" if group == "hydra/launcher" else ""
    failed = [each.plugin for each in registry.problems if not each.entries] if group in registry.entries else []
    disabled = f"; disabled, and `recbench list` says why: {', '.join(failed)}" if failed else ""
    return f"unknown {group} {name!r}{did_you_mean(name, options)} (there are: {known}){plugin}{disabled}"


def _unreadable(override: str, verbs: Sequence[str], registry: Registry) -> str:
    """A bare word, or an override that the grammar refuses."""
    if re.fullmatch(r"[\w-]+", override):
        if override in registry.entries["model"]:
            return f"can't read {override!r}; did you mean 'model={override}'?"
        known = f"(verbs: {', '.join(verbs)}; everything else has a '=': model=mf)"
        return f"unknown word {override!r}{did_you_mean(override, verbs)} {known}"
    return f"can't read {override!r}; write name=value, a list as name=[a,b], and quote what has blanks or commas"


def _miscomposed(error: Exception, args: Sequence[str], registry: Registry) -> str:
    """A misspelt option, a wrong type, or a sweep without `-m`."""
    text, cause = str(error), error.__cause__
    if swept := re.search(r"Ambiguous value for argument '(.+)'|Sweep parameters '(.+)'", text):
        override = swept[1] or swept[2]
        return f"{override} sweeps over several values: add -m (recbench -m {override})"
    override = (re.search(r"(?:Error merging override|To append to your config use) \+?(.+)", text) or [text, ""])[1]
    node = getattr(cause, "parent_node", None) or {}
    keys = sorted(str(key) for key in node if key not in ("kind", "hydra"))
    full_key = getattr(cause, "full_key", None)
    if full_key and "not override" in text:
        group, _, option = str(full_key).rpartition(".")
        where = f"{group} has no option" if group else "unknown option"
        sweeping = group == "model" and {"-m", "--multirun"} & set(args)
        hint = "; a sweep over several models takes only options that all of them have" if sweeping else ""
        within = [key for key in keys if not group and isinstance(node[key], Mapping) and option in node[key]]
        meant = f"; did you mean '{within[0]}.{option}'?" if within else did_you_mean(option, keys)
        entry = registry.entries.get(group, {}).get(str(node.get("kind")))
        meant = (entry and removal_advice(entry.factory, option)) or meant
        return f"{where} {option!r}{meant} (options: {', '.join(keys) or 'none'}){hint}"
    reason = _plainly(str(cause or error).partition("\n")[0], override.partition("=")[0])
    return f"{override}: {reason}" if override else reason


def _plainly(reason: str, key: str) -> str:
    """OmegaConf's reason in a user's words."""
    if "could not be converted to" in reason:
        wanted = reason.rpartition(" ")[2]
        return f"give {TYPES.get(wanted, wanted)}"
    if "is not a valid bool" in reason:
        return "give true or false"
    if "is not a ListConfig" in reason:
        return f"give a list: {key}=[a,b]"
    if "is not Optional" in reason:
        return "it can't be null; give a value"
    return reason[:1].lower() + reason[1:]
