"""The service of `tamamo work` that delivers messages."""

from typing import TYPE_CHECKING

from tamamo.kernel.database import Pool
from tamamo.kernel.outgoing import Outgoing
from tamamo.kernel.settings import Settings
from tamamo.messaging.delivery import Delivery
from tamamo.messaging.mail import KeptMail, MailSender
from tamamo.messaging.model import Channel
from tamamo.messaging.push import PushSender
from tamamo.messaging.senders import NullTwin, Sender, WebhookSender

if TYPE_CHECKING:
    from tamamo.context.broker import Broker


async def run(broker: "Broker") -> None:
    """Deliver messages until cancelled."""
    async with Outgoing(broker.settings) as outgoing:
        delivery = Delivery(broker.pool, senders_of(broker.settings, outgoing, broker.pool))
        try:
            await delivery.run()
        finally:
            await delivery.close()


def senders_of(settings: Settings, outgoing: Outgoing, pool: Pool) -> dict[Channel, Sender]:
    """Return a sender for each channel; where none is connected, what says so."""
    return {
        Channel.MAIL: MailSender(settings) if settings.mail_server else KeptMail(settings),
        Channel.WEBHOOK: WebhookSender(outgoing, settings),
        Channel.WEBPUSH: PushSender(outgoing, settings, pool),
        Channel.LINE: NullTwin(),
        Channel.SMS: NullTwin(),
    }
