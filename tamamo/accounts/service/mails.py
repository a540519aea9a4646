"""Mail that operators have sent. Needs Django (the pages' process)."""

from asgiref.sync import sync_to_async


async def invite(user_id: int) -> None:
    """Send somebody the link with which a first, or a new, password is chosen.

    The link works once, for two hours. Raises User.DoesNotExist.
    """
    await sync_to_async(_invite)(user_id)


def _invite(user_id: int) -> None:
    from allauth.account.adapter import get_adapter  # noqa: PLC0415 - heavy, seldom needed
    from allauth.account.forms import default_token_generator  # noqa: PLC0415
    from allauth.account.utils import user_pk_to_url_str  # noqa: PLC0415
    from django.utils.translation import override  # noqa: PLC0415

    from tamamo.accounts.models import User  # noqa: PLC0415

    user = User.objects.get(pk=user_id)
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    with override(user.language):
        adapter = get_adapter()
        link = adapter.get_reset_password_from_key_url(key)
        context = {"user": user, "email": user.email, "password_reset_url": link}
        adapter.send_mail("account/email/invitation", user.email, context)
