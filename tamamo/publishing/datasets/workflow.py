"""From a file to a public version: each step one transaction with its audit row."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from tamamo.context.broker import Broker
from tamamo.publishing.datasets import checking, describing, signing, uploading
from tamamo.publishing.datasets.metadata import Metadata
from tamamo.publishing.datasets.model import Dataset, Version
from tamamo.registers.model import Visitor

if TYPE_CHECKING:
    from tamamo.registers import intake


class Workflow:
    """What is done with datasets, by whom; every method says what it refuses."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def create(self, visitor: Visitor, identifier: str, metadata: Metadata) -> Dataset:
        """Make a dataset without any version. Raises Forbidden, DatasetRefused."""
        return await describing.create(self._broker, visitor, identifier, metadata)

    async def describe(self, visitor: Visitor, identifier: str, metadata: Metadata) -> Dataset:
        """Change what is said of a dataset. Raises Forbidden, DatasetRefused."""
        return await describing.describe(self._broker, visitor, identifier, metadata)

    async def begin(
        self,
        visitor: Visitor,
        identifier: str,
        path: Path,
        filename: str,
        *,
        choice: "intake.Choice | None" = None,
    ) -> Version:
        """Keep a file as the next version, with the mapping of the last one, else the guessed one.

        Raises Forbidden, DatasetRefused (the file is not taken), DatasetConflict open_version.
        """
        return await uploading.begin(
            self._broker, visitor, identifier, path, filename=filename, choice=choice
        )

    async def take(self, visitor: Visitor, identifier: str, path: Path, filename: str) -> Version:
        """Bring next month's file as far as it goes by itself.

        Where it fits the mapping of the last published version, it comes back checked (or with a
        job that checks it), and a second person need only sign. Where it does not, it comes back
        `new`, and `differences` says what has changed. Raises what begin, settle and check do.
        """
        begun = await self.begin(visitor, identifier, path, filename)
        recipe = await uploading.fitting(self._broker, visitor, begun)
        if recipe is None:
            return begun
        await self.settle(visitor, identifier, begun.number, recipe)
        return await self.check(visitor, identifier, begun.number)

    async def profile(
        self,
        visitor: Visitor,
        identifier: str,
        number: int,
        choice: "intake.Choice | None" = None,
    ) -> "intake.Profile":
        """Return what a version's file looks like. Raises IntakeRefused."""
        return await uploading.profile(self._broker, visitor, identifier, number, choice)

    async def differences(
        self, visitor: Visitor, identifier: str, number: int
    ) -> "list[intake.Difference]":
        """Return how a version's file differs from the mapping of the last published version."""
        return await uploading.differences(self._broker, visitor, identifier, number)

    def original(self, visitor: Visitor, identifier: str, number: int) -> AsyncIterator[bytes]:
        """Yield a version's file as it came. Raises Forbidden."""
        return uploading.handed_out(self._broker, visitor, identifier, number, "original")

    def rejects(self, visitor: Visitor, identifier: str, number: int) -> AsyncIterator[bytes]:
        """Yield the workbook of the rows that were not taken; nothing where there are none."""
        return uploading.handed_out(self._broker, visitor, identifier, number, "rejects")

    async def settle(
        self, visitor: Visitor, identifier: str, number: int, recipe: "intake.Recipe"
    ) -> Version:
        """Keep how a file is read. Raises Forbidden, DatasetRefused, DatasetConflict."""
        return await checking.settle(self._broker, visitor, identifier, number, recipe)

    async def check(self, visitor: Visitor, identifier: str, number: int) -> Version:
        """Read the whole file, keep its rows as a draft, and report.

        Of a large file a job does it: then the version comes back as `checking`. What cannot be
        published comes back as `failed` with the reason. Raises Forbidden, DatasetConflict.
        """
        return await checking.check(self._broker, visitor, identifier, number)

    async def submit(
        self,
        visitor: Visitor,
        identifier: str,
        number: int,
        *,
        note: str = "",
        accept_loss: bool = False,
    ) -> Version:
        """Ask a second person to sign. Raises Forbidden, DatasetConflict, DatasetRefused lost_rows.

        accept_loss: that more than half of the rows the public sees would be gone is meant so.
        """
        return await signing.submit(
            self._broker, visitor, identifier, number, said=note, accept_loss=accept_loss
        )

    async def take_back(self, visitor: Visitor, identifier: str, number: int) -> Version:
        """Undo asking. Raises Forbidden, DatasetConflict."""
        return await signing.take_back(self._broker, visitor, identifier, number)

    async def approve(
        self,
        visitor: Visitor,
        identifier: str,
        number: int,
        *,
        seen_privacy: bool = False,
        privacy_note: str = "",
        as_seen: str | None = None,
    ) -> Version:
        """Sign as a second person: from then on the public sees it.

        as_seen: the `mark` of what that person read; pages give it. Raises Forbidden,
        DatasetConflict (own_work, stale, changed), DatasetRefused not_seen.
        """
        return await signing.approve(
            self._broker,
            visitor,
            identifier,
            number,
            seen_privacy=seen_privacy,
            privacy_note=privacy_note,
            as_seen=as_seen,
        )

    @staticmethod
    def mark(dataset: Dataset, version: Version) -> str:
        """Return what changes with anything that an approver reads of a version."""
        return signing.mark_of(dataset, version)

    async def decline(self, visitor: Visitor, identifier: str, number: int, reason: str) -> Version:
        """Send a version back for good, with the reason. Raises Forbidden, DatasetConflict."""
        return await signing.decline(self._broker, visitor, identifier, number, reason)

    async def discard(self, visitor: Visitor, identifier: str, number: int) -> Version:
        """Put an open version aside. Raises Forbidden, DatasetConflict."""
        return await signing.discard(self._broker, visitor, identifier, number)

    async def unpublish(self, visitor: Visitor, identifier: str, reason: str) -> Dataset:
        """Take a dataset from the public, at once. Raises Forbidden, DatasetConflict."""
        return await signing.unpublish(self._broker, visitor, identifier, reason)

    async def roll_back(
        self, visitor: Visitor, identifier: str, version: int | None = None, *, note: str = ""
    ) -> Dataset:
        """Show a version that was public before, also of a dataset that was taken away.

        version: None for a live dataset. Raises Forbidden, UnknownVersion, DatasetConflict.
        """
        return await signing.roll_back(self._broker, visitor, identifier, version, note)
