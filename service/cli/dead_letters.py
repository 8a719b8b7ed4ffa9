"""In: `deskroute dead-letters list`, `show` and `replay`. Out: what was refused and why, and another try for it.

Exits 0 on success, 1 where a letter is still invalid under the policy `stop`, an id is unknown or a neighbour is away,
and 2 where the usage or a setting is wrong. Prints no message's text, but for `show --value`.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from service.cli import letter_views as views
from service.cli.consoles import open_console
from service.cli.errors import errors_reported
from service.clocks import Clocks, utc_now
from service.corrections import try_decode_correction
from service.errors import ConfigurationError, Reason, Stage
from service.logs import configure_logging
from service.replay import Action, Decode, Pace, Policy, Replay, ReplayPlan, Verdict, still_invalid
from service.settings import Settings, load_settings
from service.store import migrate
from service.store.engine import create_store_engine
from service.store.letters import ID_PREFIX, DeadLetterStore, LetterFilter, LetterState

dead_letters_app = typer.Typer(no_args_is_help=True, help="Look at messages that were refused, and replay them.")

_AGO = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class StateChoice(StrEnum):
    """`LetterState`, or any."""

    OPEN = "open"
    REPLAYED = "replayed"
    DROPPED = "dropped"
    ALL = "all"


def since_time(text: str, now: datetime) -> datetime:
    """`2h` before ``now``, or a time in RFC 3339; raises `typer.BadParameter` for anything else."""
    ago = _AGO.fullmatch(text)
    try:
        since = now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}) if ago else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        since = None
    if since is None or since.tzinfo is None:
        raise typer.BadParameter("write 30m, 2h or 3d, or a time with its offset such as 2026-03-03T12:00:00Z")
    return since


def _since(text: str) -> datetime:
    return since_time(text, utc_now())


def _id_prefix(text: str) -> str:
    if not ID_PREFIX.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is no id: write it, or its beginning, as `list` shows it")
    return text


IdArgument = Annotated[str, typer.Argument(metavar="ID", parser=_id_prefix, help="Id, or its beginning.")]
IdsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="ID", parser=_id_prefix, help="Ids, or their beginnings.")
]
ReasonOption = Annotated[Reason | None, typer.Option(help="Only letters refused for this reason.")]
StageOption = Annotated[Stage | None, typer.Option(help="Only letters refused at this stage.")]
TopicOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only letters that came on this topic.")]
SinceOption = Annotated[
    datetime | None,
    typer.Option(metavar="TIME", parser=_since, help="Only letters refused since: 30m, 2h, 3d, or an RFC 3339 time."),
]
StateOption = Annotated[StateChoice, typer.Option(help="Only letters in this state.")]


@dead_letters_app.command("list")
def list_letters(  # noqa: PLR0913  a parameter an option
    reason: ReasonOption = None,
    stage: StageOption = None,
    topic: TopicOption = None,
    since: SinceOption = None,
    state: StateOption = StateChoice.OPEN,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List dead letters, newest first: id, reason, stage, where it came from, when, state and what was wrong."""
    with errors_reported(), _open_letters(load_settings()) as letters:
        found, total = letters.list(LetterFilter(reason, stage, topic, since, views.state_named(state)), limit)
        more = f"… and {total - len(found)} more (raise --limit, or filter)" if total > len(found) else ""
        if as_json:
            for letter in found:
                typer.echo(views.letter_json(letter))
            if more:
                typer.echo(more, err=True)
            return
        if found:
            open_console().print(views.letters_table(found))
        typer.echo(more or f"{total} dead letters")


@dead_letters_app.command("show")
def show_letter(
    letter_id: IdArgument,
    value: Annotated[
        bool, typer.Option("--value", help="Write the message's bytes to stdout, and nothing else.")
    ] = False,
) -> None:
    """Show one dead letter: why, from where, key, headers, and size and sha256 of the message."""
    with errors_reported():
        settings = load_settings()
        with _open_letters(settings) as letters:
            letter = letters.get(letters.resolve(letter_id))
        if not value:
            typer.echo(views.describe_letter(letter, still_invalid(letter, _decoders(settings))))
        elif letter.value:
            stdout = typer.get_binary_stream("stdout")
            stdout.write(letter.value)
            stdout.flush()


