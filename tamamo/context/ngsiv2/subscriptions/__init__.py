"""Subscriptions of NGSIv2 over the broker's one store of subscriptions and its one outbox."""
