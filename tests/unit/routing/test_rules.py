"""In: rules files, right and wrong. Out: proof of what is read, and that each mistake is told with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.errors import ConfigurationError, RuleError
from service.routing.conditions import CONDITIONS
from service.routing.facts import RuleVocabulary
from service.routing.rules import RuleSet, load_rules
from service.routing.values import RuleValueError

DEFAULTS = '[defaults]\nqueue = "triage"\npriority = "normal"\nsla_minutes = 1440\n'
Load = Callable[[str], RuleSet]


def _rule(name: str, when: str, then: str = '{ queue = "x" }') -> str:
    return f'[[rule]]\nname = "{name}"\nwhen = {when}\nthen = {then}\n'


def _problems(load: Load, text: str) -> list[str]:
    with pytest.raises(RuleError) as caught:
        load(text)
    return [line.rpartition("rules.toml:")[2] for line in str(caught.value).splitlines()]


def test_load_rules_valid_file_keeps_order_lines_and_fills_in_defaults(load: Load) -> None:
    text = DEFAULTS + _rule("first", '{ category = "billing" }') + _rule("second", "{}", '{ priority = "high" }')

    rules = load(text)

    assert [(rule.name, rule.line) for rule in rules.rules] == [("first", 5), ("second", 9)]
    assert (rules.rules[0].action.queue, rules.rules[0].action.priority) == ("x", "normal")
    assert (rules.rules[1].action.queue, rules.rules[1].action.sla_minutes) == ("triage", 1440)


def test_load_rules_sla_by_priority_follows_the_priority_of_the_rule(load: Load) -> None:
    defaults = DEFAULTS.replace("1440", "{ urgent = 60, high = 240, normal = 1440, low = 4320 }")

    rules = load(defaults + _rule("a", '{ urgency = "high" }', '{ priority = "urgent" }') + _rule("b", "{}"))

    assert [rule.action.sla_minutes for rule in rules.rules] == [60, 1440]


def test_load_rules_conditions_as_tables_and_dotted_keys_are_the_same_as_in_braces(load: Load) -> None:
    dotted = '[[rule]]\nname = "a"\nwhen.category = "billing"\nthen.queue = "x"\n'
    table = '[[rule]]\nname = "b"\n[rule.when]\ncategory = "refund"\n[rule.then]\nqueue = "x"\n'

    rules = load(DEFAULTS + dotted + table)

    assert [rule.conditions[0].wanted for rule in rules.rules] == ["billing", "refund"]


def test_load_rules_windows_file_with_byte_order_mark_is_read_and_keeps_its_lines(load: Load) -> None:
    text = "\ufeff" + DEFAULTS + _rule("a", '{ category = "biling" }')

    problems = _problems(load, text.replace("\n", "\r\n"))

    assert problems == ['7: category: there is no category "biling"; did you mean "billing"?']


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ('{ categry = "billing" }', 'there is no condition "categry"; did you mean "category"?'),
        ('{ category = "zzz" }', 'category: there is no category "zzz"; write one of billing, technical, cancellation'),
        ("{ category = 3 }", "category: 3 is not text; put it in double quotes"),
        ("{ category = [] }", "category: the list is empty"),
        ('{ urgency = "hihg" }', 'urgency: there is no urgency "hihg"; did you mean "high"?'),
        ('{ urgency_at_least = ["high"] }', "urgency_at_least: write one urgency in double quotes, not a list"),
        ('{ fields_any = "ibann" }', 'fields_any: there is no field type "ibann"; did you mean "iban"?'),
        ('{ channel = "e-mail" }', 'channel: there is no channel "e-mail"; did you mean "email"?'),
        ('{ language = "German" }', 'language: "German" does not fit; write the code of a language, such as "de"'),
        ('{ tenant = "Acme Ltd" }', 'tenant: "Acme Ltd" does not fit'),
        (
            "{ category_confidence_below = 60 }",
            "category_confidence_below: 60 does not fit; write a number from 0 to 1",
        ),
        ("{ category_confidence_below = nan }", "category_confidence_below: nan does not fit"),
        ("{ sentiment_score_below = true }", "sentiment_score_below: true does not fit; write a number from -1 to 1"),
        ('{ truncated = "yes" }', 'truncated: "yes" does not fit; write true or false without quotes'),
        ('{ amount_at_least = "500 EURO" }', 'amount_at_least: "EURO" is no currency; write its ISO 4217 code'),
        ('{ amount_at_least = "a lot" }', 'amount_at_least: "a lot" is no amount; write 500 for any currency'),
        ("{ amount_at_least = -5 }", "amount_at_least: -5 is no amount"),
        ("{ amount_at_least = inf }", "amount_at_least: inf is no amount"),
        ('{ tags_any = " vip" }', "tags_any: write 1 to 64 printable characters without spaces at either end"),
        ('"billing"', 'conditions stand in braces; write when = { category = "…" }'),
    ],
)
def test_load_rules_wrong_condition_is_told_with_its_line(load: Load, when: str, message: str) -> None:
    problems = _problems(load, DEFAULTS + _rule("a", when))

    assert len(problems) == 1
    assert problems[0].startswith(f"7: {message}")


@pytest.mark.parametrize(
    ("then", "message"),
    [
        ('{ que = "x" }', 'there is no key "que" here; did you mean "queue"?'),
        ('{ priority = "hgh" }', 'priority: there is no priority "hgh"; did you mean "high"?'),
        ("{ sla_minutes = 0 }", "sla_minutes: 0 does not fit; write a whole number from 1 to 525600"),
        ("{ sla_minutes = 1.5 }", "sla_minutes: 1.5 does not fit"),
        ('{ review = "yes" }', 'review: "yes" does not fit; write true or false'),
        ('{ tags = "lang:{lang}" }', 'tags: "lang:{lang}": in braces only category, sentiment'),
        ('{ tags = "{tenant.__class__}" }', "tags: "),
        ('{ tags = "{language" }', "tags: "),
        ("{}", 'what a rule does stands in braces; write then = { queue = "triage" }'),
        ('"x"', "what a rule does stands in braces"),
    ],
)
def test_load_rules_wrong_action_is_told_with_its_line(load: Load, then: str, message: str) -> None:
    problems = _problems(load, DEFAULTS + _rule("a", "{}", then))

    assert len(problems) == 1
    assert problems[0].startswith(f"8: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1: there are no defaults; write [defaults] with queue, priority, sla_minutes"),
        ('[defaults]\nqueue = "x"\n', "1: the defaults lack priority and sla_minutes"),
        (
            DEFAULTS.replace("1440", "{ high = 5 }"),
            "4: sla_minutes: write minutes for each of low, normal, high, urgent",
        ),
        (DEFAULTS + "[rule]\n", "5: rules are a list; write [[rule]] with two brackets above each one"),
        (DEFAULTS + "[[rules]]\n", '5: there is no key "rules" here; did you mean "rule"?'),
        (DEFAULTS + '[[rule]]\nthen = { queue = "x" }\n', "5: the rule has no name"),
        (DEFAULTS + '[[rule]]\nname = "a"\n', '5: rule "a" does nothing; write then = { queue = "…" }'),
        (DEFAULTS + _rule("defaults", "{}"), '6: "defaults" stands for the defaults in results; write another name'),
        (DEFAULTS + _rule("a", "{}") + "continue = true\n", "8: queue: a rule with continue = true decides nothing"),
        (DEFAULTS + "[[rule]\n", "5: this is not TOML: "),
        (DEFAULTS + "[[rule]]\nname = 'a", "6: this is not TOML: "),
    ],
)
def test_load_rules_wrong_file_is_told_with_its_line(load: Load, text: str, message: str) -> None:
    problems = _problems(load, text)

    assert len(problems) == 1
    assert problems[0].startswith(message)


def test_load_rules_name_used_twice_points_at_the_first(load: Load) -> None:
    text = DEFAULTS + _rule("a", '{ category = "billing" }') + _rule("a", '{ category = "refund" }')

    problems = _problems(load, text)

    assert problems == ['10: the name "a" is taken by the rule in line 5; write another']


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("{}", '{ category = "billing" }'),
        ('{ category = ["billing", "refund"] }', '{ category = "refund", urgency = "high" }'),
        ('{ urgency_at_least = "high" }', '{ urgency = "critical" }'),
        ('{ tags_any = ["vip"] }', '{ tags_any = ["vip"], language = "de" }'),
    ],
)
def test_load_rules_rule_below_a_wider_one_is_unreachable(load: Load, above: str, below: str) -> None:
    problems = _problems(load, DEFAULTS + _rule("wide", above) + _rule("narrow", below))

    assert len(problems) == 1
    assert problems[0].startswith('9: rule "narrow" can never decide: the rule "wide" in line 5 already decides every')


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ('{ category = "refund", urgency = "high" }', '{ category = "refund" }'),
        ('{ category = "refund" }', '{ secondary_category = "refund" }'),
        ('{ tags_any = ["a, b"] }', '{ tags_any = ["a", "b"] }'),
        ('{ urgency = "critical" }', '{ urgency_at_least = "high" }'),
    ],
)
def test_load_rules_rule_below_a_narrower_one_is_accepted(load: Load, above: str, below: str) -> None:
    rules = load(DEFAULTS + _rule("narrow", above) + _rule("wide", below))

    assert len(rules.rules) == 2


def test_load_rules_rule_below_one_that_continues_is_reachable(load: Load) -> None:
    adding = _rule("adds", "{}", '{ tags = "seen" }') + "continue = true\n"

    rules = load(DEFAULTS + adding + _rule("decides", "{}"))

    assert [rule.decides for rule in rules.rules] == [False, True]


def test_load_rules_many_mistakes_are_told_at_once_in_file_order(load: Load) -> None:
    text = (
        '[defaults]\nqueue = "triage"\nprioritty = "normal"\n'
        + _rule("a", '{ category = "biling", urgency = "now" }', '{ sla_minutes = "5" }')
        + _rule("a", "{ }")
        + "extra = 1\n"
    )

    problems = _problems(load, text)

    assert [problem.partition(":")[0] for problem in problems] == ["1", "3", "6", "6", "7", "9", "12"]


def test_load_rules_missing_file_is_a_rule_error(tmp_path: Path, vocabulary: RuleVocabulary) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: the rules file cannot be read: No such file"):
        load_rules(tmp_path / "none.toml", vocabulary)


def test_load_rules_file_in_another_encoding_names_the_line(tmp_path: Path, vocabulary: RuleVocabulary) -> None:
    file = tmp_path / "rules.toml"
    file.write_bytes(DEFAULTS.encode() + "# Prüfen\n".encode("latin-1"))

    with pytest.raises(RuleError, match=r"rules\.toml:5: this is not UTF-8"):
        load_rules(file, vocabulary)


_VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["billing", "high", "5 EUR"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(key=st.sampled_from(sorted(CONDITIONS)), value=_VALUES)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_condition_any_toml_value_is_accepted_or_refused_in_one_printable_line(
    key: str, value: object, vocabulary: RuleVocabulary
) -> None:
    try:
        told = CONDITIONS[key](key, value, vocabulary).wanted
    except RuleValueError as error:
        told = str(error)

    assert told
    assert told.isprintable()
