"""Messages: an unknown word, and an unknown option."""

from __future__ import annotations

import pytest

from tests.support.refusals import explained

# an unknown word, or an override that can't be parsed


def test_a_bare_model_name_gets_its_group() -> None:
    assert explained("bias") == "can't read 'bias'; did you mean 'model=bias'?"


def test_a_misspelt_command_gets_a_suggestion() -> None:
    assert explained("lst") == (
        "unknown command 'lst'; did you mean 'list'? (commands: list, show; options are set by name=value: model=mf)"
    )


def test_a_word_unlike_any_command_gets_the_list_only() -> None:
    assert explained("zzzzzz") == (
        "unknown command 'zzzzzz' (commands: list, show; options are set by name=value: model=mf)"
    )


@pytest.mark.parametrize("override", ["model.reg_user=[1", "model.reg_user=(1", "model name=bias", "=3"])
def test_an_override_that_the_grammar_rejects_gets_an_example(override: str) -> None:
    assert explained(override) == (
        f"can't read {override!r}; write name=value, a list as name=[a,b], and quote values with spaces or commas"
    )


# an unknown option


def test_a_misspelt_option_gets_a_suggestion_and_the_list() -> None:
    assert explained("model=bias", "model.reg_usr=3") == (
        "model has no option 'reg_usr'; did you mean 'reg_user'? (options: n_epochs, reg_item, reg_user)"
    )


def test_a_model_without_options_is_said_to_have_none() -> None:
    assert explained("model=global_mean", "model.depth=3") == "model has no option 'depth' (options: none)"


@pytest.mark.parametrize("model", ["bayes_mf", "bayes_fm_time"])
def test_a_removed_option_says_what_to_write_instead(model: str) -> None:
    text = explained(f"model={model}", "model.threads=2")
    advice = "chains run side by side on the threads of the run: write threads=2, not model.threads=2"
    assert str(text).startswith(f"model has no option 'threads' any more; {advice} (options: ")


def test_a_misspelt_top_level_option_gets_a_suggestion() -> None:
    message = explained("sed=1")
    assert message is not None
    assert message.startswith("unknown option 'sed'; did you mean 'seed'? (options: ")
    assert "hydra" not in message


@pytest.mark.parametrize("flag", ["-m", "--multirun"])
def test_in_a_sweep_the_message_says_that_all_models_need_the_option(flag: str) -> None:
    message = explained("model=bias", "model.n_factors=3", args=(flag, "model=bias,mf", "model.n_factors=3"))
    assert message is not None
    assert message.endswith("; a sweep over several models takes only options that all of them have")


def test_a_sweep_over_models_without_its_flag_says_to_add_it() -> None:
    expected = "model=bias,global_mean gives several values; add -m (recbench -m model=bias,global_mean)"
    assert explained("model=bias,global_mean") == expected


def test_a_sweep_over_an_option_without_its_flag_says_to_add_it() -> None:
    expected = "model.reg_user=1,2 gives several values; add -m (recbench -m model.reg_user=1,2)"
    assert explained("model.reg_user=1,2") == expected


@pytest.mark.parametrize(
    ("override", "meant"),
    [("n_factors=3", "model.n_factors"), ("test_size=0.1", "split.test_size"), ("trials=3", "budget.trials")],
)
def test_an_option_without_its_group_is_suggested_with_it(override: str, meant: str) -> None:
    message = explained(override)
    assert message is not None
    assert message.startswith(f"unknown option {override.partition('=')[0]!r}; did you mean {meant!r}? (options: ")
