"""The audit log: who did what, append-only, a chain of hashes for each tenant.

Writers use `append`, `append_many`, `append_sync` and `personal_read` in the transaction of the
act; readers `tamamo.kernel.audit.listing`; `tamamo.kernel.audit.chain` proves it.
"""

from tamamo.kernel.audit.event import Event, append, append_many, append_sync, personal_read

__all__ = ["Event", "append", "append_many", "append_sync", "personal_read"]
