"""Subscriptions to context source registrations (clause 5.11); see docs/subsystems."""
