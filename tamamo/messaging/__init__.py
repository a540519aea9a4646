"""Messages to people by mail, webhook, Web Push, LINE and SMS (docs/subsystems/messaging.md).

Written in the transaction of the act that sends them, delivered at least once by `tamamo work`.
"""

from tamamo.messaging import push
from tamamo.messaging.model import Channel, InvalidMessage, Message, Sent, State
from tamamo.messaging.service import about, cancel, counts, mark, send, set_sender

__all__ = [
    "Channel",
    "InvalidMessage",
    "Message",
    "Sent",
    "State",
    "about",
    "cancel",
    "counts",
    "mark",
    "push",
    "send",
    "set_sender",
]
