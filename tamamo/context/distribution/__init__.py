"""Distributed operations (clause 4.3.6): what is asked of other context sources; see docs."""

from tamamo.context.distribution.activity import Activity
from tamamo.context.distribution.caller import Caller
from tamamo.context.distribution.choice import Choice, Part, any_type, choose
from tamamo.context.distribution.client import Client, Failure, Reply, Request, segment, together
from tamamo.context.distribution.directory import Directory
from tamamo.context.distribution.problems import gateway_problem
from tamamo.context.distribution.service import Distribution
from tamamo.context.distribution.source import Info, Source
from tamamo.context.distribution.warnings import WARNING_HEADER, Warnings

__all__ = [
    "WARNING_HEADER",
    "Activity",
    "Caller",
    "Choice",
    "Client",
    "Directory",
    "Distribution",
    "Failure",
    "Info",
    "Part",
    "Reply",
    "Request",
    "Source",
    "Warnings",
    "any_type",
    "choose",
    "gateway_problem",
    "segment",
    "together",
]
