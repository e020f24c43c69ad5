"""Errors of a command line, in one line for the user who typed it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from recbench.registry.registry import DisabledNameError, DuplicateNameError, Registry, UnknownNameError
from recbench.registry.removed_options import removal_advice
from recbench.usage import InputError, UsageError, did_you_mean

TYPES = {"Integer": "a whole number", "Float": "a number"}


class SeveralValuesError(UsageError):
    """A single run was given several values for one option; `problem` names the override."""


def explain(error: Exception, registry: Registry, args: Sequence[str], commands: Sequence[str]) -> InputError | None:
    """Return a user's mistake in the terms of the command line; None for any other error."""
    if isinstance(error, InputError):
        return error
    from hydra.errors import HydraException, MissingConfigException, OverrideParseException
    from omegaconf.errors import OmegaConfBaseException

    if isinstance(error, MissingConfigException):
        return _unknown_choice(error.missing_cfg_file or "", error.options or (), registry, str(error))
    if isinstance(error, AssertionError) and (without := [arg for arg in args if arg.startswith("search.")]):
        return UsageError(f"{without[0]} is an option of a search", f"choose one: search=auto {without[0]}")
    if isinstance(error, ValueError) and "can be specified" in str(error):  # --cfg and --multirun, say
        return UsageError(str(error).replace(" can be specified", ""), "--cfg shows a single job: leave -m out")
    without_name = isinstance(error, ValueError) and "Config group override" in str(error)
    if without_name or isinstance(error, OverrideParseException):
        override = getattr(error, "override", None) or next((arg for arg in args if arg.startswith("=")), "")
        return _unreadable(override, commands, registry)
    if isinstance(error, (HydraException, OmegaConfBaseException)):
        return _miscomposed(error, args, registry)
    return None


def _unknown_choice(file: str, options: Sequence[str], registry: Registry, text: str) -> InputError:
    """Explain a choice that its group does not have: `model=bais`."""
    group, _, name = file.rpartition("/")
    if group in registry.entries and not any(name == option for option in options):
        try:
            registry.find(group, name)
        except (DisabledNameError, DuplicateNameError) as error:
            return error
        except UnknownNameError:
            pass  # the choices below include the variants, which the registry does not know
    if not group:
        return UsageError(text.partition("\n")[0])
    known = ", ".join(options) if options else "none"
    plugin = f"; it may be in the package hydra-{name}-launcher" if group == "hydra/launcher" else ""
    failed = [each.plugin for each in registry.problems if not each.entries] if group in registry.entries else []
    disabled = f"; disabled plugins: {', '.join(failed)} (`recbench list` says why)" if failed else ""
    return UsageError(f"unknown {group} {name!r}{did_you_mean(name, options)} (available: {known}){plugin}{disabled}")


def _unreadable(override: str, commands: Sequence[str], registry: Registry) -> InputError:
    """Explain a word that is not a command, or an override that Hydra's grammar rejects."""
    if re.fullmatch(r"[\w-]+", override):
        if override in registry.entries["model"]:
            return UsageError(f"can't read {override!r}", f"did you mean 'model={override}'?")
        known = f"(commands: {', '.join(commands)}; options are set by name=value: model=mf)"
        return UsageError(f"unknown command {override!r}{did_you_mean(override, commands)} {known}")
    advice = "write name=value, a list as name=[a,b], and quote values with spaces or commas"
    return UsageError(f"can't read {override!r}", advice)


def _miscomposed(error: Exception, args: Sequence[str], registry: Registry) -> InputError:
    """Explain a misspelt option, a value of the wrong type, or a sweep without `-m`."""
    text, cause = str(error), error.__cause__
    if swept := re.search(r"Ambiguous value for argument '(.+)'|Sweep parameters '(.+)'", text):
        override = swept[1] or swept[2]
        return SeveralValuesError(f"{override} gives several values", f"add -m (recbench -m {override})")
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
        return UsageError(f"{where} {option!r}{meant} (options: {', '.join(keys) or 'none'}){hint}")
    reason = _plainly(str(cause or error).partition("\n")[0], override.partition("=")[0])
    return UsageError(f"{override}: {reason}" if override else reason)


def _plainly(reason: str, key: str) -> str:
    """Return OmegaConf's reason in plain words."""
    if "could not be converted to" in reason:
        expected = reason.rpartition(" ")[2]
        return f"give {TYPES.get(expected, expected)}"
    if "is not a valid bool" in reason:
        return "give true or false"
    if "is not a ListConfig" in reason:
        return f"give a list: {key}=[a,b]"
    if "is not Optional" in reason:
        return "it can't be null; give a value"
    return reason[:1].lower() + reason[1:]
