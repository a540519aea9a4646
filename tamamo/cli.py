"""The `tamamo` command. Verbs are imported when called, so that `tamamo --help` stays instant."""

import importlib
import sys

import click

from tamamo import __version__
from tamamo.kernel.errors import Problem, SetupError

#: verb → where its click command stands.
VERBS = {
    "serve": "tamamo.server.commands:serve",
    "work": "tamamo.server.commands:work",
    "web": "tamamo.server.commands:web",
    "migrate": "tamamo.server.commands:migrate",
    "doctor": "tamamo.server.commands:doctor",
    "demo": "tamamo.simulator.commands:demo",
    "simulate": "tamamo.simulator.commands:simulate",
    "play": "tamamo.simulator.commands:play",
    "import": "tamamo.feeds.commands:import_file",
    "replay": "tamamo.feeds.jma.commands:replay",
    "feeds": "tamamo.feeds.commands:feeds",
    "drill": "tamamo.drills.commands:drill",
    "mqtt": "tamamo.feeds.mqtt.commands:mqtt",
    "devices": "tamamo.feeds.units.commands:devices",
    "notifications": "tamamo.context.notifications.commands:notifications",
    "calls": "tamamo.calling.commands:calls",
    "jobs": "tamamo.kernel.jobs.commands:jobs",
    "rules": "tamamo.rules.commands:rules",
    "retention": "tamamo.context.temporal.commands:retention",
    "tenant": "tamamo.context.towns.tenants:tenant",
    "agreement": "tamamo.context.towns.agreements:agreement",
    "plan": "tamamo.plan.report.commands:plan",
    "project": "tamamo.plan.commands:project",
    "register": "tamamo.registers.commands:register",
    "backup": "tamamo.kernel.backup.commands:backup",
    "restore": "tamamo.kernel.backup.commands:restore",
    "audit": "tamamo.kernel.audit.commands:audit",
    "user": "tamamo.server.identity.commands:user",
    "key": "tamamo.server.identity.commands:key",
    "org": "tamamo.server.identity.commands:org",
    "warnings": "tamamo.publishing.warnings.commands:warnings",
    "opendata": "tamamo.publishing.commands:opendata",
    "basemap": "tamamo.web.commands:basemap",
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, _, attribute = VERBS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def tamamo() -> None:
    """A city's shared data platform and the services on it."""


def main() -> None:
    """Run the command line; an error of set-up or input is one clear sentence and exit code 1."""
    try:
        tamamo()
    except SetupError as error:
        click.echo(f"tamamo: {error}", err=True)
        sys.exit(1)
    except Problem as error:
        click.echo(f"tamamo: {error.title}: {error.detail}", err=True)
        sys.exit(1)
