"""Backups: the whole installation in one file, proved by restoring it, restored in one step.

`make` writes one beside a running server, `check` proves it in a scratch database, `restore` puts
it into a home; `state` says how old the newest is. See docs/subsystems/backup.md.
"""
