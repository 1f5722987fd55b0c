"""One saved state of a schedule, by itself."""

import dataclasses
from datetime import datetime

import pytest

from schedules.revisions import DamagedRevisionError, Revision, document_of
from tests.store.saving import MakeSchedule


class TestRevisionValues:
    """A revision knows whether it is what was saved."""

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"document": "{}"}, id="document"),
            pytest.param({"schedule_id": "ander"}, id="rows-of-two-schedules-swapped"),
            pytest.param({"revision": 2}, id="rows-of-two-revisions-swapped"),
            pytest.param({"author": "piet"}, id="author"),
            pytest.param({"summary": "iets anders"}, id="summary"),
            pytest.param({"sha256": "0" * 64}, id="checksum"),
            pytest.param({"document": ""}, id="looks-deleted"),
        ],
    )
    def test_altered_revision_is_not_intact(
        self, make_schedule: MakeSchedule, saved_at: datetime, changes: dict[str, object]
    ) -> None:
        """Any altered field shows, and the schedule isn't given out."""
        document = document_of(make_schedule())
        revision = Revision("hoofdkantoor", 1, document, "", "jan", saved_at, "eerste").sealed()
        altered = dataclasses.replace(revision, **changes)  # type: ignore[arg-type]
        assert revision.is_intact
        assert not altered.is_intact
        assert not altered.is_deletion
        with pytest.raises(DamagedRevisionError, match=r"revision \d.*roll back"):
            altered.schedule()

    def test_unreadable_document_names_revision_and_remedy(self, saved_at: datetime) -> None:
        """An intact text that is no schedule for this version is told as such."""
        revision = Revision("a", 4, '{"id": "a"}', "", "jan", saved_at, "").sealed()
        with pytest.raises(DamagedRevisionError, match=r"schedule a, revision 4.*roll back"):
            revision.schedule()
