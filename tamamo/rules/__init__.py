"""Rules: when what is true of which entities, then an alert. See docs/subsystems/rules.md."""

from tamamo.rules.acts import acknowledge, silence, unsilence
from tamamo.rules.alert import Alert, alert_id
from tamamo.rules.book import Silence
from tamamo.rules.book import open_silences as silences
from tamamo.rules.check import faults_of, parse, schema
from tamamo.rules.editing import (
    RuleEntry,
    RuleVersion,
    copy,
    entry,
    listing,
    remove,
    save,
    switch,
    versions,
)
from tamamo.rules.errors import (
    AlertNotOpen,
    Fault,
    NoSuchAlert,
    NoSuchRule,
    RuleChanged,
    RuleInvalid,
)
from tamamo.rules.evaluator import evaluate, tick
from tamamo.rules.events import AlertEvent, events_after, events_of, heads
from tamamo.rules.listing import Spell, alerts, episodes
from tamamo.rules.listing import alert_of as alert_of
from tamamo.rules.preview import Preview, preview
from tamamo.rules.rule import Rule
from tamamo.rules.simulation import Episode
from tamamo.rules.state import Reading, State, Transition

__all__ = [
    "Alert", "AlertEvent", "AlertNotOpen", "Episode", "Fault", "NoSuchAlert", "NoSuchRule",
    "Preview", "Reading", "Rule", "RuleChanged", "RuleEntry", "RuleInvalid", "RuleVersion",
    "Silence", "Spell", "State", "Transition", "acknowledge", "alert_id", "alert_of", "alerts",
    "copy", "entry", "episodes", "evaluate", "events_after", "events_of", "faults_of", "heads",
    "listing", "parse", "preview", "remove", "save", "schema", "silence", "silences", "switch",
    "tick", "unsilence", "versions",
]  # fmt: skip