@dead_letters_app.command("replay")
def replay_letters(  # noqa: PLR0913  a parameter an option
    ids: IdsArgument = None,
    reason: ReasonOption = None,
    stage: StageOption = None,
    topic: TopicOption = None,
    since: SinceOption = None,
    state: StateOption = StateChoice.OPEN,
    every: Annotated[bool, typer.Option("--all", help="Needed where neither ids nor filters are given.")] = False,
    policy: Annotated[
        Policy,
        typer.Option(help="What to do at a letter that is still invalid: end there, leave it open, or close it."),
    ] = Policy.STOP,
    max_letters: Annotated[int, typer.Option("--max", min=1, help="Replay and drop at most so many.")] = 1_000,
    rate: Annotated[float, typer.Option(min=0.01, max=1e6, metavar="PER_SECOND", help="Send at most so fast.")] = 100,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")] = False,
) -> None:
    """Send dead letters to their original topics again, in the order they came; those still invalid are not sent."""
    with errors_reported():
        wanted = LetterFilter(reason, stage, topic, since, views.state_named(state))
        _require_choice(ids or [], wanted, every)
        settings = load_settings()
        configure_logging("CRITICAL", settings.log_format)  # kafka-python's warnings: the one error line says it all
        plan = ReplayPlan(policy, max_letters, wanted.state, dry_run, _decoders(settings))
        from service.broker.outbox import ReplayOutbox

        clocks = Clocks()
        with _open_letters(settings) as letters, closing(ReplayOutbox(settings, clocks.monotonic)) as outbox:
            chosen = _chosen(letters, ids, wanted.state) if ids else letters.iterate_ids(wanted)
            replay = Replay(letters, outbox, plan, Pace(rate, clocks.monotonic, time.sleep), clocks.utc)
            stopped_at = _run(replay, chosen, plan)
    if stopped_at is not None and stopped_at.error is not None:
        what = views.describe_error(stopped_at.error)
        typer.echo(f"error: stopped at letter {stopped_at.letter.short_id}, which is still invalid: {what}", err=True)
        raise typer.Exit(1)


def _run(replay: Replay, ids: Iterable[UUID], plan: ReplayPlan) -> Verdict | None:
    """Replay, and say at the end what was done, also where an error ends it; the verdict that it stopped at, if any."""
    tally: Counter[Action] = Counter()
    try:
        for verdict in replay.run(ids):
            tally[verdict.action] += 1
            if plan.dry_run:
                typer.echo(views.describe_verdict(verdict))
            if verdict.action is Action.STOP:
                return verdict
        if tally[Action.REPLAY] + tally[Action.DROP] >= plan.max_letters:
            typer.echo(f"--max {plan.max_letters} is reached; run it again for what is left")
        return None
    finally:
        typer.echo(views.describe_tally(tally, plan.dry_run))


def _require_choice(ids: list[str], wanted: LetterFilter, every: bool) -> None:
    filtered = wanted != LetterFilter(state=wanted.state)
    if ids and (filtered or every):
        raise ConfigurationError("give ids, or --reason, --stage, --topic, --since or --all, not both")
    if not (ids or filtered or every):
        raise ConfigurationError("which letters? Give ids, or --reason, --stage, --topic or --since, or --all")


def _chosen(letters: DeadLetterStore, prefixes: Iterable[str], state: LetterState | None) -> list[UUID]:
    """The letters of these ids, all of which must be in the wanted state, so that a slip of the hand sends nothing."""
    chosen = dict.fromkeys(map(letters.resolve, prefixes))
    for letter_id in chosen:
        about = letters.get(letter_id).about
        if state not in (None, about.state):
            raise ConfigurationError(
                f"letter {about.short_id} is {about.state}: give --state {about.state} to include it"
            )
    return list(chosen)


def _decoders(settings: Settings) -> dict[str, Decode]:
    return {settings.topic_corrections: try_decode_correction}


@contextmanager
def _open_letters(settings: Settings) -> Iterator[DeadLetterStore]:
    url = settings.database_url.get_secret_value()
    migrate.require_newest(url)
    with closing(DeadLetterStore(create_store_engine(url, application_name="deskroute-dead-letters"))) as letters:
        yield letters
