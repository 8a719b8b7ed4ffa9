"""In: a rules file (TOML) and the labels a rule may name. Out: a `RuleSet`, checked and ready to route.

Raises `RuleError` with one line for each thing wrong in the file: ``file:LINE: what is wrong; what to write instead``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from service.errors import RuleError
from service.routing.actions import ACTION_KEYS, Action, Defaults, read_action, read_defaults
from service.routing.condition import Condition
from service.routing.conditions import CONDITIONS
from service.routing.facts import RuleVocabulary
from service.routing.positions import TomlPath, find_lines
from service.routing.problems import Problems
from service.routing.values import RuleValueError, read_flag, read_text, suggest

DEFAULT_RULES_FILE: Final = Path(__file__).with_name("default_rules.toml")
DEFAULTS_NAME: Final = "defaults"

_RULE_KEYS: Final = ("name", "when", "then", "continue")
_SYNTAX_LINE = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)")


@dataclass(frozen=True, slots=True)
class Rule:
    """Where all conditions hold, the action applies, and decides unless it only adds to what a later rule decides."""

    name: str
    line: int
    conditions: tuple[Condition, ...]
    action: Action
    decides: bool

    def covers(self, later: Rule) -> bool:
        """Whether this rule decides every ticket that ``later`` would match."""
        return self.decides and all(any(mine.covers(its) for its in later.conditions) for mine in self.conditions)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one file in their order, and what applies where none decides."""

    file: Path
    defaults: Defaults
    rules: tuple[Rule, ...]


def load_rules(path: Path, vocabulary: RuleVocabulary) -> RuleSet:
    """Read and check a rules file; every error of the file is reported at once."""
    text = _read(path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(_syntax_problem(path, text, str(error))) from error
    problems = Problems(path, find_lines(text))
    problems.check_keys(document, (), ("defaults", "rule"))
    defaults = read_defaults(document.get("defaults"), problems)
    rules = _read_rules(document.get("rule", []), vocabulary, defaults, problems)
    problems.raise_if_any()
    return RuleSet(path, defaults, tuple(rules))


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RuleError(f"{path}: the rules file cannot be read: {error.strerror or error}") from error
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise RuleError(f"{path}:{line}: this is not UTF-8; save the file with the encoding UTF-8") from error


def _syntax_problem(path: Path, text: str, message: str) -> str:
    match = _SYNTAX_LINE.search(message)
    line = match[1] if match and match[1] else text.rstrip().count("\n") + 1
    return f"{path}:{line}: this is not TOML: {message}"


def _read_rules(raw: object, vocabulary: RuleVocabulary, defaults: Defaults, problems: Problems) -> list[Rule]:
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        problems.add(("rule",), "rules are a list; write [[rule]] with two brackets above each one")
        return []
    rules: list[Rule] = []
    names: dict[str, int] = {}
    for index, table in enumerate(raw):
        path: TomlPath = ("rule", index)
        line = problems.line(path)
        name = _read_name(table, path, problems)
        if name in names:
            problems.add(
                (*path, "name"), f'the name "{name}" is taken by the rule in line {names[name]}; write another'
            )
        names.setdefault(name, line)
        rule = _read_rule(name, table, path, vocabulary, defaults, problems)
        if rule is None:
            continue
        above = next((earlier for earlier in rules if earlier.covers(rule)), None)
        if above:
            what = f'the rule "{above.name}" in line {above.line} already decides every ticket that this one matches'
            problems.add(path, f'rule "{name}" can never decide: {what}; move this rule above it, or delete it')
        rules.append(rule)
    return rules


def _read_name(table: Mapping[str, Any], path: TomlPath, problems: Problems) -> str:
    if "name" not in table:
        problems.add(path, 'the rule has no name; write name = "what_it_is_for"')
        return f"rule {path[-1]}"
    name = problems.read(table, path, "name", read_text)
    if name == DEFAULTS_NAME:
        problems.add((*path, "name"), f'"{DEFAULTS_NAME}" stands for the defaults in results; write another name')
    return name or f"rule {path[-1]}"


def _read_rule(
    name: str,
    table: Mapping[str, Any],
    path: TomlPath,
    vocabulary: RuleVocabulary,
    defaults: Defaults,
    problems: Problems,
) -> Rule | None:
    """None where the rule has an error, which was then reported."""
    before = problems.count
    problems.check_keys(table, path, _RULE_KEYS)
    only_adds = problems.read(table, path, "continue", read_flag) or False
    conditions = _read_conditions(table.get("when", {}), (*path, "when"), vocabulary, problems)
    if "then" not in table:
        problems.add(
            path, f'rule "{name}" does nothing; write then = {{ queue = "…" }}, or any of {", ".join(ACTION_KEYS)}'
        )
        return None
    action = read_action(table["then"], (*path, "then"), defaults, only_adds, problems)
    if action is None or problems.count > before:
        return None
    return Rule(name, problems.line(path), conditions, action, decides=not only_adds)


def _read_conditions(
    raw: object, path: TomlPath, vocabulary: RuleVocabulary, problems: Problems
) -> tuple[Condition, ...]:
    if not isinstance(raw, dict):
        problems.add(path, 'conditions stand in braces; write when = { category = "…" }')
        return ()
    conditions = []
    for key, value in raw.items():
        build = CONDITIONS.get(key)
        if build is None:
            problems.add((*path, key), f'there is no condition "{key}"{suggest(key, CONDITIONS)}')
            continue
        try:
            conditions.append(build(key, value, vocabulary))
        except RuleValueError as error:
            problems.add((*path, key), f"{key}: {error}")
    return tuple(conditions)
